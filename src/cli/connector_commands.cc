#include "admin/client.h"
#include "cli/cli.h"
#include "cli/connector_save.h"
#include "cli/connector_validations.h"
#include "cli/object_commands.h"
#include "cli/server_call.h"
#include "cli/table.h"
#include "core/text.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

std::string kind_of(const ConnectorArguments& arguments)
{
    return arguments.inbound ? "inbound_connector" : "outbound_connector";
}

std::string target_of(const ConnectorArguments& arguments, const std::string& more = {})
{
    std::string target = fmt::format("/v1/objects/{}/{}{}?", kind_of(arguments),
                                     admin::percent_encode(arguments.name), more);
    if (!arguments.organization.empty()) {
        target += "organization=" + admin::percent_encode(arguments.organization) + "&";
    }
    if (arguments.dry_run) target += "dry-run=yes&";
    return target;
}

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

std::string shown_or(const value& row, std::string_view key, const char* otherwise)
{
    std::string text = shown(row, key);
    return text.empty() ? otherwise : text;
}

bool is_true(const value& row, std::string_view key)
{
    return shown(row, key) == "true";
}

struct Column {
    Table::Column column;
    std::function<std::string(const value&)> cell;
};

std::string domains_of(const value& row)
{
    if (is_true(row, "all_accepted_domains")) return "all accepted domains";
    if (is_true(row, "rule_scoped")) return "by rules";
    return shown(row, "recipient_domains");
}

Column field_column(std::string title, std::string key, const char* otherwise, std::size_t width)
{
    return {{std::move(title), Table::Align::Left, width},
            [key = std::move(key), otherwise](const value& row) {
                return shown_or(row, key, otherwise);
            }};
}

Column member_column(std::string title, std::string key)
{
    return {{std::move(title), Table::Align::Left, 24},
            [key = std::move(key)](const value& row) { return text_of(row, key); }};
}

std::vector<Column> columns_of(bool inbound)
{
    std::vector<Column> columns{member_column("name", "name"),
                                member_column("organization", "organization"),
                                {{"enabled"}, [](const value& row) {
                                     return shown(row, "enabled") == "false" ? "no" : "yes";
                                 }}};
    if (inbound) {
        columns.push_back(field_column("kind", "kind", "partner", 12));
        columns.push_back(field_column("senders", "sender_domains", "", 36));
        columns.push_back(field_column("networks", "networks", "", 36));
        columns.push_back(field_column("certificates", "certificate_names", "", 36));
        columns.push_back(
            {{"relay"}, [](const value& row) { return is_true(row, "may_relay") ? "yes" : ""; }});
    } else {
        columns.push_back({{"domains", Table::Align::Left, 36}, domains_of});
        columns.push_back(field_column("route", "smart_hosts", "mx", 36));
        columns.push_back(field_column("tls", "tls", "", 14));
        columns.push_back(field_column("exception", "exception", "", 60));
    }
    columns.push_back(field_column("min", "min_tls", "", 4));
    columns.push_back(field_column("mode", "mode", "", 8));
    if (!inbound) {
        columns.push_back({{"tested", Table::Align::Left, 64}, validation_text});
        columns.push_back({{"found", Table::Align::Left, 64}, finding_text});
    }
    columns.push_back({{"version", Table::Align::Right},
                       [](const value& row) { return text_of(row, "version"); }});
    columns.push_back(member_column("changed by", "changed_by"));
    columns.push_back(member_column("changed", "changed_at"));
    return columns;
}

// A column that is empty in each row says nothing, nor does one organization in each.
bool says_something(const Column& column, const std::vector<value>& rows)
{
    const bool is_organization = column.column.title == "organization";
    const std::string first = column.cell(rows.front());
    return std::any_of(rows.begin(), rows.end(), [&](const value& row) {
        const std::string cell = column.cell(row);
        return is_organization ? cell != first : !cell.empty();
    });
}

void show_list(const std::vector<value>& rows, bool inbound)
{
    if (rows.empty()) {
        std::puts("there is no connector");
        return;
    }
    std::vector<Column> columns = columns_of(inbound);
    std::erase_if(columns, [&](const Column& each) { return !says_something(each, rows); });
    std::vector<Table::Column> heads;
    for (const Column& each : columns) heads.push_back(each.column);
    Table table{std::move(heads)};
    for (const value& row : rows) {
        std::vector<std::string> cells;
        for (const Column& each : columns) cells.push_back(each.cell(row));
        table.add(std::move(cells));
    }
    std::fputs(table.format().c_str(), stdout);
}

std::vector<value> rows_of(const value& answer, std::string_view key)
{
    const auto* list = answer.as_object().if_contains(key);
    if (list == nullptr || !list->is_array()) return {};
    return {list->as_array().begin(), list->as_array().end()};
}

void show_one(const value& answer)
{
    const auto line = [](const std::string& key, const std::string& text) {
        if (!text.empty()) std::printf("%-22s %s\n", key.c_str(), text.c_str());
    };
    for (const auto& [key, ignored] : fields_of(answer).as_object()) {
        line(std::string{key}, shown(answer, key));
    }
    line("version", fmt::format("{}, by {} at {}", text_of(answer, "version"),
                                text_of(answer, "changed_by"), text_of(answer, "changed_at")));
    if (answer.as_object().contains("validation")) {
        line("tested", validation_text(answer));
        line("found", finding_text(answer));
        line("fix", fix_text(answer));
    }
}

void show_history(const value& answer)
{
    for (const value& each : rows_of(answer, "changes")) {
        std::printf("version %s, revision %s, by %s at %s\n", text_of(each, "version").c_str(),
                    text_of(each, "revision").c_str(), text_of(each, "changed_by").c_str(),
                    text_of(each, "changed_at").c_str());
        const value one = boost::json::object{{"changes", boost::json::array{each}}};
        std::fputs(format_changes(one).c_str(), stdout);
    }
}

// "key=value"… as a body; nullopt after having said which is none.
std::optional<boost::json::object> edit_of(const ConnectorArguments& arguments)
{
    boost::json::object set;
    boost::json::array unset;
    for (const std::string& each : arguments.fields) {
        const auto equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            std::fprintf(stderr, "\"%s\" is no field; right is KEY=VALUE\n", each.c_str());
            return std::nullopt;
        }
        const std::string key = each.substr(0, equals);
        if (equals + 1 == each.size()) {
            unset.emplace_back(key);
        } else {
            set[key] = each.substr(equals + 1);
        }
    }
    return boost::json::object{{"set", std::move(set)}, {"unset", std::move(unset)}};
}

// The version that the change is made from; nullopt after having said why there is none.
std::optional<std::uint64_t> version_of(const ServerChoice& server,
                                        const ConnectorArguments& arguments, int& code)
{
    if (arguments.version) return arguments.version;
    const auto text = ask_server(server, "GET", target_of(arguments), {}, code);
    if (!text) return std::nullopt;
    const value found = parse_answer(*text);
    code = kFailed;
    if (found.is_null()) return std::nullopt;
    return static_cast<std::uint64_t>(number_of(found, "version"));
}

int change(const ServerChoice& server, const std::string& method, const std::string& target,
           const std::string& body, const ConnectorArguments& arguments, Output output,
           const std::optional<CopyTest>& test = std::nullopt)
{
    int code = kDone;
    const auto text = ask_server(server, method, target, body, code);
    if (!text) return code;
    value answer = parse_answer(*text);
    if (answer.is_null()) return kFailed;
    const std::string changes = format_changes(answer);
    if (test) answer.as_object()["validation"] = describe(*test);
    if (output == Output::Json) {
        std::printf("%s\n", serialize(answer).c_str());
    } else {
        std::fputs(changes.empty() ? "nothing to do\n" : changes.c_str(), stdout);
        if (test && test->state == "ok") std::printf("tested: %s\n", test->words.c_str());
    }
    std::fflush(stdout);
    if (test) std::fputs(format_warning(*test, arguments.name).c_str(), stderr);
    return arguments.dry_run && !changes.empty() ? kWouldChange : kDone;
}

bool disables(const ConnectorArguments& arguments)
{
    return std::ranges::find(arguments.fields, "enabled=false") != arguments.fields.end();
}

// Before it is saved. What would be refused, or changes nothing, is not tested.
int save(const ServerChoice& server, const std::string& method, const boost::json::object& edit,
         const ConnectorArguments& arguments, Output output)
{
    const std::string body = serialize(edit);
    std::optional<CopyTest> test;
    if (!arguments.inbound && !arguments.dry_run && !disables(arguments)) {
        int code = kDone;
        const auto text =
            ask_server(server, method, target_of(arguments) + "dry-run=yes", body, code);
        if (!text) return code;
        const value would = parse_answer(*text);
        if (would.is_null()) return kFailed;
        const bool saved =
            text_of(would, "governed_by") == "directory" && !rows_of(would, "changes").empty();
        if (saved) {
            test = arguments.no_test ? CopyTest{{}, "--no-test", {}}
                                     : test_copy(server, arguments, edit);
        }
    }
    return change(server, method, target_of(arguments), body, arguments, output, test);
}

}  // namespace

int connector_list(const ServerChoice& server, const ConnectorArguments& arguments, Output output)
{
    std::string target = "/v1/objects?kind=" + kind_of(arguments);
    if (!arguments.organization.empty()) {
        target += "&organization=" + admin::percent_encode(arguments.organization);
    }
    int code = kDone;
    const auto text = ask_server(server, "GET", target, {}, code);
    if (!text) return code;
    value answer = parse_answer(*text);
    if (answer.is_null()) return kFailed;
    auto* const rows = answer.as_object()["objects"].if_array();
    if (rows != nullptr && !arguments.inbound) code = add_validations(server, *rows);
    if (code != kDone) return code;
    if (output == Output::Json) {
        std::printf("%s\n", serialize(answer).c_str());
    } else {
        show_list(rows_of(answer, "objects"), arguments.inbound);
    }
    return kDone;
}

int connector_show(const ServerChoice& server, const ConnectorArguments& arguments, Output output)
{
    if (arguments.history)
        return call_server(server, "GET", target_of(arguments, "/history"), output, show_history);
    int code = kDone;
    const auto text = ask_server(server, "GET", target_of(arguments), {}, code);
    if (!text) return code;
    boost::json::array one{parse_answer(*text)};
    if (one.front().is_null()) return kFailed;
    if (!arguments.inbound) code = add_validations(server, one);
    if (code != kDone) return code;
    if (output == Output::Json) {
        std::printf("%s\n", serialize(one.front()).c_str());
    } else {
        show_one(one.front());
    }
    return kDone;
}

int connector_add(const ServerChoice& server, const ConnectorArguments& arguments, Output output)
{
    const auto edit = edit_of(arguments);
    if (!edit) return kUsage;
    return save(server, "POST", *edit, arguments, output);
}

int connector_set(const ServerChoice& server, const ConnectorArguments& arguments, Output output)
{
    auto edit = edit_of(arguments);
    if (!edit) return kUsage;
    int code = kDone;
    const auto version = version_of(server, arguments, code);
    if (!version) return code;
    (*edit)["version"] = *version;
    return save(server, "PATCH", *edit, arguments, output);
}

int connector_remove(const ServerChoice& server, const ConnectorArguments& arguments, Output output)
{
    int code = kDone;
    const auto version = version_of(server, arguments, code);
    if (!version) return code;
    const std::string target = target_of(arguments) + fmt::format("version={}", *version);
    return change(server, "DELETE", target, {}, arguments, output);
}

}  // namespace hermetic::cli
