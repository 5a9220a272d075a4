#include "setup/files.h"

#include "config/document.h"
#include "core/assert.h"
#include "core/text.h"
#include "objects/org_file.h"
#include "tls/signing_key.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::setup {
namespace {

constexpr std::string_view kBySetup = "# Written by hermetic setup. Edit it as you like.";
constexpr std::string_view kByPackage = "# As packaged: edit it, or let hermetic setup write it.";
constexpr std::string_view kDigest = " Unedited: sha256 ";

// A TOML basic string.
std::string toml(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string toml(const std::vector<std::string>& list)
{
    std::string out = "[";
    for (const std::string& each : list) out += (out.size() > 1 ? ", " : "") + toml(each);
    return out + "]";
}

std::string digest_of(std::string_view body)
{
    return to_hex(tls::sha256(body));
}

std::string format_certificate(const WantedNode& node)
{
    if (node.certificate == CertificateKind::SelfSigned) return {};
    std::string text = "\n[[certificate]]\nname = \"mx\"\n";
    if (node.certificate == CertificateKind::Files) {
        return text + fmt::format("chain = {}\nkey = {}\n", toml(node.chain), toml(node.key));
    }
    text += fmt::format("acme = {}\nacme_domains = {}\n", toml(node.acme),
                        toml(std::vector<std::string>{node.hostname}));
    if (!node.acme_contact.empty())
        text += fmt::format("acme_contact = {}\n", toml(node.acme_contact));
    if (!node.acme_ca.empty()) text += fmt::format("acme_ca = {}\n", toml(node.acme_ca));
    if (!node.acme_eab_key_id.empty())
        text += fmt::format("acme_eab_key_id = {}\n", toml(node.acme_eab_key_id));
    if (!node.acme_eab_hmac_file.empty())
        text += fmt::format("acme_eab_hmac_file = {}\n", toml(node.acme_eab_hmac_file));
    return text + fmt::format("\n# Answered only during an order.\n[acme]\nhttp = {}\n",
                              toml(node.acme_http));
}

}  // namespace

Author find_author(std::string_view text)
{
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return Author::Person;
    const std::string_view first = text.substr(0, end);
    const auto at = first.find(kDigest);
    if (at == std::string_view::npos ||
        first.substr(at + kDigest.size()) != digest_of(text.substr(end + 1)))
        return Author::Person;
    if (first.substr(0, at) == kBySetup) return Author::Setup;
    return first.substr(0, at) == kByPackage ? Author::Package : Author::Person;
}

std::string sign(std::string_view body, Author author)
{
    HERMETIC_ASSERT(author != Author::Person);
    return fmt::format("{}{}{}\n{}", author == Author::Setup ? kBySetup : kByPackage, kDigest,
                       digest_of(body), body);
}

std::string format_node_file(const WantedNode& node, const std::string& organization_file)
{
    std::string text =
        "# This node. Every option: /usr/share/doc/hermetic/docs/reference/node.md\n"
        "# After a change: hermetic check. A running server applies it by itself.\n\n";
    text += fmt::format("hostname = {}\ndata_directory = {}\norganization_file = {}\n",
                        toml(node.hostname), toml(node.data_directory), toml(organization_file));
    text += fmt::format("\n[[listener]]\nname = \"mx\"\naddresses = {}\n", toml(node.listen));
    if (node.certificate != CertificateKind::SelfSigned) text += "certificates = [\"mx\"]\n";
    text += format_certificate(node);
    if (!node.forward.empty() || !node.trust_anchors.empty()) text += "\n[resolver]\n";
    if (!node.forward.empty()) text += fmt::format("forward = {}\n", toml(node.forward));
    if (!node.trust_anchors.empty())
        text += fmt::format("trust_anchors = {}\n", toml(node.trust_anchors));
    return sign(text, Author::Setup);
}

std::string format_organization_file(const WantedOrganization& organization)
{
    std::string text =
        "# The organization: which domains mail is accepted for, where it goes, who may send\n"
        "# through here. Every option: /usr/share/doc/hermetic/docs/reference/org.md\n\n";
    text += fmt::format("[organization]\nname = {}\npostmaster = {}\n", toml(organization.name),
                        toml(organization.postmaster));
    for (const auto& each : organization.domains) {
        text += fmt::format("\n[[accepted_domain]]\nname = {}\nnext_hop = {}\n", toml(each.name),
                            toml(each.next_hop));
    }
    if (!organization.relay_networks.empty()) {
        text += fmt::format(
            "\n[[inbound_connector]]\nname = \"our servers\"\nkind = \"on_premises\"\n"
            "networks = {}\nmay_relay = true\n",
            toml(organization.relay_networks));
    }
    return sign(text, Author::Setup);
}

config::Diagnostics judge_organization_text(const std::string& text, const std::string& file)
{
    const auto document = config::parse_document(text, file);
    if (!document) return {document.error()};
    auto contents = objects::read_org_document(*document, file);
    if (!contents) return std::move(contents.error());
    return {};
}

std::string_view name(Fate fate)
{
    switch (fate) {
    case Fate::Same:
        return "same";
    case Fate::Write:
        return "write";
    case Fate::Replace:
        return "replace";
    case Fate::Keep:
        return "keep";
    }
    unreachable("every Fate is named above");
}

Fate decide_fate(const std::optional<std::string>& text, const std::vector<Difference>& differences,
                 const std::vector<std::string>& losses, Overwrite overwrite)
{
    if (!text) return Fate::Write;
    if (find_author(*text) == Author::Package) return Fate::Write;
    if (differences.empty()) return Fate::Same;
    if (find_author(*text) == Author::Setup) return Fate::Write;
    return overwrite == Overwrite::Yes && losses.empty() ? Fate::Replace : Fate::Keep;
}

}  // namespace hermetic::setup
