#include "admin/client.h"
#include "cli/commands.h"
#include "cli/server_call.h"
#include "cli/table.h"

#include <boost/json.hpp>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

void show_hosts(const value& body)
{
    Table table{{{"host", Table::Align::Left, 50},
                 {"remembered", Table::Align::Left, 26},
                 {"for", Table::Align::Right},
                 {"for mail to", Table::Align::Left, 40},
                 {"policy", Table::Align::Left, 60}}};
    const auto* hosts = body.as_object().if_contains("hosts");
    if (hosts == nullptr || !hosts->is_array()) return;
    for (const value& each : hosts->as_array()) {
        table.add({text_of(each, "host"), text_of(each, "what"), text_of(each, "for"),
                   text_of(each, "destination"), text_of(each, "policy")});
    }
    std::fputs(table.empty() ? "nothing is remembered\n" : table.format().c_str(), stdout);
}

void show_done(const value& body)
{
    std::printf("%s\n", text_of(body, "done").c_str());
}

}  // namespace

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

}  // namespace hermetic::cli
