#include "directory/object_text.h"

#include "config/kinds.h"
#include "core/assert.h"
#include "core/text.h"
#include "objects/old_form.h"
#include "objects/org_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

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

// Where there is one organization, everything is its, and a file need not say so; what is kept
// does, and always in the same place, so that a second one changes nothing of it.
void name_owner(Node& fields, const std::string& only)
{
    Node owner;
    owner.kind = Node::Kind::String;
    owner.string = string_of(fields, kOrganizationKind);
    if (owner.string.empty()) owner.string = only;
    if (owner.string.empty()) return;
    std::erase_if(fields.table, [](const auto& each) { return each.key == kOrganizationKind; });
    const auto name = std::find_if(fields.table.begin(), fields.table.end(),
                                   [](const auto& each) { return each.key == "name"; });
    const auto place = name == fields.table.end() ? fields.table.begin() : name + 1;
    fields.table.insert(place, {std::string{kOrganizationKind}, std::move(owner)});
}

std::string only_organization(const Node& document)
{
    const Node* node = document.find(kOrganizationKind);
    if (node == nullptr) return {};
    if (node->kind == Node::Kind::Table) return string_of(*node, "name");
    return node->list.size() == 1 ? string_of(node->list.front(), "name") : std::string{};
}

// Takes canonical documents apart.
class Splitter {
public:
    Splitter(const std::string& file, config::Diagnostics& diagnostics)
        : file_{file}, diagnostics_{diagnostics}
    {
    }

    Objects split(const Node& document)
    {
        const std::string only = only_organization(document);
        for (const auto& [kind, value] : document.table) {
            if (value.kind == Node::Kind::Table) take(kind, value, only);
            for (const Node& each : value.list) take(kind, each, only);
        }
        return std::move(objects_);
    }

private:
    void take(const std::string& kind, Node fields, const std::string& only)
    {
        ObjectKey key{kind, {}, string_of(fields, "name")};
        if (kind != kOrganizationKind) {
            name_owner(fields, only);
            key.organization = string_of(fields, kOrganizationKind);
        }
        if (key.name.size() > kMaxNameOctets) {
            diagnostics_.push_back({file_, 0, describe(key) + ".name", "it is too long",
                                    fmt::format("at most {} octets", kMaxNameOctets)});
            return;
        }
        std::string text = format_object(kind, fields);
        if (objects_.emplace(key, std::move(text)).second) return;
        diagnostics_.push_back(
            {file_, 0, describe(key) + ".name", "another of its kind has it", "a name of its own"});
    }

    const std::string& file_;
    config::Diagnostics& diagnostics_;
    Objects objects_;
};

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
    if (text.size() > kMaxDocumentOctets) return failure(too_large(kNoFile));
    const auto document = config::parse_document(text, kNoFile);
    if (!document) return failure(config::Diagnostics{document.error()});
    auto contents = objects::read_org_document(*document, kNoFile);
    if (!contents) {
        name_objects(contents.error(), *document);
        return failure(std::move(contents.error()));
    }
    // The canonical form, which may differ from what came in.
    const std::string canonical = objects::format_org_file(*contents);
    const auto again = config::parse_document(canonical, kNoFile);
    if (!again) return failure(config::Diagnostics{again.error()});
    config::Diagnostics diagnostics;
    Compiled compiled{Splitter{kNoFile, diagnostics}.split(*again), *std::move(contents),
                      objects::take_up_old_form(*document, kNoFile).notes};
    name_objects(compiled.notes, *document);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return compiled;
}

Result<Compiled, config::Diagnostics> compile(const Node& document, const std::string& file)
{
    // Faults are told by the lines of the file.
    const auto contents = objects::read_org_document(document, file);
    if (!contents) return failure(contents.error());
    const auto canonical = config::parse_document(objects::format_org_file(*contents), file);
    if (!canonical) return failure(config::Diagnostics{canonical.error()});
    config::Diagnostics diagnostics;
    const Objects objects = Splitter{file, diagnostics}.split(*canonical);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    auto compiled = compile(objects);
    if (compiled) compiled->notes = objects::take_up_old_form(document, file).notes;
    return compiled;
}

std::string export_text(const objects::Snapshot::Contents& contents)
{
    return contents == objects::Snapshot::Contents{} ? std::string{}
                                                     : objects::format_org_file(contents);
}

}  // namespace hermetic::directory
