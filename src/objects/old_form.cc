#include "objects/old_form.h"

#include "objects/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace hermetic::objects {
namespace {

using config::Node;

constexpr const char* kUntil = "valid_until";
constexpr const char* kException = "exception";
constexpr const char* kReason = "taken from valid_until, which had no reason";

Node string_node(std::string text, unsigned line)
{
    Node node;
    node.kind = Node::Kind::String;
    node.line = line;
    node.string = std::move(text);
    return node;
}

std::string string_of(const Node& table, const char* key)
{
    const Node* node = table.find(key);
    return node != nullptr && node->kind == Node::Kind::String ? node->string : std::string{};
}

// The organization of an object: the one that it names, or the only one. Null: its faults are told
// elsewhere.
class Owners {
public:
    explicit Owners(const Node& document)
    {
        const Node* found = document.find("organization");
        if (found == nullptr) return;
        if (found->kind == Node::Kind::Table) only_ = found;
        if (found->list.size() == 1) only_ = &found->list.front();
        for (const Node& each : found->list) by_name_.emplace(string_of(each, "name"), &each);
    }
    [[nodiscard]] const Node* of(const Node& object) const
    {
        if (only_ != nullptr) return only_;
        const auto found = by_name_.find(string_of(object, "organization"));
        return found == by_name_.end() ? nullptr : found->second;
    }

private:
    const Node* only_ = nullptr;
    std::map<std::string, const Node*> by_name_;
};

template <typename T>
std::optional<T> value_of(const Node* table, const char* key, const config::Kind<T>& kind)
{
    const Node* node = table != nullptr ? table->find(key) : nullptr;
    return node != nullptr ? kind.read(*node) : std::nullopt;
}

// Whether the value that stands in the place of a lasting one is an exception.
bool is_weaker(const std::string& key, const Node& connector, const Node* organization)
{
    if (key == "tls") {
        const auto kind = tls_level_kind();
        const auto level = value_of(&connector, "tls", kind);
        const auto base = value_of(organization, "tls", kind).value_or(TlsLevel::Opportunistic);
        return level && (*level < base || *level == TlsLevel::None);
    }
    if (key == "min_tls") {
        const auto kind = config::tls_version_kind();
        const auto min = value_of(&connector, "min_tls", kind);
        const auto base =
            value_of(organization, "min_tls", kind).value_or(facts::TlsVersion::Tls12);
        return min && *min < base;
    }
    return (key == "dane" || key == "mta_sts") && string_of(connector, key.c_str()) == "none";
}

void take_up(Node& connector, const Node* organization)
{
    Node exception;
    exception.line = connector.find(kUntil)->line;
    std::vector<config::Member> lasting;
    for (config::Member& each : connector.table) {
        if (each.key == kUntil) continue;
        const bool weaker = is_weaker(each.key, connector, organization);
        // The connector is still asked for the other values: they are copied, not moved.
        (weaker ? exception.table : lasting).push_back(each);
    }
    if (!exception.table.empty()) {
        exception.table.push_back({kUntil, *connector.find(kUntil)});
        exception.table.push_back({"reason", string_node(kReason, exception.line)});
        lasting.push_back({kException, std::move(exception)});
    }
    connector.table = std::move(lasting);
}

}  // namespace

bool has_old_form(const Node& document)
{
    const Node* connectors = document.find("outbound_connector");
    return connectors != nullptr && std::ranges::any_of(connectors->list, [](const Node& each) {
               return each.find(kUntil) != nullptr;
           });
}

TakenUp take_up_old_form(Node document, const std::string& file)
{
    TakenUp result;
    Node organizations;  // as they stand, while connectors change
    if (const Node* found = document.find("organization"))
        organizations.table.push_back({"organization", *found});
    const Owners owners{organizations};
    for (config::Member& kind : document.table) {
        if (kind.key != "outbound_connector") continue;
        std::size_t index = 0;
        for (Node& each : kind.value.list) {
            const std::size_t at = index++;
            const Node* until = each.find(kUntil);
            if (until == nullptr || each.find(kException) != nullptr) continue;
            if (!wall_time_kind().read(*until)) continue;  // no key of any version: a fault
            const unsigned line = until->line;
            take_up(each, owners.of(each));
            const bool ends = each.find(kException) != nullptr;
            result.notes.push_back(
                {file, line, fmt::format("outbound_connector[{}].{}", at, kUntil),
                 ends ? "the form of an earlier version: the weaker values are read as an "
                        "exception, the lasting values are the organization's"
                      : "the form of an earlier version: no value is weaker, so it has no effect "
                        "and is ignored",
                 "exception = { …, valid_until = …, reason = … }, as `hermetic export` writes it"});
        }
    }
    result.document = std::move(document);
    return result;
}

}  // namespace hermetic::objects
