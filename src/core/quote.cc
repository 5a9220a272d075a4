#include "core/quote.h"

#include "core/text.h"

#include <algorithm>

namespace hermetic {
namespace {

constexpr std::size_t kUnbounded = std::size_t{1} << 30;
constexpr std::string_view kCut = "...";

bool continues_a_letter(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;  // UTF-8
}

}  // namespace

std::string quoted(std::string_view foreign, std::size_t max)
{
    std::string out = "\"";
    for (const char c : printable(foreign, max)) {
        if (c == '"') out += '\\';
        out += c;
    }
    return out += '"';
}

std::string printable_once(std::string_view text, std::size_t max)
{
    std::string out;
    for (const std::string_view part : split(text, '\\')) {
        if (part.data() != text.data()) out += '\\';
        out += printable(part, kUnbounded);
    }
    if (out.size() <= max) return out;
    std::size_t end = max - std::min(max, kCut.size());
    while (end > 0 && continues_a_letter(out[end])) --end;
    out.resize(end);
    return out.append(kCut.substr(0, max));
}

}  // namespace hermetic
