#include "cli/queue_commands.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/queue_words.h"
#include "cli/server_call.h"
#include "dispatch/selection_change.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

constexpr std::size_t kPage = 200;  // rows with their recipients

std::string list_text(const value& object, std::string_view key)
{
    const auto* member = object.as_object().if_contains(key);
    std::string text;
    if (member == nullptr || !member->is_array()) return text;
    for (const value& each : member->as_array()) {
        if (!text.empty()) text += ", ";
        text +=
            each.is_string() ? std::string{each.as_string().c_str()} : boost::json::serialize(each);
    }
    return text;
}

void for_each(const value& body, std::string_view key, const std::function<void(const value&)>& use)
{
    const auto* list = body.as_object().if_contains(key);
    if (list == nullptr || !list->is_array()) return;
    for (const value& each : list->as_array()) use(each);
}

void show_message(const value& body)
{
    for_each(body, "causes", [](const value& cause) {
        std::printf("%-16s %s\n", "cause", format_cause(cause).c_str());
    });
    for (const auto& [key, member] : body.as_object()) {
        const std::string name{key};
        if (name == "causes") continue;
        const std::string text = member.is_array() ? list_text(body, name)
                                 : name == "age"   ? format_age(number_of(body, name))
                                                   : text_of(body, name);
        if (!text.empty()) std::printf("%-16s %s\n", name.c_str(), text.c_str());
    }
}

// Of a list without rows, and asked for then alone.
std::string describe_nothing(const QueueArguments& arguments)
{
    if (arguments.selection.query().empty()) return format_nothing(Listed::Everything, 0);
    int code = kDone;
    const auto answer = ask_server(arguments.server, "GET", "/v1/status", {}, code);
    const value status = answer ? parse_answer(*answer) : value{};
    const auto* object = status.if_object();
    const auto* queue = object == nullptr ? nullptr : object->if_contains("queue");
    const std::int64_t queued = queue == nullptr ? 0 : number_of(*queue, "messages");
    return format_nothing(Listed::Selection, queued);
}

void remark_unread(const value& body)
{
    const std::int64_t unread = number_of(body, "unread");
    if (unread > 0) remark(dispatch::describe_unread(static_cast<std::uint64_t>(unread)));
}

}  // namespace

int queue_list(const QueueArguments& arguments)
{
    boost::json::object all{{"messages", boost::json::array{}}};
    auto& messages = all["messages"].as_array();
    std::int64_t unread = 0;
    std::string cursor = "0";
    while (!cursor.empty() && messages.size() < arguments.limit) {
        const std::size_t rows = std::min(arguments.limit - messages.size(), kPage);
        const std::string target =
            fmt::format("/v1/queue?limit={}&cursor={}", rows, cursor) + arguments.selection.query();
        int code = kDone;
        const auto answer = ask_server(arguments.server, "GET", target, {}, code);
        if (!answer) return code;
        const auto body = parse_answer(*answer);
        if (body.is_null()) return kFailed;
        for_each(body, "messages", [&](const value& each) { messages.push_back(each); });
        cursor = text_of(body, "cursor");
        unread += number_of(body, "unread");
    }
    all["unread"] = unread;
    if (!cursor.empty()) all["cursor"] = boost::json::parse(cursor);
    if (arguments.json) {
        std::printf("%s\n", boost::json::serialize(all).c_str());
    } else {
        const std::string if_empty = messages.empty() ? describe_nothing(arguments) : "";
        std::fputs(format_list(all, if_empty).c_str(), stdout);
        remark_unread(all);
    }
    return kDone;
}

int queue_summary(const QueueArguments& arguments)
{
    const std::string target =
        fmt::format("/v1/queue/summary?limit={}", arguments.limit) + arguments.selection.query();
    const auto show = [&arguments](const value& body) {
        std::string text = format_summary(body, {});
        if (text.empty()) text = describe_nothing(arguments);
        std::fputs(text.c_str(), stdout);
        remark_unread(body);
    };
    return call_server(arguments.server, "GET", target, arguments.output(), show);
}

int queue_destinations(const QueueArguments& arguments)
{
    return call_server(
        arguments.server, "GET", "/v1/destinations", arguments.output(),
        [](const value& body) { std::fputs(format_destinations(body).c_str(), stdout); });
}

int queue_show(const QueueArguments& arguments)
{
    return call_server(arguments.server, "GET", "/v1/queue/" + admin::percent_encode(arguments.id),
                       arguments.output(), show_message);
}

int queue_view(const QueueArguments& arguments)
{
    const std::string target = fmt::format("/v1/queue/{}/{}", admin::percent_encode(arguments.id),
                                           arguments.body ? "message" : "header");
    const auto show = [](const value& body) {
        const auto line = [](const value& each) {
            std::printf("%s\n", each.is_string() ? each.as_string().c_str() : "");
        };
        for_each(body, "header", line);
        if (body.as_object().contains("body")) std::puts("");
        for_each(body, "body", line);
        if (text_of(body, "whole") == "true") return;
        remark(fmt::format("(this is the beginning; the message has {} octets)",
                           text_of(body, "size")));
    };
    return call_server(arguments.server, "GET", target, arguments.output(), show);
}

}  // namespace hermetic::cli
