#include "lab/run_lab.h"

#include "lab/configuration.h"
#include "lab/lab.h"
#include "lab/partners.h"
#include "lab/work_directory.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace hermetic::lab {
namespace {

void print_partners(const Lab& lab)
{
    std::size_t width = 0;
    for (const auto& partner : lab.partners()) width = std::max(width, partner.domain.size());
    fmt::print("{:<{}}  {:<14}{}\n", "domain", width, "address", "what it does");
    for (const auto& partner : lab.partners()) {
        fmt::print("{:<{}}  {:<14}{}\n", partner.domain, width,
                   partner.is_running ? partner.address.address.format() : "-",
                   partner.behaviour->summary);
    }
}

void print_how_to(const Lab& lab, const std::filesystem::path& directory)
{
    fmt::print("\nEvery partner listens on port {}, its name server on {}.\n", lab.port(),
               lab.dns_endpoint().format());
    fmt::print("What they receive: {}\n", (directory / "records.jsonl").string());
    fmt::print("Their authority, revocation list and a client certificate: {}\n",
               directory.string());
    fmt::print("A server that delivers to them and trusts their authority:\n");
    fmt::print("  SSL_CERT_FILE={} hermetic serve --config {}\n", (directory / "ca.pem").string(),
               (directory / "hermetic.toml").string());
    fmt::print("Then send to anybody at a domain above through 127.0.0.1:2525.\n");
    fmt::print("Stop with Ctrl-C.\n");
    std::fflush(stdout);
}

void print(const Lab& lab, const std::filesystem::path& directory, const LabArguments& arguments)
{
    if (arguments.json) {
        fmt::print("{}\n", format_lab_json(lab, directory));
        std::fflush(stdout);
        return;
    }
    print_partners(lab);
    print_how_to(lab, directory);
}

}  // namespace

std::string format_lab_json(const Lab& lab, const std::filesystem::path& directory)
{
    boost::json::array partners;
    for (const auto& partner : lab.partners()) {
        boost::json::object one{{"name", partner.behaviour->name}, {"domain", partner.domain}};
        one["address"] = partner.is_running ? boost::json::value(partner.address.address.format())
                                            : boost::json::value(nullptr);
        one["summary"] = partner.behaviour->summary;
        partners.push_back(std::move(one));
    }
    const boost::json::object all{{"port", lab.port()},
                                  {"dns", lab.dns_endpoint().format()},
                                  {"directory", directory.string()},
                                  {"configuration", (directory / "hermetic.toml").string()},
                                  {"ca", (directory / "ca.pem").string()},
                                  {"partners", std::move(partners)}};
    return boost::json::serialize(all);
}

void complain_in_words(const std::string& words)
{
    fmt::print(stderr, "{}\n", words);
}

int run_lab(const LabArguments& arguments)
{
    const StopSignals signals;  // before the lab's thread, which inherits the mask
    const auto directory = arguments.directory.empty() ? make_work_directory()
                                                       : use_work_directory(arguments.directory);
    if (!directory) {
        arguments.complain(
            fmt::format("The lab's directory cannot be made: {}", directory.error()));
        return 1;
    }
    Lab lab{{.port = arguments.port,
             .dns_port = arguments.dns_port,
             .only = arguments.only,
             .directory = *directory}};
    if (const auto started = lab.start(); !started) {
        arguments.complain(fmt::format("The lab cannot start: {}", describe(started.error())));
        std::error_code ignored;
        if (arguments.directory.empty()) std::filesystem::remove_all(*directory, ignored);
        return 1;
    }
    const ServerPlan plan{.data_directory = *directory / "data", .listener = "127.0.0.1:2525"};
    if (!write_text(*directory / "hermetic.toml", format_node_file(lab, plan)) ||
        !write_text(*directory / "org.toml", format_org_file(lab))) {
        arguments.complain(fmt::format("Cannot write to {}", directory->string()));
        return 1;
    }
    print(lab, *directory, arguments);
    signals.wait();
    lab.stop();
    return 0;
}

}  // namespace hermetic::lab
