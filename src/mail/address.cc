#include "mail/address.h"

#include "core/assert.h"
#include "core/text.h"

namespace hermetic::mail {
namespace {

// RFC 5321 §4.5.3.1.1 says 64, and §4.5.3.1 to impose no limit where that can be helped: senders
// that write the recipient into the reverse-path (VERP, SRS) go beyond it.
constexpr std::size_t kMaxLocal = 128;
constexpr std::size_t kMaxMailbox = 254;  // §4.5.3.1.3: 256 with the angle brackets
constexpr std::string_view kIpv6Tag = "IPv6:";

bool is_non_ascii(char c)
{
    return (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool is_atext(char c)  // RFC 5322 §3.2.3, with UTF8-non-ascii of RFC 6531 §3.3
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return is_non_ascii(c) ||
           std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view local)
{
    bool in_atom = false;
    for (const char c : local) {
        if (c == '.') {
            if (!in_atom) return false;
            in_atom = false;
        } else if (is_atext(c)) {
            in_atom = true;
        } else {
            return false;
        }
    }
    return in_atom;
}

bool is_quoted_string(std::string_view local)  // RFC 5321 §4.1.2 Quoted-string
{
    if (local.size() < 2 || local.front() != '"' || local.back() != '"') return false;
    local = local.substr(1, local.size() - 2);
    for (std::size_t i = 0; i < local.size(); ++i) {
        const char c = local[i];
        if (is_non_ascii(c)) continue;
        if (c < ' ' || c > '~' || c == '"') return false;
        if (c != '\\') continue;
        if (++i == local.size() || local[i] < ' ' || local[i] > '~') return false;
    }
    return true;
}

// Where the local part ends: at the first "@" outside quotes.
std::size_t find_at_sign(std::string_view text)
{
    if (text.empty() || text[0] != '"') return text.find('@');
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1 < text.size() && text[i + 1] == '@' ? i + 1 : std::string_view::npos;
        }
    }
    return std::string_view::npos;
}

}  // namespace

std::optional<IpAddress> parse_address_literal(std::string_view text)
{
    if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
    text = text.substr(1, text.size() - 2);
    const bool tagged = istarts_with(text, kIpv6Tag);
    if (tagged) text.remove_prefix(kIpv6Tag.size());
    // A tag says that IPv6 follows, also where the address is a mapped one.
    if (tagged != (text.find(':') != std::string_view::npos)) return std::nullopt;
    return IpAddress::parse(text);
}

std::string format_address_literal(const IpAddress& address)
{
    return address.is_v6() ? "[IPv6:" + address.format() + "]" : "[" + address.format() + "]";
}

std::string Mailbox::format() const
{
    const Domain* name = domain();
    std::string text;
    text.reserve(local.size() + 1 + (name != nullptr ? name->text().size() : 0));
    text.append(local).append(1, '@');
    if (name != nullptr) return text += name->text();
    return text += format_address_literal(*literal());
}

bool Mailbox::needs_smtputf8() const
{
    return !is_ascii(local);
}

std::string Mailbox::canonical_local() const
{
    return canonical_local_part(local);
}

bool is_local_part(std::string_view text)
{
    return is_dot_string(text) || is_quoted_string(text);
}

std::string canonical_local_part(std::string_view local)
{
    if (local.size() < 2 || local.front() != '"' || local.back() != '"') return std::string{local};
    std::string plain;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        if (local[i] == '\\' && i + 2 < local.size()) ++i;
        plain += local[i];
    }
    if (is_dot_string(plain)) return plain;
    std::string quoted = "\"";
    for (const char c : plain) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

Result<Mailbox, AddressError> parse_mailbox(std::string_view text, AllowUtf8 allow_utf8)
{
    if (text.empty()) return failure(AddressError::Empty);
    if (text.size() > kMaxMailbox) return failure(AddressError::PathLong);
    if (!is_ascii(text)) {
        if (!is_valid_utf8(text)) return failure(AddressError::BadUtf8);
        if (allow_utf8 == AllowUtf8::No) return failure(AddressError::NotAscii);
    }
    const std::size_t at = find_at_sign(text);
    if (at == std::string_view::npos) {
        return failure(text[0] == '"' ? AddressError::BadLocalPart : AddressError::NoAtSign);
    }
    const std::string_view local = text.substr(0, at);
    const std::string_view host = text.substr(at + 1);
    if (local.size() > kMaxLocal) return failure(AddressError::LocalPartLong);
    if (!is_local_part(local)) return failure(AddressError::BadLocalPart);
    if (host.starts_with('[')) {
        const auto literal = parse_address_literal(host);
        if (!literal) return failure(AddressError::BadLiteral);
        return Mailbox{std::string{local}, *literal};
    }
    auto domain = Domain::parse(host);
    if (!domain) return failure(AddressError::BadDomain);
    return Mailbox{std::string{local}, std::move(*domain)};
}

std::string format_path(const ReversePath& path)
{
    return path ? "<" + path->format() + ">" : "<>";
}

std::string_view describe(AddressError error)
{
    switch (error) {
    case AddressError::Empty:
        return "the address is empty; give local-part@domain";
    case AddressError::NoAtSign:
        return "the address has no \"@\"; give local-part@domain";
    case AddressError::BadLocalPart:
        return "the part before \"@\" is neither words joined by single dots nor a quoted string";
    case AddressError::LocalPartLong:
        return "the part before \"@\" is longer than 128 octets";
    case AddressError::BadDomain:
        return "the part after \"@\" is not a domain name";
    case AddressError::BadLiteral:
        return "the address literal is wrong; give [192.0.2.1] or [IPv6:2001:db8::1]";
    case AddressError::PathLong:
        return "the address is longer than 254 octets";
    case AddressError::NotAscii:
        return "the address is not ASCII; declare SMTPUTF8 with MAIL";
    case AddressError::BadUtf8:
        return "the address is not valid UTF-8";
    }
    unreachable("every AddressError is described above");
}

}  // namespace hermetic::mail
