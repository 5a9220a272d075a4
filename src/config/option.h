// Options declared once: key, type, bounds, default and documentation in one expression, from which
// the reader, the validation and the reference come.
//
// A section is a plain struct; its options are a list of Option<Section>, each bound to a member.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/section_reference.h"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::config {

// What in a value does not fit, and what would: more than its type tells.
struct Misfit {
    unsigned line = 0;
    std::string what;
    std::string expected;
};
// Of a value that was not taken; nullopt: there is no more to be told.
using FindMisfit = std::function<std::optional<Misfit>(const Node&)>;

// How one type of value is written, read and shown. `type` is also what a diagnostic calls right.
template <typename T>
struct Kind {
    std::string type;
    std::function<std::optional<T>(const Node&)> read;
    std::function<std::string(const T&)> show;  // as it stands in a file
    FindMisfit find_misfit{};
};

template <typename Section>
struct Option {
    std::string key;
    std::string type;
    std::string text;  // one or two sentences for the administrator
    std::function<bool(Section&, const Node&)> read;
    std::function<std::string(const Section&)> show;
    // Of a table that read() does not take: what in it is wrong. None: it is so as a whole.
    std::function<void(const Node&, const std::string& file, const std::string& key, Diagnostics&)>
        explain{};
    FindMisfit find_misfit{};
};

template <typename Section, typename T>
[[nodiscard]] Option<Section> option(std::string_view key, T Section::*member, Kind<T> kind,
                                     std::string_view text)
{
    Option<Section> result;
    result.key = key;
    result.type = kind.type;
    result.text = text;
    result.read = [member, read = std::move(kind.read)](Section& section, const Node& node) {
        auto value = read(node);
        if (!value) return false;
        section.*member = std::move(*value);
        return true;
    };
    result.show = [member, show = std::move(kind.show)](const Section& section) {
        return show(section.*member);
    };
    result.find_misfit = std::move(kind.find_misfit);
    return result;
}

// The value as a person would recognise it in their file, for a diagnostic.
[[nodiscard]] std::string quote_node(const Node& node);
// Of a value that is not of the type; `find` may know more, and may be empty.
[[nodiscard]] Misfit describe_misfit(const Node& node, const std::string& type,
                                     const FindMisfit& find);
[[nodiscard]] std::string suggest_key(std::string_view unknown,
                                      const std::vector<std::string>& known);
[[nodiscard]] std::string join_key(std::string_view prefix, std::string_view key);

// Null: there is none.
template <typename Section>
[[nodiscard]] const Option<Section>* find_option(const std::vector<Option<Section>>& options,
                                                 std::string_view key)
{
    for (const auto& each : options) {
        if (each.key == key) return &each;
    }
    return nullptr;
}

// Whether a value has the form that its field takes.
enum class FieldFit : std::uint8_t { Fits, Misfit, NoSuchField };

// A table in a field of tables fits: what is wrong inside is the fault of its own fields.
template <typename Section>
[[nodiscard]] FieldFit find_fit(const std::vector<Option<Section>>& options, std::string_view key,
                                const Node& value)
{
    const Option<Section>* option = find_option(options, key);
    if (option == nullptr) return FieldFit::NoSuchField;
    if (option->explain && value.kind == Node::Kind::Table) return FieldFit::Fits;
    Section section;
    return option->read(section, value) ? FieldFit::Fits : FieldFit::Misfit;
}

// Reads `table` into `section`. Unknown keys and wrong values become diagnostics; the rest is read.
// `elsewhere` names keys that are read by others (nested tables).
template <typename Section>
void read_section(const Node& table, const std::vector<Option<Section>>& options,
                  const std::vector<std::string>& elsewhere, const std::string& file,
                  const std::string& prefix, Section& section, Diagnostics& diagnostics)
{
    for (const auto& [key, node] : table.table) {
        if (is_full(diagnostics)) return;
        if (const Option<Section>* found = find_option(options, key)) {
            if (found->read(section, node)) continue;
            if (found->explain && node.kind == Node::Kind::Table) {
                found->explain(node, file, join_key(prefix, key), diagnostics);
            } else {
                Misfit misfit = describe_misfit(node, found->type, found->find_misfit);
                diagnostics.push_back({file, misfit.line, join_key(prefix, key),
                                       std::move(misfit.what), std::move(misfit.expected)});
            }
            continue;
        }
        bool is_elsewhere = false;
        for (const auto& each : elsewhere) is_elsewhere = is_elsewhere || each == key;
        if (is_elsewhere) continue;
        std::vector<std::string> known = elsewhere;
        for (const auto& each_option : options) known.push_back(each_option.key);
        diagnostics.push_back({file, node.line, join_key(prefix, key), "there is no such key",
                               suggest_key(key, known)});
    }
}

// A field that is a table of its own, `{ key = value, … }`, or absent. `field` gives it.
template <typename Section, typename Table, typename Field>
[[nodiscard]] Option<Section> table_option(std::string_view key, Field field,
                                           std::vector<Option<Table>> options,
                                           std::string_view text)
{
    Option<Section> result;
    result.key = key;
    result.type = "a table of ";
    for (const auto& each : options)
        result.type += (&each == &options.front() ? "`" : ", `") + each.key + "`";
    result.text = text;
    result.read = [field, options](Section& section, const Node& node) {
        Table table;
        Diagnostics diagnostics;
        if (node.kind == Node::Kind::Table)
            read_section(node, options, {}, {}, {}, table, diagnostics);
        const bool fits = node.kind == Node::Kind::Table && diagnostics.empty();
        if (fits) field(section) = std::move(table);
        return fits;
    };
    result.explain = [options](const Node& node, const std::string& file, const std::string& prefix,
                               Diagnostics& diagnostics) {
        Table table;
        read_section(node, options, {}, file, prefix, table, diagnostics);
    };
    // What differs from the default, on one line.
    result.show = [field, options](const Section& section) {
        Section copy = section;
        const std::optional<Table>& table = field(copy);
        if (!table) return std::string{};
        std::string shown;
        for (const auto& each : options) {
            const std::string value = each.show(*table);
            if (value.empty() || value == each.show(Table{})) continue;
            shown += fmt::format("{} {} = {}", shown.empty() ? "{" : ",", each.key, value);
        }
        return shown.empty() ? std::string{"{}"} : shown + " }";
    };
    return result;
}

template <typename Section>
[[nodiscard]] SectionReference describe_section(std::string title,
                                                const std::vector<Option<Section>>& options)
{
    SectionReference reference{std::move(title), {}};
    for (const auto& each : options)
        reference.rows.push_back({each.key, each.type, each.show(Section{}), each.text});
    return reference;
}

}  // namespace hermetic::config
