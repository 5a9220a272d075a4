// Tables for people: columns as wide as their widest cell, numbers to the right.
//
// Pure.
#pragma once

#include <string>
#include <vector>

namespace hermetic::cli {

class Table {
public:
    enum class Align { Left, Right };
    struct Column {
        std::string title;
        Align align = Align::Left;
        std::size_t max_width = 60;  // in characters; longer cells are cut with "…"
    };

    explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}
    // As many cells as there are columns; printable text.
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string format() const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// Characters of UTF-8 text, for widths: continuation octets do not count.
[[nodiscard]] std::size_t width_of(const std::string& text);

}  // namespace hermetic::cli
