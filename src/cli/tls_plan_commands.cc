#include "cli/tls_plan_commands.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/object_commands.h"
#include "cli/server_call.h"
#include "cli/table.h"
#include "config/document.h"
#include "config/kinds.h"
#include "objects/org_file.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

void for_each(const value& body, std::string_view key, const std::function<void(const value&)>& use)
{
    const auto* object = body.if_object();
    const auto* list = object != nullptr ? object->if_contains(key) : nullptr;
    if (list == nullptr || !list->is_array()) return;
    for (const value& each : list->as_array()) use(each);
}

std::string query_part(std::string_view name, const std::string& text)
{
    if (text.empty()) return {};
    return fmt::format("&{}={}", name, admin::percent_encode(text));
}

void show_ratchet(const value& body)
{
    Table table{{{"destination", Table::Align::Left, 40},
                 {"expected", Table::Align::Left, 44},
                 {"required now", Table::Align::Left, 44},
                 {"last", Table::Align::Left, 36},
                 {"last seen"},
                 {"fell"},
                 {"state", Table::Align::Left, 40}}};
    for_each(body, "destinations", [&](const value& each) {
        table.add({text_of(each, "destination"), text_of(each, "expected"),
                   text_of(each, "held_to"), text_of(each, "last"), text_of(each, "last_seen"),
                   text_of(each, "fell"), text_of(each, "state")});
    });
    std::fputs(
        table.empty() ? "no destination fell below what it always had\n" : table.format().c_str(),
        stdout);
    const std::string mass = text_of(body, "mass_stripping_since");
    if (!mass.empty())
        std::printf("Mass stripping since %s: TLS is required of every destination that had it.\n",
                    mass.c_str());
}

std::string join_texts(const value& plan, std::string_view key)
{
    std::string text;
    for_each(plan, key, [&](const value& each) {
        if (!text.empty()) text += ", ";
        text += each.is_string() ? each.as_string().c_str() : "";
    });
    return text;
}

void show_plan(const value& plan)
{
    std::printf("%s: %s, %s, from %s to %s\n", text_of(plan, "plan").c_str(),
                text_of(plan, "direction").c_str(), join_texts(plan, "versions").c_str(),
                text_of(plan, "start").c_str(), text_of(plan, "end").c_str());
    const auto* share = plan.as_object().if_contains("share_percent");
    const double percent = share != nullptr && share->is_double()  ? share->as_double()
                           : share != nullptr && share->is_int64() ? double(share->as_int64())
                                                                   : 0.0;
    const std::string phase = text_of(plan, "phase");
    std::printf(
        "  %s\n",
        phase == "before" ? "It has not started: no session is affected."
        : phase == "over"
            ? "It is over: these versions are no longer accepted."
            : fmt::format("{:.1f} % of peers are refused temporarily or deferred now.", percent)
                  .c_str());
    for_each(plan, "exceptions", [&](const value& each) {
        const std::string until = text_of(each, "until");
        std::printf("  exempt: connector %s%s%s\n", text_of(each, "connector").c_str(),
                    until.empty() ? "" : " until ", until.c_str());
    });
    Table table{{{"peer", Table::Align::Left, 40},
                 {"name", Table::Align::Left, 36},
                 {"sender", Table::Align::Left, 28},
                 {"version"},
                 {"sessions", Table::Align::Right},
                 {"last seen"},
                 {"now", Table::Align::Left, 30}}};
    for_each(plan, "concerned", [&](const value& each) {
        const std::string exempt = text_of(each, "exempt_by");
        std::string now = text_of(each, "deferred_now") == "true" ? "deferred" : "passes";
        if (!exempt.empty()) now = "exempt by " + exempt;
        if (text_of(each, "newer_since") == "true") now += ", newer since";
        table.add({text_of(each, "peer"), text_of(each, "name"), text_of(each, "sender_domain"),
                   text_of(each, "version"), text_of(each, "sessions"), text_of(each, "last_seen"),
                   now});
    });
    std::fputs(table.empty() ? "  No peer has used these versions.\n" : table.format().c_str(),
               stdout);
}

// Who would be concerned by plans that nobody has made.
void show_without_plan(const value& body, bool no_plan)
{
    Table table{{{"direction"},
                 {"peer", Table::Align::Left, 40},
                 {"name", Table::Align::Left, 36},
                 {"sender", Table::Align::Left, 28},
                 {"version"},
                 {"sessions", Table::Align::Right},
                 {"last seen"},
                 {"since"}}};
    for_each(body, "without_plan", [&](const value& each) {
        table.add({text_of(each, "direction"), text_of(each, "peer"), text_of(each, "name"),
                   text_of(each, "sender_domain"), text_of(each, "version"),
                   text_of(each, "sessions"), text_of(each, "last_seen"),
                   text_of(each, "newer_since") == "true" ? "newer" : ""});
    });
    if (table.empty()) {
        if (no_plan) std::puts("there is no plan, and no peer has used TLS 1.0 or 1.1");
        return;
    }
    std::printf(
        "%sPeers with old versions that are in no plan (`hermetic retire plan` creates one):\n%s",
        no_plan ? "" : "\n", table.format().c_str());
}

void show_plans(const value& body)
{
    bool first = true;
    for_each(body, "plans", [&](const value& each) {
        if (!first) std::puts("");
        first = false;
        show_plan(each);
    });
    show_without_plan(body, first);
}

void show_exceptions(const value& body)
{
    Table table{{{"object"},
                 {"name", Table::Align::Left, 36},
                 {"organization", Table::Align::Left, 24},
                 {"weaker", Table::Align::Left, 60},
                 {"until"},
                 {"state"},
                 {"reason", Table::Align::Left, 60}}};
    for_each(body, "exceptions", [&](const value& each) {
        const std::string state = text_of(each, "ended") == "true"      ? "ended"
                                  : text_of(each, "enabled") == "false" ? "disabled"
                                                                        : "holds";
        table.add({text_of(each, "kind"), text_of(each, "name"), text_of(each, "organization"),
                   text_of(each, "weaker"), text_of(each, "valid_until"), state,
                   text_of(each, "reason")});
    });
    std::fputs(table.empty() ? "there is no exception\n" : table.format().c_str(), stdout);
}

boost::json::object fields_of(const RetireArguments& arguments)
{
    boost::json::array versions;
    for (const std::string& each : arguments.versions) versions.emplace_back(each);
    return {{"direction", arguments.direction},
            {"versions", versions},
            {"start", arguments.start},
            {"end", arguments.end}};
}

// Of the plan alone, as `hermetic apply` would say them: the objects beside it are the server's.
config::Diagnostics find_faults(const RetireArguments& arguments)
{
    const std::string owner =
        arguments.organization.empty() ? std::string{"Example"} : arguments.organization;
    const std::string text =
        fmt::format("[[organization]]\nname = {}\npostmaster = \"postmaster@example.org\"\n\n",
                    config::quote(owner)) +
        format_plan(arguments);
    const auto document = config::parse_document(text, {});
    if (!document) return {document.error()};
    const auto contents = objects::read_org_document(*document, {});
    return contents ? config::Diagnostics{} : contents.error();
}

}  // namespace

int ratchet_list(const ServerChoice& server, const RatchetArguments& arguments, Output output)
{
    const std::string target = std::string{"/v1/ratchet?all="} + (arguments.all ? "yes" : "no") +
                               query_part("destination", arguments.destination);
    return call_server(server, "GET", target, output, show_ratchet);
}

int exceptions_list(const ServerChoice& server, Output output)
{
    return call_server(server, "GET", "/v1/exceptions", output, show_exceptions);
}

int ratchet_accept(const ServerChoice& server, const RatchetArguments& arguments, Output output)
{
    const std::string target =
        "/v1/ratchet/accept?destination=" + admin::percent_encode(arguments.destination) +
        query_part("organization", arguments.organization);
    return call_server(server, "POST", target, output, [](const value& body) {
        std::printf("%s %s of its messages are tried now.\n", text_of(body, "done").c_str(),
                    text_of(body, "tried").c_str());
    });
}

std::string format_plan(const RetireArguments& arguments)
{
    std::string versions;
    for (const std::string& each : arguments.versions) {
        if (!versions.empty()) versions += ", ";
        versions += config::quote(each);
    }
    std::string text = fmt::format("[[retirement]]\nname = {}\n", config::quote(arguments.name));
    if (!arguments.organization.empty())
        text += fmt::format("organization = {}\n", config::quote(arguments.organization));
    return text + fmt::format("direction = {}\nversions = [{}]\nstart = {}\nend = {}\n",
                              config::quote(arguments.direction), versions,
                              config::quote(arguments.start), config::quote(arguments.end));
}

int retire_plan(const ServerChoice& server, const RetireArguments& arguments, Output output)
{
    if (arguments.dry_run && output == Output::Table) {
        if (const auto faults = find_faults(arguments); !faults.empty()) {
            Complaint complaint = complaint_of(faults);
            complaint.diagnostics.clear();  // lines of a text that nobody has written
            complain(complaint);
            return kFailed;
        }
        std::fputs(format_plan(arguments).c_str(), stdout);
        return kDone;
    }
    std::string target = "/v1/objects/retirement/" + admin::percent_encode(arguments.name) + "?";
    target += query_part("organization", arguments.organization);
    if (arguments.dry_run) target += "&dry-run=yes";
    const boost::json::object body{{"set", fields_of(arguments)}};
    int code = kDone;
    const auto answer = ask_server(server, "POST", target, boost::json::serialize(body), code);
    if (!answer) return code;
    if (output == Output::Json) {
        std::puts(answer->c_str());
    } else {
        std::fputs(format_changes(parse_answer(*answer)).c_str(), stdout);
    }
    return kDone;
}

int retire_status(const ServerChoice& server, const RetireArguments& arguments, Output output)
{
    std::string target = "/v1/retirement?";
    target += query_part("plan", arguments.name);
    target += query_part("organization", arguments.organization);
    if (!arguments.csv) return call_server(server, "GET", target, output, show_plans);
    return print_from_server(server, target + "&format=csv");
}

}  // namespace hermetic::cli
