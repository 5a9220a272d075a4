#include "directory/edit.h"

#include "core/text.h"
#include "objects/org_file.h"

#include <algorithm>
#include <optional>

namespace hermetic::directory {
namespace {

using config::Node;

Node string_node(std::string_view text)
{
    Node node;
    node.kind = Node::Kind::String;
    node.string = std::string{text};
    return node;
}

// A field that is not known takes all, as its diagnostic is to show what was written.
bool fits(std::string_view kind, std::string_view key, const Node& value)
{
    return objects::find_field_fit(kind, key, value) != config::FieldFit::Misfit;
}

std::optional<Node> toml_value(const std::string& text)
{
    // One line, or it could bring keys of its own.
    if (text.find_first_of("\r\n") != std::string::npos) return std::nullopt;
    auto document = config::parse_document("value = " + text, {});
    if (!document || document->table.size() != 1) return std::nullopt;
    return std::move(document->table.front().value);
}

Node comma_list(const std::string& text)
{
    Node node;
    node.kind = Node::Kind::List;
    for (const std::string_view part : split(text, ',')) {
        const std::string_view trimmed = trim(part);
        if (!trimmed.empty()) node.list.push_back(string_node(trimmed));
    }
    return node;
}

Node as_written(std::string_view kind, const std::string& key, const Node& value)
{
    if (value.kind != Node::Kind::String || fits(kind, key, value)) return value;
    if (auto parsed = toml_value(value.string); parsed && fits(kind, key, *parsed)) {
        return *std::move(parsed);
    }
    Node list = comma_list(value.string);
    return fits(kind, key, list) ? list : value;
}

}  // namespace

std::string edited_text(std::string_view kind, const std::string& before, const Edit& edit)
{
    Node fields = before.empty() ? Node{} : fields_of(before);
    for (const auto& [key, value] : edit.set) {
        const auto place = std::find_if(fields.table.begin(), fields.table.end(),
                                        [&key = key](const auto& each) { return each.key == key; });
        if (place == fields.table.end()) {
            fields.table.push_back({key, as_written(kind, key, value)});
        } else {
            place->value = as_written(kind, key, value);
        }
    }
    std::erase_if(fields.table, [&](const auto& each) {
        return std::find(edit.unset.begin(), edit.unset.end(), each.key) != edit.unset.end();
    });
    return format_object(kind, fields);
}

}  // namespace hermetic::directory
