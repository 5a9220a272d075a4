#include "admin/client.h"
#include "cli/commands.h"
#include "cli/server_call.h"
#include "cli/table.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

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

void show_list(const value& body)
{
    Table table{{{"id", Table::Align::Left, 26},
                 {"state"},
                 {"from", Table::Align::Left, 30},
                 {"destination", Table::Align::Left, 34},
                 {"size", Table::Align::Right},
                 {"tries", Table::Align::Right},
                 {"next", Table::Align::Left, 20},
                 {"reason", Table::Align::Left, 44}}};
    for_each(body, "messages", [&](const value& each) {
        const std::string waits_for = text_of(each, "waits_for");
        table.add({text_of(each, "id"), text_of(each, "state"), text_of(each, "from"),
                   text_of(each, "destination"), text_of(each, "size"), text_of(each, "attempts"),
                   text_of(each, "next_attempt"),
                   waits_for.empty() ? text_of(each, "last_reason") : waits_for});
    });
    if (table.empty()) {
        std::puts("nothing waits");
        return;
    }
    std::fputs(table.format().c_str(), stdout);
    const std::string cursor = text_of(body, "cursor");
    if (!cursor.empty()) std::puts("(there are more: --limit)");
}

void show_destinations(const value& body)
{
    Table table{{{"destination", Table::Align::Left, 50},
                 {"waiting", Table::Align::Right},
                 {"deferred", Table::Align::Right},
                 {"held", Table::Align::Right},
                 {"connections", Table::Align::Right},
                 {"limit", Table::Align::Right},
                 {"rests until"},
                 {"last", Table::Align::Left, 40}}};
    for_each(body, "destinations", [&](const value& each) {
        table.add({text_of(each, "destination"), text_of(each, "waiting"),
                   text_of(each, "deferred"), text_of(each, "held"), text_of(each, "connections"),
                   text_of(each, "limit"), text_of(each, "rests_until"),
                   text_of(each, "last_reason")});
    });
    std::fputs(table.empty() ? "nothing waits\n" : table.format().c_str(), stdout);
}

void show_hosts(const value& body)
{
    Table table{{{"host", Table::Align::Left, 50},
                 {"remembered", Table::Align::Left, 24},
                 {"for", Table::Align::Right},
                 {"policy", Table::Align::Left, 60}}};
    for_each(body, "hosts", [&](const value& each) {
        table.add({text_of(each, "host"), text_of(each, "what"), text_of(each, "for"),
                   text_of(each, "policy")});
    });
    std::fputs(table.empty() ? "nothing is remembered\n" : table.format().c_str(), stdout);
}

// "3 attempts, 1 to 4, last 2026-11-30T12:00:00.000Z, mx.example.org: connect.refused, …"
std::string cause_text(const value& cause)
{
    const std::string count = text_of(cause, "attempts");
    const std::string host = text_of(cause, "host");
    return fmt::format("{} attempt{}, {} to {}, last {}{}{}: {}, {}", count,
                       count == "1" ? "" : "s", text_of(cause, "first"), text_of(cause, "last"),
                       text_of(cause, "last_at"), host.empty() ? "" : ", ", host,
                       text_of(cause, "reason"), text_of(cause, "text"));
}

void show_message(const value& body)
{
    for_each(body, "causes", [](const value& cause) {
        std::printf("%-16s %s\n", "cause", cause_text(cause).c_str());
    });
    for (const auto& [key, member] : body.as_object()) {
        const std::string name{key};
        if (name == "causes") continue;
        const std::string text = member.is_array() ? list_text(body, name) : text_of(body, name);
        if (!text.empty()) std::printf("%-16s %s\n", name.c_str(), text.c_str());
    }
}

void show_done(const value& body)
{
    std::printf("%s\n", text_of(body, "done").c_str());
}

std::string query_part(std::string_view name, const std::string& text)
{
    if (text.empty()) return {};
    return fmt::format("&{}={}", name, admin::percent_encode(text));
}

}  // namespace

int queue_list(const ServerChoice& server, const QueueFilter& filter, Output output)
{
    const std::string target = fmt::format("/v1/queue?limit={}", filter.limit) +
                               query_part("destination", filter.destination) +
                               query_part("sender", filter.sender) +
                               query_part("state", filter.state);
    return call_server(server, "GET", target, output, show_list);
}

int queue_destinations(const ServerChoice& server, Output output)
{
    return call_server(server, "GET", "/v1/destinations", output, show_destinations);
}

int hosts_list(const ServerChoice& server, Output output)
{
    return call_server(server, "GET", "/v1/hosts", output, show_hosts);
}

int hosts_forget(const ServerChoice& server, const std::string& host, Output output)
{
    const std::string target =
        "/v1/hosts" + (host.empty() ? "" : "?host=" + admin::percent_encode(host));
    return call_server(server, "DELETE", target, output, show_done);
}

int queue_show(const ServerChoice& server, const std::string& id, Output output)
{
    return call_server(server, "GET", "/v1/queue/" + admin::percent_encode(id), output,
                       show_message);
}

int queue_act(const ServerChoice& server, const std::string& action, const std::string& id,
              Output output)
{
    return call_server(server, "POST", "/v1/queue/" + admin::percent_encode(id) + "/" + action,
                       output, show_done);
}

int queue_approve(const ServerChoice& server, const std::string& id, const std::string& reason,
                  Output output)
{
    const std::string target = fmt::format(
        "/v1/queue/{}/approve?reason={}", admin::percent_encode(id), admin::percent_encode(reason));
    return call_server(server, "POST", target, output, show_done);
}

int queue_retry_all(const ServerChoice& server, const std::string& destination, Output output)
{
    return call_server(server, "POST",
                       "/v1/queue/retry?all=yes" + query_part("destination", destination), output,
                       show_done);
}

int queue_remove(const ServerChoice& server, const std::string& id, Notify notify, Output output)
{
    const std::string target = fmt::format("/v1/queue/{}?notice={}", admin::percent_encode(id),
                                           notify == Notify::Sender ? "yes" : "no");
    return call_server(server, "DELETE", target, output, show_done);
}

}  // namespace hermetic::cli
