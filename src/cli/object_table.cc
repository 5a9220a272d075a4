#include "cli/object_table.h"

#include "cli/connector_validations.h"
#include "cli/server_call.h"
#include "cli/table.h"
#include "core/text.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace hermetic::cli {
namespace {

using boost::json::value;

const value& fields_of(const value& row)
{
    static const value kNone = boost::json::object{};
    const auto* object = row.if_object();
    const auto* fields = object != nullptr ? object->if_contains("fields") : nullptr;
    return fields != nullptr && fields->is_object() ? *fields : kNone;
}

// A field as people read it: lists with commas, an empty text where it is not set. It may be
// anybody's text, and goes to a terminal.
std::string shown(const value& row, std::string_view key)
{
    constexpr std::size_t kLongest = 4096;
    const auto* member = fields_of(row).as_object().if_contains(key);
    if (member == nullptr) return {};
    if (!member->is_array()) return printable(text_of(fields_of(row), key), kLongest);
    std::string text;
    for (const value& each : member->as_array()) {
        if (!text.empty()) text += ", ";
        text += each.is_string() ? std::string{each.as_string().c_str()} : serialize(each);
    }
    return printable(text, kLongest);
}

bool is_true(const value& row, std::string_view key)
{
    return shown(row, key) == "true";
}

struct Column {
    Table::Column column;
    std::function<std::string(const value&)> cell;
};
using Columns = std::vector<Column>;

std::string domains_of(const value& row)
{
    if (is_true(row, "all_accepted_domains")) return "all accepted domains";
    if (is_true(row, "rule_scoped")) return "by rules";
    return shown(row, "recipient_domains");
}

std::string route_of(const value& row)
{
    const std::string connector = shown(row, "connector");
    if (!connector.empty()) return "connector " + connector;
    const std::string hop = shown(row, "next_hop");
    return hop.empty() ? "mx" : hop;
}

// `otherwise`: what it is where it is not set.
Column field(std::string title, std::string key, const char* otherwise, std::size_t width)
{
    return {{std::move(title), Table::Align::Left, width},
            [key = std::move(key), otherwise](const value& row) {
                std::string text = shown(row, key);
                return text.empty() ? std::string{otherwise} : text;
            }};
}

Column member(std::string title, std::string key)
{
    return {{std::move(title), Table::Align::Left, 24},
            [key = std::move(key)](const value& row) { return text_of(row, key); }};
}

Column made(std::string title, std::size_t width, std::string (*cell)(const value&))
{
    return {{std::move(title), Table::Align::Left, width}, cell};
}

Columns organization_columns()
{
    return {field("postmaster", "postmaster", "", 40), field("tls", "tls", "opportunistic", 14),
            field("min", "min_tls", "1.2", 4), field("min inbound", "inbound_min_tls", "1.2", 4),
            field("ratchet", "ratchet", "observe", 8)};
}

Columns domain_columns()
{
    return {field("kind", "kind", "authoritative", 14), made("next hop", 44, route_of),
            field("tls", "tls", "", 14), field("recipients", "recipients", "any", 36),
            field("exception", "exception", "", 60)};
}

Columns inbound_columns()
{
    return {field("kind", "kind", "partner", 12),
            field("senders", "sender_domains", "", 36),
            field("networks", "networks", "", 36),
            field("certificates", "certificate_names", "", 36),
            field("listeners", "listeners", "", 24),
            made("relay", 5,
                 [](const value& row) -> std::string {
                     return is_true(row, "may_relay") ? "yes" : "";
                 }),
            field("min", "min_tls", "", 4),
            field("mode", "mode", "", 8)};
}

Columns outbound_columns()
{
    return {made("domains", 36, domains_of),     field("route", "smart_hosts", "mx", 36),
            field("tls", "tls", "", 14),         field("exception", "exception", "", 60),
            field("min", "min_tls", "", 4),      field("mode", "mode", "", 8),
            made("tested", 64, validation_text), made("found", 64, finding_text)};
}

Columns certificate_columns()
{
    return {field("chain", "chain", "", 60), field("key", "key", "", 60)};
}

Columns retirement_columns()
{
    return {field("direction", "direction", "inbound", 8), field("versions", "versions", "", 12),
            field("start", "start", "", 24), field("end", "end", "", 24)};
}

struct KindTable {
    std::string_view kind;
    Columns (*columns)();
};
constexpr KindTable kTables[] = {
    {"organization", organization_columns}, {"accepted_domain", domain_columns},
    {"inbound_connector", inbound_columns}, {"outbound_connector", outbound_columns},
    {"certificate", certificate_columns},   {"retirement", retirement_columns},
};

Columns columns_of(std::string_view kind)
{
    Columns columns{member("name", "name"), member("organization", "organization"),
                    made("enabled", 7, [](const value& row) -> std::string {
                        return shown(row, "enabled") == "false" ? "no" : "yes";
                    })};
    for (const KindTable& each : kTables) {
        if (each.kind != kind) continue;
        for (Column& column : each.columns()) columns.push_back(std::move(column));
    }
    columns.push_back({{"version", Table::Align::Right},
                       [](const value& row) { return text_of(row, "version"); }});
    columns.push_back(member("changed by", "changed_by"));
    columns.push_back(member("changed", "changed_at"));
    return columns;
}

// A column that is empty in each row says nothing, nor does one organization in each; and that
// each is enabled where it cannot be otherwise.
bool says_something(const Column& column, std::string_view kind, const std::vector<value>& rows)
{
    const std::string& title = column.column.title;
    if (title == "enabled" && (kind == "organization" || kind == "certificate")) return false;
    const std::string first = column.cell(rows.front());
    return std::any_of(rows.begin(), rows.end(), [&](const value& row) {
        const std::string cell = column.cell(row);
        return title == "organization" ? cell != first : !cell.empty();
    });
}

}  // namespace

std::string format_objects(std::string_view kind, const std::vector<value>& objects)
{
    if (objects.empty()) return "there is none\n";
    Columns columns = columns_of(kind);
    std::erase_if(columns,
                  [&](const Column& each) { return !says_something(each, kind, objects); });
    std::vector<Table::Column> heads;
    for (const Column& each : columns) heads.push_back(each.column);
    Table table{std::move(heads)};
    for (const value& row : objects) {
        std::vector<std::string> cells;
        for (const Column& each : columns) cells.push_back(each.cell(row));
        table.add(std::move(cells));
    }
    return table.format();
}

std::string format_object(const value& object)
{
    std::string text;
    const auto line = [&text](const std::string& key, const std::string& words) {
        if (!words.empty()) text += fmt::format("{:<22} {}\n", key, words);
    };
    for (const auto& [key, ignored] : fields_of(object).as_object())
        line(std::string{key}, shown(object, key));
    line("version", fmt::format("{}, by {} at {}", text_of(object, "version"),
                                text_of(object, "changed_by"), text_of(object, "changed_at")));
    if (object.as_object().contains("validation")) {
        line("tested", validation_text(object));
        line("found", finding_text(object));
        line("fix", fix_text(object));
    }
    return text;
}

}  // namespace hermetic::cli
