#include "lab/smtp_text.h"

#include "core/text.h"

namespace hermetic::lab {
namespace {

// The position after the '>' that closes the path at 0; npos: it is not closed. A '>' inside a
// quoted local part does not count (RFC 5321 §4.1.2).
std::size_t end_of_path(std::string_view text)
{
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == '>' && !quoted) {
            return i + 1;
        }
    }
    return std::string_view::npos;
}

}  // namespace

CommandLine split_command(std::string_view line)
{
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return {to_upper(line), {}};
    return {to_upper(line.substr(0, blank)), std::string{line.substr(blank + 1)}};
}

std::optional<PathArgument> parse_path(std::string_view argument, std::string_view keyword)
{
    if (!istarts_with(argument, keyword)) return std::nullopt;
    argument.remove_prefix(keyword.size());
    if (!argument.starts_with(":<")) return std::nullopt;
    argument.remove_prefix(1);
    const auto end = end_of_path(argument);
    if (end == std::string_view::npos) return std::nullopt;

    PathArgument parsed;
    parsed.path = std::string{argument.substr(0, end)};
    argument.remove_prefix(end);
    if (argument.empty()) return parsed;
    if (argument[0] != ' ') return std::nullopt;
    parsed.parameters = std::string{argument.substr(1)};
    for (const auto part : split(parsed.parameters, ' ')) {
        const auto equals = part.find('=');
        if (part.empty() || equals == 0) return std::nullopt;
        parsed.keywords.push_back(to_upper(part.substr(0, equals)));
        parsed.values.emplace_back(equals == std::string_view::npos ? std::string_view{}
                                                                    : part.substr(equals + 1));
    }
    return parsed;
}

std::string_view local_part(std::string_view path)
{
    const auto at = path.rfind('@');
    if (path.empty() || at == std::string_view::npos) return {};
    return path.substr(1, at - 1);
}

}  // namespace hermetic::lab
