#include "cli/certificate_commands.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/server_call.h"
#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

std::vector<value> rows_of(const value& body)
{
    const auto* list = body.as_object().if_contains("certificates");
    if (list == nullptr || !list->is_array()) return {};
    return {list->as_array().begin(), list->as_array().end()};
}

std::vector<std::string> texts_in(const value& row, std::string_view key)
{
    std::vector<std::string> texts;
    const auto* list = row.as_object().if_contains(key);
    if (list == nullptr || !list->is_array()) return texts;
    for (const value& each : list->as_array())
        texts.emplace_back(each.is_string() ? each.as_string().c_str() : "");
    return texts;
}

std::string join_texts(const value& row, std::string_view key)
{
    std::string text;
    for (const std::string& each : texts_in(row, key)) text += (text.empty() ? "" : ", ") + each;
    return text;
}

std::string state_of(const value& row)
{
    if (row.as_object().contains("stand_in")) return "a stand-in is in use";
    if (text_of(row, "ended") == "true") return "EXPIRED";
    return text_of(row, "ends_soon") == "true" ? "expires soon" : "good";
}

std::string acme_of(const value& row)
{
    const auto* acme = row.as_object().if_contains("acme");
    if (acme == nullptr) return {};
    if (text_of(*acme, "under_way") == "true") return "being ordered";
    const std::string failures = text_of(*acme, "failures");
    if (failures == "0") return "renewal from " + text_of(*acme, "next");
    return fmt::format("{} failed, next {}: {}", failures, text_of(*acme, "next"),
                       text_of(*acme, "error"));
}

void show_list(const value& body)
{
    Table table{{{"name", Table::Align::Left, 24},
                 {"organization", Table::Align::Left, 24},
                 {"used by", Table::Align::Left, 30},
                 {"names", Table::Align::Left, 48},
                 {"issuer", Table::Align::Left, 40},
                 {"until"},
                 {"state"},
                 {"acme", Table::Align::Left, 120}}};
    for (const value& each : rows_of(body)) {
        const std::string listeners = join_texts(each, "listeners");
        table.add({text_of(each, "name"), text_of(each, "organization"),
                   listeners.empty() ? "connectors" : listeners, join_texts(each, "names"),
                   text_of(each, "issuer"), text_of(each, "not_after"), state_of(each),
                   acme_of(each)});
    }
    std::fputs(table.empty() ? "no certificate is in use\n" : table.format().c_str(), stdout);
}

int print_records(const value& body, const std::string& name, Output output)
{
    boost::json::array records;
    std::string known;
    bool found = name.empty();
    for (const value& each : rows_of(body)) {
        known += (known.empty() ? "\"" : ", \"") + text_of(each, "name") + "\"";
        if (!name.empty() && text_of(each, "name") != name) continue;
        found = true;
        for (const std::string& record : texts_in(each, "tlsa")) records.emplace_back(record);
    }
    if (!found) {
        complain({"there is no certificate \"" + name + "\" in use", known, "not-found"});
        return kFailed;
    }
    if (records.empty()) {
        complain({"there is no DNS record to publish",
                  "a certificate that a listener uses and that is not a stand-in"});
        return kFailed;
    }
    if (output == Output::Json) {
        std::printf("%s\n", serialize(boost::json::object{{"records", records}}).c_str());
        return kDone;
    }
    for (const value& each : records) std::printf("%s\n", each.as_string().c_str());
    return kDone;
}

void add_server(CLI::App* command, CertificateArguments& arguments)
{
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of text");
}

}  // namespace

int certificate_list(const ServerChoice& server, Output output)
{
    return call_server(server, "GET", "/v1/certificates", output, show_list);
}

int certificate_tlsa(const ServerChoice& server, const std::string& name, Output output)
{
    int code = kDone;
    const auto text = ask_server(server, "GET", "/v1/certificates", {}, code);
    if (!text) return code;
    const value body = parse_answer(*text);
    return body.is_null() ? kFailed : print_records(body, name, output);
}

int certificate_renew(const ServerChoice& server, const std::string& name, Output output)
{
    const std::string target = "/v1/certificates/" + admin::percent_encode(name) + "/renew";
    return call_server(server, "POST", target, output, [](const value& body) {
        std::printf("%s\n", text_of(body, "done").c_str());
    });
}

void add_certificate_commands(CLI::App& app, CertificateArguments& arguments, int& result)
{
    auto* certificate = app.get_subcommand("certificate");
    auto* list = certificate->add_subcommand(
        "list",
        "Certificates in use by listeners and connectors, their expiry, and the state of ACME");
    add_server(list, arguments);
    list->callback([&] { result = certificate_list(arguments.server, arguments.output()); });
    auto* tlsa = certificate->add_subcommand(
        "tlsa", "The DNS records (DANE) to publish for the certificates of listeners");
    add_server(tlsa, arguments);
    tlsa->add_option("name", arguments.name, "One certificate");
    tlsa->callback(
        [&] { result = certificate_tlsa(arguments.server, arguments.name, arguments.output()); });
    auto* renew = certificate->add_subcommand(
        "renew", "Order it by ACME now, after the cause of a failure was repaired");
    add_server(renew, arguments);
    renew->add_option("name", arguments.name, "Its name in hermetic.toml")->required();
    renew->callback(
        [&] { result = certificate_renew(arguments.server, arguments.name, arguments.output()); });
}

}  // namespace hermetic::cli
