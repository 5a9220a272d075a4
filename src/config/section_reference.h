// What a reference says of a section of a file: its options, from their declarations.
#pragma once

#include <string>
#include <vector>

namespace hermetic::config {

struct SectionReference {
    struct Row {
        std::string key;
        std::string type;
        std::string standard;  // its default, as it stands in a file; empty: none
        std::string text;
    };
    std::string title;  // "[[listener]]"
    std::vector<Row> rows;
};

// As Markdown: a heading and a table each.
[[nodiscard]] std::string format_sections(const std::vector<SectionReference>& sections);

}  // namespace hermetic::config
