// A TOML file as a tree of plain values that know their line. Keeps toml++ out of every other file.
#pragma once

#include "config/diagnostic.h"
#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::config {

struct Member;

struct Node {
    enum class Kind : std::uint8_t { String, Integer, Float, Boolean, DateTime, List, Table };
    Kind kind = Kind::Table;
    unsigned line = 0;
    std::string string;         // String
    std::int64_t integer = 0;   // Integer
    bool boolean = false;       // Boolean
    std::vector<Node> list;     // List
    std::vector<Member> table;  // Table, in the file's order

    [[nodiscard]] const Node* find(std::string_view key) const;
};

// A key of a table and what it has. (No std::pair: Clang 14 wants to know its size within Node.)
struct Member {
    std::string key;
    Node value;
};

[[nodiscard]] std::string_view name(Node::Kind kind);  // "a string", "a whole number" …

// `file` is only for the messages. Depth and size are bounded: config/document_bounds.h.
[[nodiscard]] Result<Node, Diagnostic> parse_document(std::string_view text,
                                                      const std::string& file);

// A regular file of at most 16 MiB.
[[nodiscard]] Result<Node, Diagnostic> load_document(const std::string& file);

}  // namespace hermetic::config
