#include "admin/http.h"

#include "core/text.h"

#include <boost/json.hpp>

#include <optional>

namespace hermetic::admin {
namespace {

constexpr std::size_t kMaxTarget = 8192;

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decode(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

bool parse_query(std::string_view query, Request& request)
{
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto name = percent_decode(part.substr(0, equals));
        const auto value = percent_decode(
            equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1));
        if (!name || !value || !request.query.emplace(*name, *value).second) return false;
    }
    return true;
}

}  // namespace

Response refuse(int status, std::string_view what, std::string_view expected)
{
    boost::json::object body{{"error", what}};
    if (!expected.empty()) body["expected"] = expected;
    return {status, "application/json", boost::json::serialize(body)};
}

bool parse_target(std::string_view target, Request& request)
{
    if (target.size() > kMaxTarget || !target.starts_with('/')) return false;
    const auto mark = target.find('?');
    for (const std::string_view segment : split(target.substr(1, mark - 1), '/')) {
        auto decoded = percent_decode(segment);
        if (!decoded) return false;
        if (!decoded->empty()) request.path.push_back(std::move(*decoded));
    }
    return mark == std::string_view::npos || parse_query(target.substr(mark + 1), request);
}

}  // namespace hermetic::admin
