#include "config/document.h"

#include "config/document_bounds.h"
#include "core/assert.h"
#include "core/read_file.h"
#include "core/text.h"

#include <fmt/format.h>
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>

namespace hermetic::config {
namespace {

Node convert(const toml::node& source);

Node convert_table(const toml::table& source)
{
    Node node;
    node.kind = Node::Kind::Table;
    for (const auto& [key, value] : source) {
        node.table.push_back({std::string{key.str()}, convert(value)});
    }
    // toml++ sorts keys; people read diagnostics in the order of their file.
    std::stable_sort(node.table.begin(), node.table.end(),
                     [](const auto& a, const auto& b) { return a.value.line < b.value.line; });
    return node;
}

Node convert_list(const toml::array& source)
{
    Node node;
    node.kind = Node::Kind::List;
    for (const auto& element : source) node.list.push_back(convert(element));
    return node;
}

Node convert(const toml::node& source)
{
    Node node;
    switch (source.type()) {
    case toml::node_type::table:
        node = convert_table(*source.as_table());
        break;
    case toml::node_type::array:
        node = convert_list(*source.as_array());
        break;
    case toml::node_type::string:
        node.kind = Node::Kind::String;
        node.string = source.as_string()->get();
        break;
    case toml::node_type::integer:
        node.kind = Node::Kind::Integer;
        node.integer = source.as_integer()->get();
        break;
    case toml::node_type::boolean:
        node.kind = Node::Kind::Boolean;
        node.boolean = source.as_boolean()->get();
        break;
    case toml::node_type::floating_point:
        node.kind = Node::Kind::Float;
        break;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
    case toml::node_type::none:
        node.kind = Node::Kind::DateTime;
        break;
    }
    node.line = source.source().begin.line;
    return node;
}

// Characters, as toml++ counts columns.
std::size_t length_of(std::string_view line)
{
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

// toml++ calls the end of a line within a string a control character: a quote is missing.
std::string describe_fault(const toml::parse_error& error, std::string_view text)
{
    std::string words = printable(error.description());
    const toml::source_position at = error.source().begin;
    const auto lines = split(text, '\n');
    if (words.find("control character") == std::string::npos || at.line == 0 ||
        at.line > lines.size())
        return words;
    std::string_view line = lines[at.line - 1];
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (at.column <= length_of(line)) return words;
    return "the string is not closed: the quote at its end is missing (" + words + ")";
}

}  // namespace

const Node* Node::find(std::string_view key) const
{
    for (const auto& [name, node] : table) {
        if (name == key) return &node;
    }
    return nullptr;
}

std::string_view name(Node::Kind kind)
{
    switch (kind) {
    case Node::Kind::String:
        return "a string";
    case Node::Kind::Integer:
        return "a whole number";
    case Node::Kind::Float:
        return "a fraction";
    case Node::Kind::Boolean:
        return "a boolean";
    case Node::Kind::DateTime:
        return "a date or time";
    case Node::Kind::List:
        return "a list";
    case Node::Kind::Table:
        return "a table";
    }
    unreachable("every Node::Kind is named above");
}

Result<Node, Diagnostic> parse_document(std::string_view text, const std::string& file)
{
    if (auto excess = find_excess(text, file)) return failure(*std::move(excess));
    try {
        Node root = convert_table(toml::parse(text, file));
        root.line = 1;
        return root;
    } catch (const toml::parse_error& error) {  // Debian builds toml++ with exceptions
        return failure(Diagnostic{file, error.source().begin.line, "", describe_fault(error, text),
                                  "TOML (https://toml.io)"});
    }
}

Result<Node, Diagnostic> load_document(const std::string& file)
{
    const auto text = read_file(file, kMaxDocumentOctets);
    if (text) return parse_document(text->octets, file);
    if (text.error().kind == FileError::Kind::TooLarge) return failure(too_large(file));
    return failure(
        Diagnostic{file, 0, "", "it cannot be read: " + text.error().what, text.error().expected});
}

}  // namespace hermetic::config
