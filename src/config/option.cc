#include "config/option.h"

#include "core/text.h"

#include <algorithm>
#include <numeric>

namespace hermetic::config {
namespace {

// Levenshtein's distance; both words are short.
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t k = 0; k < b.size(); ++k) {
            const std::size_t substitute = diagonal + (a[i] == b[k] ? 0 : 1);
            diagonal = row[k + 1];
            row[k + 1] = std::min({substitute, row[k] + 1, row[k + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string quote_node(const Node& node)
{
    switch (node.kind) {
    case Node::Kind::String:
        return "\"" + printable(node.string, 80) + "\"";
    case Node::Kind::Integer:
        return std::to_string(node.integer);
    case Node::Kind::Boolean:
        return node.boolean ? "true" : "false";
    default:
        return std::string{name(node.kind)};
    }
}

Misfit describe_misfit(const Node& node, const std::string& type, const FindMisfit& find)
{
    if (find) {
        if (auto found = find(node)) return *std::move(found);
    }
    // `min_tls = 1.2`: the value may be the right one, and only its quotes are missing.
    const bool bare = node.kind == Node::Kind::Float || node.kind == Node::Kind::DateTime;
    const bool quoted = type.find('"') != std::string::npos;
    return {node.line, quote_node(node) + " does not fit",
            bare && quoted ? type + ", with the quotes" : type};
}

std::string suggest_key(std::string_view unknown, const std::vector<std::string>& known)
{
    constexpr std::size_t kLongestUnknown = 64;
    if (unknown.size() <= kLongestUnknown) {
        const auto nearest = std::min_element(
            known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
                return distance(unknown, a) < distance(unknown, b);
            });
        if (nearest != known.end() &&
            distance(unknown, *nearest) <= std::max<std::size_t>(2, unknown.size() / 3)) {
            return "perhaps \"" + *nearest + "\"";
        }
    }
    return "one of " + join(known, ", ");
}

std::string format_sections(const std::vector<SectionReference>& sections)
{
    std::string text;
    for (const SectionReference& section : sections) {
        text += fmt::format("\n## {}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                            section.title);
        for (const auto& [key, type, standard, meaning] : section.rows) {
            text += fmt::format("| `{}` | {} | {} | {} |\n", key, type,
                                standard.empty() ? "–" : "`" + standard + "`", meaning);
        }
    }
    return text;
}

std::string join_key(std::string_view prefix, std::string_view key)
{
    std::string text{prefix};
    if (!text.empty()) text += '.';
    return text + printable(key, 80);
}

}  // namespace hermetic::config
