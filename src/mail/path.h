// Path: an address in angle brackets, as MAIL and RCPT carry it.
//
// Pure. RFC 5321 §4.1.2 (Reverse-path, Forward-path) and appendix C: a source route
// "@a.example,@b.example:" is accepted and ignored.
#pragma once

#include "core/result.h"
#include "mail/address.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace hermetic::mail {

enum class PathError {
    NoBrackets,  // does not begin with "<", or has no closing ">"
    BadRoute,    // a source route that is none
    BadAddress,  // `address` says how
};

struct PathFailure {
    PathError error = PathError::NoBrackets;
    AddressError address = AddressError::Empty;
    bool operator==(const PathFailure&) const = default;
};

struct ParsedPath {
    std::optional<Mailbox> mailbox;  // nullopt: "<>", or a name without a domain
    std::string_view bare_name;      // "Postmaster" of "<Postmaster>", which has no domain; with
                                     // its quotes, where it has any
    std::size_t length = 0;          // octets of the input, brackets included
};

// The path at the start of `text`. A local part without a domain comes back as bare_name: whether
// it means somebody ("postmaster", RFC 5321 §4.5.1) is the caller's business.
[[nodiscard]] Result<ParsedPath, PathFailure> parse_path(std::string_view text,
                                                         AllowUtf8 allow_utf8);

// One sentence that says what is expected.
[[nodiscard]] std::string_view describe(const PathFailure& failure);

}  // namespace hermetic::mail
