// Mail addresses as envelopes carry them.
//
// Pure. RFC 5321 §4.1.2 and §4.1.3, RFC 6531 §3.3.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "mail/domain.h"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hermetic::mail {

// local-part@domain, or local-part@[address literal]. The local part is kept as it was written
// (quotes included, case kept): only its final host may interpret it (RFC 5321 §2.3.11).
struct Mailbox {
    std::string local;
    std::variant<Domain, IpAddress> host;

    [[nodiscard]] const Domain* domain() const { return std::get_if<Domain>(&host); }
    [[nodiscard]] const IpAddress* literal() const { return std::get_if<IpAddress>(&host); }
    // "user@example.org", "user@[192.0.2.1]", "user@[IPv6:2001:db8::1]"
    [[nodiscard]] std::string format() const;
    [[nodiscard]] bool needs_smtputf8() const;  // the local part is not ASCII
    [[nodiscard]] std::string canonical_local() const;
    auto operator<=>(const Mailbox&) const = default;
};

// nullopt is the null reverse-path "<>".
using ReversePath = std::optional<Mailbox>;

enum class AddressError {
    Empty,
    NoAtSign,
    BadLocalPart,   // neither a dot-string nor a quoted-string
    LocalPartLong,  // over 128 octets
    BadDomain,
    BadLiteral,
    PathLong,  // over 254 octets
    NotAscii,  // UTF-8 without SMTPUTF8
    BadUtf8,
};

[[nodiscard]] std::string_view describe(AddressError error);  // one sentence: what is expected

enum class AllowUtf8 { No, Yes };

// "user@example.org" without angle brackets. "postmaster" without a domain is the caller's
// business.
[[nodiscard]] Result<Mailbox, AddressError> parse_mailbox(std::string_view text,
                                                          AllowUtf8 allow_utf8 = AllowUtf8::Yes);

// "[192.0.2.1]" or "[IPv6:2001:db8::1]", brackets included (RFC 5321 §4.1.3). General address
// literals are refused: none is registered.
[[nodiscard]] std::optional<IpAddress> parse_address_literal(std::string_view text);
[[nodiscard]] std::string format_address_literal(const IpAddress& address);

// A dot-string or a quoted string, of any length.
[[nodiscard]] bool is_local_part(std::string_view text);

// A local part in the form without needless quotes and backslashes, which is the same one: `"joe"`
// and `"j\oe"` are `joe` (RFC 5321 §4.1.2).
[[nodiscard]] std::string canonical_local_part(std::string_view local);

// "<>" for the null reverse-path.
[[nodiscard]] std::string format_path(const ReversePath& path);

}  // namespace hermetic::mail
