// A message in a file, as far as it bears on its way: for `hermetic explain --message`.
//
// Reading the file is the only thing here that is not pure. The header is read as it is on arrival
// (mail/header_scan.h).
#pragma once

#include "core/result.h"
#include "smtp/message_needs.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::cli {

struct MessageFacts {
    std::uint64_t size = 0;  // octets
    std::uint32_t received_fields = 0;
    bool tls_required_no = false;  // RFC 8689 §3
    // Of a server, declared as its octets are, with CRLF for each line end.
    smtp::MessageNeeds needs{};
};

// From the header, up to and without its empty line; `size` and `needs` are not set.
[[nodiscard]] MessageFacts read_header(std::string_view header);

// Of a whole message with CRLF line ends.
[[nodiscard]] smtp::MessageNeeds read_needs(std::string_view message);

// The error is for people. Of the header the first MiB counts, of the text the first 256.
[[nodiscard]] Result<MessageFacts, std::string> read_message_file(const std::string& file);

}  // namespace hermetic::cli
