// Finds the end of a message's content and its X-Load-Id in the octets that a client sends, at the
// speed of memchr. Pure. RFC 5321 §4.1.1.4 (only CRLF "." CRLF ends it), RFC 3030 (BDAT).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::load {

class ContentScan {
public:
    static constexpr std::size_t kMaxHeader = 65536;  // an id beyond is not looked for

    void start();
    // Takes octets from input up to the end of data. True: the end is found, and taken too.
    [[nodiscard]] bool take_data(std::string_view& input);
    void take_chunk(std::string_view octets);  // BDAT: all of it is content

    [[nodiscard]] std::optional<std::uint64_t> id() const { return id_; }
    [[nodiscard]] std::uint64_t octets() const { return octets_; }  // without the end of data

private:
    [[nodiscard]] std::size_t find_end(std::string_view input);
    void look_for_id(std::string_view octets);
    [[nodiscard]] bool search(std::string_view header);

    unsigned matched_ = 0;  // octets of CRLF "." CRLF that the last input ended with
    std::uint64_t octets_ = 0;
    std::optional<std::uint64_t> id_;
    bool header_done_ = false;
    std::string header_;  // only when it came in more than one piece
};

}  // namespace hermetic::load
