#include "lab/configuration.h"

#include "lab/partners.h"

#include <fmt/format.h>

namespace hermetic::lab {
namespace {

// TOML basic string (TOML 1.0 §String): paths may hold quotes and backslashes.
std::string toml_string(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

std::string format_node_file(const Lab& lab, const ServerPlan& plan)
{
    std::string text = fmt::format("hostname = {}\n", toml_string(kSenderHost));
    text += fmt::format("data_directory = {}\n", toml_string(plan.data_directory.string()));
    text += "organization_file = \"org.toml\"\n\n";
    text += "[[listener]]\nname = \"mx\"\nrole = \"relay\"\n";
    text += fmt::format("addresses = [{}]\ntls = \"starttls\"\n\n", toml_string(plan.listener));
    text += fmt::format("[resolver]\nforward = [{}]\n", toml_string(lab.dns_endpoint().format()));
    // The lab's zone is unsigned. An anchor for a name that nobody asks for takes the place of the
    // root's, under which lab.test could only be bogus.
    text += fmt::format("trust_anchors = [\"signed.invalid. IN DS 1 13 2 {}\"]\n\n",
                        std::string(64, 'a'));
    text += fmt::format("[delivery]\nport = {}\nallow_loopback = true\n", lab.port());
    for (const auto* const option : {"connect", "greeting", "command", "data", "data_end"}) {
        text += fmt::format("{}_timeout = \"{}s\"\n", option, plan.patience.count());
    }
    text += "\n";
    text += "[log]\nformat = \"json\"\n";
    if (!plan.log_file.empty()) text += fmt::format("file = {}\n", toml_string(plan.log_file));
    return text;
}

std::string format_org_file(const Lab& lab)
{
    std::string text =
        "[organization]\nname = \"Lab\"\npostmaster = \"postmaster@notices.lab.test\"\n\n";
    text += "[[inbound_connector]]\nname = \"this-machine\"\nkind = \"on_premises\"\n";
    text += "networks = [\"127.0.0.0/8\"]\nmay_relay = true\n";
    for (const auto& partner : lab.partners()) {
        if (partner.behaviour->protocol != Protocol::Lmtp || !partner.is_running) continue;
        text += fmt::format("\n[[accepted_domain]]\nname = {}\nkind = \"authoritative\"\n",
                            toml_string(partner.domain));
        text += fmt::format("next_hop = {}\nrecipients = \"any\"\n",
                            toml_string("lmtp://" + partner.address.format()));
    }
    return text;
}

}  // namespace hermetic::lab
