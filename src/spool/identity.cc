#include "spool/identity.h"

#include "core/text.h"

#include <fmt/format.h>

#include <optional>

namespace hermetic::spool {
namespace {

constexpr std::string_view kTitle = "hermetic spool ";

// The number in the line `name number`, which is taken off `rest`.
std::optional<std::uint64_t> take_line(std::string_view& rest, std::string_view name)
{
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || !rest.starts_with(name)) return std::nullopt;
    const auto number = parse_decimal<std::uint64_t>(rest.substr(name.size(), end - name.size()));
    rest.remove_prefix(end + 1);
    return number;
}

}  // namespace

std::string format_identity(const LogPoint& point)
{
    return fmt::format("{}{}\nlog {}\nsequence {}\n", kTitle, kSpoolFormat, point.log,
                       point.sequence);
}

Result<LogPoint, IdentityError> parse_identity(std::string_view text)
{
    const auto version = take_line(text, kTitle);
    if (version && *version > kSpoolFormat) return failure(IdentityError::Newer);
    const auto log = take_line(text, "log ");
    const auto sequence = take_line(text, "sequence ");
    if (!version || !log || !sequence || !text.empty()) return failure(IdentityError::Damaged);
    return LogPoint{*log, *sequence};
}

}  // namespace hermetic::spool
