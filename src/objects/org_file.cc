#include "objects/org_file.h"

#include "objects/kinds.h"
#include "objects/validate.h"

namespace hermetic::objects {
namespace {

using config::Kind;
using config::Node;
using config::option;
using config::Option;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A field that may be absent.
template <typename T>
Kind<std::optional<T>> maybe(Kind<T> kind)
{
    return {kind.type,
            [read = kind.read](const Node& node) -> std::optional<std::optional<T>> {
                auto value = read(node);
                if (!value) return std::nullopt;
                return std::optional<T>{std::move(*value)};
            },
            [show = kind.show](const std::optional<T>& value) {
                return value ? show(*value) : std::string{};
            }};
}

// Known recipients: "any" or a list. Two members in the struct, one key in the file.
Option<AcceptedDomain> recipients_option()
{
    const auto list = config::list_kind(mailbox_kind());
    Option<AcceptedDomain> result;
    result.key = "recipients";
    result.type = "\"any\", or " + list.type;
    result.text = "Recipients that exist; mail to others is refused with 550 5.1.1.";
    result.read = [read = list.read](AcceptedDomain& domain, const Node& node) {
        domain.any_recipient = node.kind == Node::Kind::String && node.string == "any";
        if (domain.any_recipient) return true;
        auto recipients = read(node);
        if (!recipients) return false;
        domain.recipients = std::move(*recipients);
        return true;
    };
    result.show = [show = list.show](const AcceptedDomain& domain) {
        return domain.any_recipient ? config::quote("any") : show(domain.recipients);
    };
    return result;
}

// Only the kind that this version has; the other is refused with its reason.
Option<InboundConnector> connector_kind_option()
{
    Option<InboundConnector> result;
    result.key = "kind";
    result.type = "\"on_premises\" (connectors of kind partner come with TLS policy)";
    result.text = "`on_premises` grants: clients from these networks are our own.";
    result.read = [](InboundConnector&, const Node& node) {
        return node.kind == Node::Kind::String && node.string == "on_premises";
    };
    result.show = [](const InboundConnector&) { return config::quote("on_premises"); };
    return result;
}

std::vector<Option<Organization>> organization_options()
{
    using O = Organization;
    return {
        option("name", &O::name, config::text_kind("a name"), "Stands in notices and logs."),
        option("postmaster", &O::postmaster, maybe(mailbox_kind()),
               "Gets what cannot be returned to a sender, and mail to <postmaster>."),
        option("delay_notice", &O::delay_notice, config::duration_kind(minutes{1}, hours{24 * 30}),
               "Age at which a sender is told that mail still waits."),
        option("delay_notice_tls", &O::delay_notice_tls,
               config::duration_kind(minutes{1}, hours{24 * 30}),
               "The same where TLS policy is what delays it."),
        option("expiry", &O::expiry, config::duration_kind(minutes{1}, hours{24 * 60}),
               "Age at which mail is returned."),
        option("expiry_tls", &O::expiry_tls, config::duration_kind(minutes{1}, hours{24 * 60}),
               "The same, counted from the first failure of TLS policy."),
        option(
            "retry_after", &O::retry_after,
            config::list_kind(config::duration_kind(seconds{1}, hours{24})),
            "Waits between attempts, the last one repeated; empty means 1, 5, 15, 15, 30 minutes, "
            "then hourly."),
        option("tls", &O::tls, tls_level_kind(),
               "How outbound mail is protected where no connector says otherwise."),
        option("min_tls", &O::min_tls, config::tls_version_kind(),
               "The lowest version of TLS for it."),
        option("max_tls", &O::max_tls, config::tls_version_kind(), "The highest."),
    };
}

// A field of the connector's TLS settings.
template <typename Field>
Option<OutboundConnector> tls_option(std::string key, Field TlsSettings::*field, Kind<Field> kind,
                                     std::string text)
{
    Option<OutboundConnector> result;
    result.key = std::move(key);
    result.type = kind.type;
    result.text = std::move(text);
    result.read = [read = kind.read, field](OutboundConnector& connector, const Node& node) {
        auto value = read(node);
        if (value) connector.tls.*field = std::move(*value);
        return value.has_value();
    };
    result.show = [show = kind.show, field](const OutboundConnector& connector) {
        return show(connector.tls.*field);
    };
    return result;
}

std::vector<Option<AcceptedDomain>> accepted_domain_options()
{
    using D = AcceptedDomain;
    return {
        option("name", &D::name, accepted_name_kind(), "The domain."),
        option("kind", &D::kind,
               config::choice_kind<DomainKind>({{"authoritative", DomainKind::Authoritative},
                                                {"internal_relay", DomainKind::InternalRelay}}),
               "`authoritative`: its mailboxes are ours; `internal_relay`: some live elsewhere."),
        option("next_hop", &D::next_hop, next_hop_kind(),
               "Where its mail goes; several hosts share the load."),
        recipients_option(),
        option("enabled", &D::enabled, config::flag_kind(), "Whether it counts."),
        option("comment", &D::comment, config::text_kind(), "For people."),
    };
}

std::vector<Option<InboundConnector>> inbound_connector_options()
{
    using C = InboundConnector;
    return {
        option("name", &C::name, config::text_kind("a name of its own"),
               "Stands in logs and replies."),
        connector_kind_option(),
        option("networks", &C::networks, config::list_kind(config::network_kind()),
               "Clients that it admits."),
        option("may_relay", &C::may_relay, config::flag_kind(),
               "Whether they may send to domains that are not accepted domains."),
        option("enabled", &C::enabled, config::flag_kind(), "Whether it counts."),
        option("comment", &C::comment, config::text_kind(), "For people."),
    };
}

std::vector<Option<OutboundConnector>> outbound_connector_options()
{
    using C = OutboundConnector;
    return {
        option("name", &C::name, config::text_kind("a name of its own"), "Stands in logs."),
        option("recipient_domains", &C::recipient_domains, config::list_kind(domain_pattern_kind()),
               "Whose mail it carries."),
        option("smart_hosts", &C::next_hop, smart_hosts_kind(),
               "Hosts that share the load; a dead one is skipped. Without this key: by MX."),
        tls_option("tls", &TlsSettings::level, maybe(tls_level_kind()),
                   "How its mail is protected; not set: as the organization says."),
        tls_option(
            "tls_names", &TlsSettings::names, config::list_kind(tls_name_kind()),
            "For `verify_name`: the certificate must have one of them. Empty: a smart host's "
            "own name; by MX its host's where DNSSEC proves the MX answer, else the "
            "recipient's domain or a name below it."),
        tls_option("pins", &TlsSettings::pins, config::list_kind(pin_kind()),
                   "The certificate's public key must be one of them."),
        tls_option("min_tls", &TlsSettings::min, maybe(config::tls_version_kind()),
                   "The lowest version of TLS."),
        tls_option("max_tls", &TlsSettings::max, maybe(config::tls_version_kind()), "The highest."),
        tls_option("mode", &TlsSettings::mode,
                   config::choice_kind<ConnectorMode>({{"enforce", ConnectorMode::Enforce},
                                                       {"audit", ConnectorMode::Audit},
                                                       {"off", ConnectorMode::Off}}),
                   "`audit`: mail goes as if there were no TLS settings here, and what they would "
                   "have done is recorded; `off`: they do not count."),
        tls_option("valid_until", &TlsSettings::valid_until, maybe(wall_time_kind()),
                   "An exception, weaker than the organization, needs this end."),
        option("enabled", &C::enabled, config::flag_kind(), "Whether it counts."),
        option("comment", &C::comment, config::text_kind(), "For people."),
    };
}

template <typename Object>
void read_objects(const Node& document, const std::string& key,
                  const std::vector<Option<Object>>& options, const std::string& file,
                  std::vector<Object>& objects, config::Diagnostics& diagnostics)
{
    const Node* list = document.find(key);
    if (list == nullptr) return;
    bool fits = list->kind == Node::Kind::List;
    for (const Node& each : list->list) fits = fits && each.kind == Node::Kind::Table;
    if (!fits) {
        diagnostics.push_back({file, list->line, key, config::quote_node(*list) + " does not fit",
                               "tables [[" + key + "]]"});
        return;
    }
    for (const Node& each : list->list) {
        objects.emplace_back();
        config::read_section(each, options, {}, file,
                             fmt::format("{}[{}]", key, objects.size() - 1), objects.back(),
                             diagnostics);
    }
}

// Writes what differs from the default; a key that shows nothing is left out.
template <typename Object>
std::string format_object(const std::string& title, const std::vector<Option<Object>>& options,
                          const Object& object)
{
    const Object defaults{};
    std::string text = title + "\n";
    for (const auto& each : options) {
        const std::string shown = each.show(object);
        if (shown.empty() || (shown == each.show(defaults) && each.key != "kind")) continue;
        text += fmt::format("{} = {}\n", each.key, shown);
    }
    return text + "\n";
}

template <typename Object>
std::string reference_section(const std::string& title, const std::vector<Option<Object>>& options)
{
    return fmt::format("\n## {}\n\n| key | type | default | meaning |\n|---|---|---|---|\n{}",
                       title, config::format_reference_rows(options, Object{}));
}

}  // namespace

Result<Snapshot::Contents, config::Diagnostics> read_org_document(const Node& document,
                                                                  const std::string& file)
{
    Snapshot::Contents contents;
    config::Diagnostics diagnostics;
    config::read_section(
        document, std::vector<Option<Snapshot::Contents>>{},
        {"organization", "accepted_domain", "inbound_connector", "outbound_connector"}, file, "",
        contents, diagnostics);
    if (const Node* node = document.find("organization"); node != nullptr) {
        config::read_section(*node, organization_options(), {}, file, "organization",
                             contents.organization, diagnostics);
    }
    read_objects(document, "accepted_domain", accepted_domain_options(), file,
                 contents.accepted_domains, diagnostics);
    read_objects(document, "inbound_connector", inbound_connector_options(), file,
                 contents.inbound_connectors, diagnostics);
    read_objects(document, "outbound_connector", outbound_connector_options(), file,
                 contents.outbound_connectors, diagnostics);
    if (diagnostics.empty()) validate_contents(contents, document, file, diagnostics);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    return contents;
}

Result<Snapshot::Contents, config::Diagnostics> load_org_file(const std::string& file)
{
    const auto document = config::load_document(file);
    if (!document) return failure(config::Diagnostics{document.error()});
    return read_org_document(*document, file);
}

std::string format_org_file(const Snapshot::Contents& contents)
{
    std::string text =
        format_object("[organization]", organization_options(), contents.organization);
    for (const AcceptedDomain& each : contents.accepted_domains) {
        text += format_object("[[accepted_domain]]", accepted_domain_options(), each);
    }
    for (const InboundConnector& each : contents.inbound_connectors) {
        text += format_object("[[inbound_connector]]", inbound_connector_options(), each);
    }
    for (const OutboundConnector& each : contents.outbound_connectors) {
        auto options = outbound_connector_options();
        if (each.next_hop.mx)
            std::erase_if(options, [](const auto& o) { return o.key == "smart_hosts"; });
        text += format_object("[[outbound_connector]]", options, each);
    }
    return text;
}

std::string format_org_reference()
{
    return "# org.toml\n\nThe organization's objects. Made by `hermetic reference org`.\n" +
           reference_section("[organization]", organization_options()) +
           reference_section("[[accepted_domain]]", accepted_domain_options()) +
           reference_section("[[inbound_connector]]", inbound_connector_options()) +
           reference_section("[[outbound_connector]]", outbound_connector_options());
}

}  // namespace hermetic::objects
