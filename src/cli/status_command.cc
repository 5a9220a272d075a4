#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/server_call.h"
#include "core/text.h"
#include "core/time.h"

#include <boost/json.hpp>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

const value& member(const value& body, std::string_view key)
{
    static const value kNone = boost::json::object{};
    const auto* found = body.as_object().if_contains(key);
    return found != nullptr && found->is_object() ? *found : kNone;
}

void show_listeners(const value& body)
{
    const auto* listeners = body.as_object().if_contains("listeners");
    if (listeners == nullptr || !listeners->is_array()) return;
    for (const value& each : listeners->as_array()) {
        std::printf("listener       %s (%s) %s\n", text_of(each, "name").c_str(),
                    text_of(each, "role").c_str(), text_of(each, "address").c_str());
    }
}

void show_failed_orders(const value& body)
{
    const auto* orders = body.as_object().if_contains("acme_failed");
    if (orders == nullptr || !orders->is_array()) return;
    for (const value& each : orders->as_array()) {
        const std::string name = text_of(each, "certificate");
        std::printf(
            "certificate    %s: ACME failed %s times, next try at %s or by hermetic certificate "
            "renew %s: %s\n",
            name.c_str(), text_of(each, "failures").c_str(), text_of(each, "next").c_str(),
            name.c_str(), text_of(each, "error").c_str());
    }
}

void show_restart(const value& configuration)
{
    const auto* keys = configuration.as_object().if_contains("needs_restart");
    if (keys == nullptr || !keys->is_array() || keys->as_array().empty()) return;
    std::string text;
    for (const value& each : keys->as_array()) {
        if (!each.is_string()) continue;
        text += (text.empty() ? "" : ", ") + std::string{each.as_string()};
    }
    std::printf("               needs a restart: %s\n", text.c_str());
}

void show(const value& body)
{
    const auto uptime = format_duration(std::chrono::seconds{number_of(body, "uptime_s")});
    std::printf("server         %s, version %s, up %s (pid %s)\n",
                text_of(body, "hostname").c_str(), text_of(body, "version").c_str(), uptime.c_str(),
                text_of(body, "pid").c_str());
    show_listeners(body);
    const value& queue = member(body, "queue");
    std::printf("queue          %s messages to %s destinations, %s held, %s being delivered\n",
                text_of(queue, "messages").c_str(), text_of(queue, "destinations").c_str(),
                text_of(queue, "held").c_str(), text_of(queue, "active").c_str());
    const value& spool = member(body, "spool");
    std::printf("spool          %s; accepts new mail: %s\n", text_of(spool, "words").c_str(),
                text_of(spool, "pressure") == "none" ? "yes" : text_of(spool, "pressure").c_str());
    std::printf("resolver       %s\n", text_of(member(body, "resolver"), "words").c_str());
    const value& configuration = member(body, "configuration");
    std::printf("configuration  %s, loaded %s\n", text_of(configuration, "file").c_str(),
                text_of(configuration, "loaded_at").c_str());
    show_restart(configuration);
    const value& objects = member(body, "objects");
    std::printf("objects        revision %s, managed by %s\n", text_of(objects, "revision").c_str(),
                text_of(objects, "managed_by").c_str());
    if (number_of(objects, "organizations") == 0) {
        std::puts(
            "               NO MAIL IS ACCEPTED: there is no organization; hermetic apply FILE");
    }
    show_failed_orders(body);
    const std::string error = text_of(configuration, "last_error");
    if (!error.empty())
        std::printf("               the newest file is NOT in force: %s\n", error.c_str());
}

}  // namespace

int status(const ServerChoice& server, Output output)
{
    return call_server(server, "GET", "/v1/status", output, show);
}

int metrics(const ServerChoice& server, Output output)
{
    if (output == Output::Table) return print_from_server(server, "/metrics");
    int code = kDone;
    const auto text = ask_server(server, "GET", "/metrics", {}, code);
    if (text) std::printf("%s\n", format_metrics_json(*text).c_str());
    return code;
}

std::string format_metrics_json(std::string_view text)
{
    boost::json::array metrics;
    for (const std::string_view line : split(text, '\n')) {
        const auto space = line.rfind(' ');
        if (line.empty() || line.front() == '#' || space == std::string_view::npos) continue;
        boost::json::object metric{{"metric", line.substr(0, space)}};
        boost::system::error_code error;
        auto number = boost::json::parse(line.substr(space + 1), error);
        metric["value"] = error ? boost::json::value(line.substr(space + 1)) : std::move(number);
        metrics.push_back(std::move(metric));
    }
    return boost::json::serialize(boost::json::object{{"metrics", std::move(metrics)}});
}

}  // namespace hermetic::cli
