#include "directory/object_text.h"

#include "config/document_bounds.h"
#include "config/kinds.h"
#include "core/assert.h"
#include "core/text.h"
#include "objects/org_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

namespace hermetic::directory {
namespace {

using config::Node;

constexpr std::string_view kBareKey =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

std::string format_key(const std::string& key)
{
    const bool bare = !key.empty() && key.find_first_not_of(kBareKey) == std::string::npos;
    return bare ? key : config::quote(key);
}

std::string string_of(const Node& fields, std::string_view key)
{
    const Node* node = fields.find(key);
    return node != nullptr && node->kind == Node::Kind::String ? node->string : std::string{};
}

std::string key_name(const objects::AcceptedDomain& domain)
{
    return domain.name.format();
}

template <typename Object>
const std::string& key_name(const Object& object)
{
    return object.name;
}

// In the order of keys, which is the one that they are kept in.
template <typename Object>
void sort_by_key(std::vector<Object>& objects)
{
    std::stable_sort(objects.begin(), objects.end(), [](const Object& a, const Object& b) {
        if constexpr (!std::is_same_v<Object, objects::Organization>) {
            if (a.organization != b.organization) return a.organization < b.organization;
        }
        return key_name(a) < key_name(b);
    });
}

void sort_by_key(objects::Snapshot::Contents& contents)
{
    sort_by_key(contents.organizations);
    sort_by_key(contents.accepted_domains);
    sort_by_key(contents.inbound_connectors);
    sort_by_key(contents.outbound_connectors);
    sort_by_key(contents.certificates);
    sort_by_key(contents.retirements);
}

// Each object's text. One whose name is too long or another's is a fault.
Objects texts_of(const objects::Snapshot::Contents& contents, const std::string& file,
                 config::Diagnostics& diagnostics)
{
    Objects objects;
    for (objects::FormattedObject& each : objects::format_org_objects(contents)) {
        ObjectKey key{std::move(each.kind), std::move(each.organization), std::move(each.name)};
        if (key.name.size() > kMaxNameOctets) {
            diagnostics.push_back({file, 0, describe(key) + ".name", "it is too long",
                                   fmt::format("at most {} octets", kMaxNameOctets)});
            continue;
        }
        // A table on one line stands in the order in which it would be read.
        if (each.text.find(" = {") != std::string::npos)
            each.text = format_object(key.kind, fields_of(each.text));
        const auto [place, is_new] = objects.try_emplace(key, std::move(each.text));
        if (is_new) continue;
        diagnostics.push_back({file, 0, describe(place->first) + ".name",
                               "another object of this kind has this name", "a unique name"});
    }
    return objects;
}

std::string join(const Objects& objects)
{
    std::string text;
    for (const auto& [key, each] : objects) text += each + "\n";
    return text;
}

// "outbound_connector[3].pins" in a document that no person has seen: by the object's name.
void name_objects(config::Diagnostics& diagnostics, const Node& document)
{
    for (config::Diagnostic& each : diagnostics) {
        each.line = 0;
        const auto open = each.key.find('[');
        const auto close = each.key.find(']');
        if (open == std::string::npos || close == std::string::npos || close < open) continue;
        const Node* list = document.find(each.key.substr(0, open));
        const auto index = parse_decimal<std::size_t>(
            std::string_view{each.key}.substr(open + 1, close - open - 1));
        if (list == nullptr || !index || *index >= list->list.size()) continue;
        const ObjectKey key{each.key.substr(0, open), {}, string_of(list->list[*index], "name")};
        each.key = describe(key) + each.key.substr(close + 1);
    }
}

config::Diagnostics too_large(const std::string& file)
{
    return {{file, 0, "", "all objects together are larger than 16 MiB", "fewer of them"}};
}

}  // namespace

std::string describe(const ObjectKey& key)
{
    return fmt::format("{} \"{}\"", printable(key.kind, 60), printable(key.name));
}

std::string format_value(const Node& value)
{
    switch (value.kind) {
    case Node::Kind::String:
        return config::quote(value.string);
    case Node::Kind::Integer:
        return std::to_string(value.integer);
    case Node::Kind::Boolean:
        return value.boolean ? "true" : "false";
    case Node::Kind::List: {
        std::string text = "[";
        for (const Node& each : value.list) {
            if (text.size() > 1) text += ", ";
            text += format_value(each);
        }
        return text + "]";
    }
    case Node::Kind::Table: {
        std::string text = "{";
        for (const auto& [key, each] : value.table) {
            text += fmt::format("{} {} = {}", text.size() > 1 ? "," : "", format_key(key),
                                format_value(each));
        }
        return text + (text.size() > 1 ? " }" : "}");
    }
    case Node::Kind::Float:  // no field has these; the reader of any says what it takes
        return "0.5";
    case Node::Kind::DateTime:
        return "1970-01-01";
    }
    unreachable("every Node::Kind is formatted above");
}

std::string format_object(std::string_view kind, const Node& fields)
{
    std::string text = fmt::format("[[{}]]\n", format_key(std::string{kind}));
    for (const auto& [key, value] : fields.table) {
        text += fmt::format("{} = {}\n", format_key(key), format_value(value));
    }
    return text;
}

Node fields_of(const std::string& text)
{
    auto document = config::parse_document(text, "object");
    if (!document || document->table.size() != 1) return {};
    Node& list = document->table.front().value;
    if (list.list.size() != 1 || list.list.front().kind != Node::Kind::Table) return {};
    return std::move(list.list.front());
}

Result<Compiled, config::Diagnostics> compile(const Objects& objects)
{
    static const std::string kNoFile;
    if (objects.empty()) return Compiled{};
    const std::string text = join(objects);
    if (text.size() > config::kMaxDocumentOctets) return failure(too_large(kNoFile));
    const auto document = config::parse_document(text, kNoFile);
    if (!document) return failure(config::Diagnostics{document.error()});
    auto compiled = compile(*document, kNoFile);
    name_objects(compiled ? compiled->notes : compiled.error(), *document);
    return compiled;
}

Result<Compiled, config::Diagnostics> compile(const Node& document, const std::string& file)
{
    Compiled compiled;
    auto contents = objects::read_org_document(document, file, compiled.notes);
    if (!contents) return failure(std::move(contents.error()));
    compiled.contents = *std::move(contents);
    sort_by_key(compiled.contents);
    config::Diagnostics diagnostics;
    compiled.objects = texts_of(compiled.contents, file, diagnostics);
    std::size_t octets = 0;
    for (const auto& [key, each] : compiled.objects) octets += each.size() + 1;
    if (octets > config::kMaxDocumentOctets) diagnostics = too_large(file);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return compiled;
}

std::string export_text(const objects::Snapshot::Contents& contents)
{
    return contents == objects::Snapshot::Contents{} ? std::string{}
                                                     : objects::format_org_file(contents);
}

}  // namespace hermetic::directory
