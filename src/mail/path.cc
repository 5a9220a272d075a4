#include "mail/path.h"

#include "core/assert.h"

namespace hermetic::mail {
namespace {

// Index of the ">" that closes the path at the start of `text`; quotes hide it.
std::size_t find_closing(std::string_view text)
{
    bool quoted = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == '>' && !quoted) {
            return i;
        }
    }
    return std::string_view::npos;
}

// Removes "@a,@b:" from the front; false where it is none (RFC 5321 §4.1.2 A-d-l).
bool skip_source_route(std::string_view& inner)
{
    if (!inner.starts_with('@')) return true;
    const auto colon = inner.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view route = inner.substr(0, colon);
    inner.remove_prefix(colon + 1);
    for (;;) {
        const auto comma = route.find(',');
        const std::string_view hop = route.substr(0, comma);
        if (!hop.starts_with('@') || !Domain::parse(hop.substr(1))) return false;
        if (comma == std::string_view::npos) return true;
        route.remove_prefix(comma + 1);
    }
}

}  // namespace

Result<ParsedPath, PathFailure> parse_path(std::string_view text, AllowUtf8 allow_utf8)
{
    if (!text.starts_with('<')) return failure(PathFailure{PathError::NoBrackets, {}});
    const std::size_t closing = find_closing(text);
    if (closing == std::string_view::npos) return failure(PathFailure{PathError::NoBrackets, {}});
    ParsedPath path;
    path.length = closing + 1;
    std::string_view inner = text.substr(1, closing - 1);
    if (inner.empty()) return path;
    if (!skip_source_route(inner)) return failure(PathFailure{PathError::BadRoute, {}});
    auto mailbox = parse_mailbox(inner, allow_utf8);
    if (mailbox) {
        path.mailbox = std::move(*mailbox);
        return path;
    }
    const bool no_domain = mailbox.error() == AddressError::NoAtSign ||
                           mailbox.error() == AddressError::BadLocalPart;  // in quotes
    if (no_domain && is_local_part(inner)) {
        path.bare_name = inner;
        return path;
    }
    return failure(PathFailure{PathError::BadAddress, mailbox.error()});
}

std::string_view describe(const PathFailure& failure)
{
    switch (failure.error) {
    case PathError::NoBrackets:
        return "the address must be in angle brackets: <local-part@domain>";
    case PathError::BadRoute:
        return "the source route is wrong; leave it out: <local-part@domain>";
    case PathError::BadAddress:
        return describe(failure.address);
    }
    unreachable("every PathError is described above");
}

}  // namespace hermetic::mail
