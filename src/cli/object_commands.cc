#include "cli/object_commands.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/connector_save.h"
#include "cli/connector_validations.h"
#include "cli/object_table.h"
#include "cli/server_call.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

std::string target_of(const ObjectChoice& object, const std::string& more = {})
{
    std::string target =
        fmt::format("/v1/objects/{}/{}{}?", object.kind, admin::percent_encode(object.name), more);
    if (!object.organization.empty())
        target += "organization=" + admin::percent_encode(object.organization) + "&";
    return target;
}

std::vector<value> rows_of(const value& answer, std::string_view key)
{
    const auto* list = answer.as_object().if_contains(key);
    if (list == nullptr || !list->is_array()) return {};
    return {list->as_array().begin(), list->as_array().end()};
}

// "key=value"… as a body; nullopt after having said which is none.
std::optional<boost::json::object> edit_of(const ObjectChoice& object)
{
    boost::json::object set;
    boost::json::array unset;
    for (const std::string& each : object.fields) {
        const auto equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            complain({"\"" + each + "\" is not a field", "KEY=VALUE", "usage"});
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
std::optional<std::uint64_t> version_of(const ServerChoice& server, const ObjectChoice& object,
                                        int& code)
{
    if (object.version) return object.version;
    const auto text = ask_server(server, "GET", target_of(object), {}, code);
    if (!text) return std::nullopt;
    const value found = parse_answer(*text);
    code = kFailed;
    if (found.is_null()) return std::nullopt;
    return static_cast<std::uint64_t>(number_of(found, "version"));
}

// `target` with its terms.
int change(const ServerChoice& server, const std::string& method, std::string target,
           const std::string& body, const ObjectChoice& object, Output output,
           const std::optional<CopyTest>& test = std::nullopt)
{
    int code = kDone;
    if (object.dry_run) target += "dry-run=yes&";
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
    print_warnings(answer);
    if (test && speaks_to_people()) std::fputs(format_warning(*test, object.name).c_str(), stderr);
    return object.dry_run && !changes.empty() ? kWouldChange : kDone;
}

bool disables(const ObjectChoice& object)
{
    return std::ranges::find(object.fields, "enabled=false") != object.fields.end();
}

// An outbound connector is tested before it is saved. What would be refused, or changes nothing, is
// not tested.
int save(const ServerChoice& server, const std::string& method, const boost::json::object& edit,
         const ObjectChoice& object, Output output)
{
    const std::string body = serialize(edit);
    std::optional<CopyTest> test;
    if (object.is_tested() && !object.dry_run && !disables(object)) {
        int code = kDone;
        const auto text = ask_server(server, method, target_of(object) + "dry-run=yes", body, code);
        if (!text) return code;
        const value would = parse_answer(*text);
        if (would.is_null()) return kFailed;
        const bool saved =
            text_of(would, "managed_by") == "directory" && !rows_of(would, "changes").empty();
        if (saved) {
            test = object.no_test ? CopyTest{{}, "--no-test", {}} : test_copy(server, object, edit);
        }
    }
    return change(server, method, target_of(object), body, object, output, test);
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

}  // namespace

int object_list(const ServerChoice& server, const ObjectChoice& object, Output output)
{
    std::string target = "/v1/objects?kind=" + object.kind;
    if (!object.organization.empty())
        target += "&organization=" + admin::percent_encode(object.organization);
    int code = kDone;
    const auto text = ask_server(server, "GET", target, {}, code);
    if (!text) return code;
    value answer = parse_answer(*text);
    if (answer.is_null()) return kFailed;
    auto* const rows = answer.as_object()["objects"].if_array();
    if (rows != nullptr && object.is_tested()) code = add_validations(server, *rows);
    if (code != kDone) return code;
    if (output == Output::Json) {
        std::printf("%s\n", serialize(answer).c_str());
    } else {
        std::fputs(format_objects(object.kind, rows_of(answer, "objects")).c_str(), stdout);
    }
    return kDone;
}

int object_show(const ServerChoice& server, const ObjectChoice& object, Output output)
{
    if (object.history)
        return call_server(server, "GET", target_of(object, "/history"), output, show_history);
    int code = kDone;
    const auto text = ask_server(server, "GET", target_of(object), {}, code);
    if (!text) return code;
    boost::json::array one{parse_answer(*text)};
    if (one.front().is_null()) return kFailed;
    if (object.is_tested()) code = add_validations(server, one);
    if (code != kDone) return code;
    if (output == Output::Json) {
        std::printf("%s\n", serialize(one.front()).c_str());
    } else {
        std::fputs(format_object(one.front()).c_str(), stdout);
    }
    return kDone;
}

int object_add(const ServerChoice& server, const ObjectChoice& object, Output output)
{
    const auto edit = edit_of(object);
    if (!edit) return kUsage;
    return save(server, "POST", *edit, object, output);
}

int object_set(const ServerChoice& server, const ObjectChoice& object, Output output)
{
    auto edit = edit_of(object);
    if (!edit) return kUsage;
    int code = kDone;
    const auto version = version_of(server, object, code);
    if (!version) return code;
    (*edit)["version"] = *version;
    return save(server, "PATCH", *edit, object, output);
}

int object_remove(const ServerChoice& server, const ObjectChoice& object, Output output)
{
    int code = kDone;
    const auto version = version_of(server, object, code);
    if (!version) return code;
    const std::string target = target_of(object) + fmt::format("version={}&", *version);
    return change(server, "DELETE", target, {}, object, output);
}

}  // namespace hermetic::cli
