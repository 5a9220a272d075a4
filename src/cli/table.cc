#include "cli/table.h"

#include "core/assert.h"

#include <algorithm>

namespace hermetic::cli {
namespace {

bool continues(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

std::string cut(const std::string& text, std::size_t width)
{
    if (width_of(text) <= width) return text;
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        if (!continues(text[end]) && seen++ == width - 1) break;
    }
    return text.substr(0, end) + "…";
}

}  // namespace

std::size_t width_of(const std::string& text)
{
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string Table::format() const
{
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) widths.push_back(width_of(column.title));
    for (const auto& row : rows_) {
        HERMETIC_ASSERT(row.size() == columns_.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], std::min(width_of(row[i]), columns_[i].max_width));
        }
    }
    std::string text;
    const auto line = [&](const auto& cell_of) {
        std::string built;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const std::string cell = cut(cell_of(i), widths[i]);
            const std::string padding(widths[i] - width_of(cell), ' ');
            if (i != 0) built += "  ";
            built += columns_[i].align == Align::Right ? padding + cell : cell + padding;
        }
        built.erase(built.find_last_not_of(' ') + 1);
        text += built + "\n";
    };
    line([&](std::size_t i) { return columns_[i].title; });
    for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
    return text;
}

}  // namespace hermetic::cli
