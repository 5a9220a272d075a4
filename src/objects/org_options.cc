#include "objects/org_options.h"

#include "objects/kinds.h"

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
            },
            kind.find_misfit};
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
    result.find_misfit = list.find_misfit;
    return result;
}

// Empty in most files: where there is one organization, everything is its.
template <typename Object>
Option<Object> organization_option()
{
    return option("organization", &Object::organization,
                  config::text_kind("the name of an organization"),
                  "The organization that it belongs to; required if the server has several.");
}

// A field of a nested struct.
template <typename Object, typename Part, typename Field>
Option<Object> part_option(std::string_view key, Part Object::*part, Field Part::*field,
                           Kind<Field> kind, std::string_view text)
{
    Option<Object> result;
    result.key = key;
    result.type = kind.type;
    result.text = text;
    result.read = [read = kind.read, part, field](Object& object, const Node& node) {
        auto value = read(node);
        if (value) object.*part.*field = std::move(*value);
        return value.has_value();
    };
    result.show = [show = kind.show, part, field](const Object& object) {
        return show(object.*part.*field);
    };
    result.find_misfit = kind.find_misfit;
    return result;
}

// SASL credentials stand in two keys.
Option<OutboundConnector> credentials_option(std::string_view key,
                                             std::string HopCredentials::*field,
                                             std::string_view type, std::string_view text)
{
    Option<OutboundConnector> result;
    result.key = key;
    result.type = type;
    result.text = text;
    result.read = [field](OutboundConnector& connector, const Node& node) {
        const auto kind =
            field == &HopCredentials::user ? config::text_kind() : path_kind("a file");
        const auto value = kind.read(node);
        if (!value) return false;
        if (!connector.tls.auth) connector.tls.auth.emplace();
        (*connector.tls.auth).*field = *value;
        return true;
    };
    result.show = [field](const OutboundConnector& connector) {
        return connector.tls.auth ? config::quote((*connector.tls.auth).*field) : std::string{};
    };
    return result;
}

// A field of the connector's TLS settings.
template <typename Field>
Option<OutboundConnector> tls_option(std::string_view key, Field TlsSettings::*field,
                                     Kind<Field> kind, std::string_view text)
{
    return part_option(key, &OutboundConnector::tls, field, std::move(kind), text);
}

constexpr const char* kReasonText = "Why it is needed, and who is to resolve it.";
constexpr const char* kUntilText = "When it ends: at most a year ahead.";

// Of a connector's or an accepted domain's TLS settings.
template <typename Object>
Option<Object> exception_option()
{
    return config::table_option<Object, TlsException>(
        "exception",
        [](Object& object) -> std::optional<TlsException>& { return object.tls.exception; },
        exception_options(),
        "Weaker values for a limited time, in addition to the lasting ones. It requires "
        "`valid_until` (at most a year ahead) and a `reason`, and ends by itself. Names, CAs and "
        "pins that the weaker level does not use are suspended; logins still need the lasting "
        "values.");
}

Option<InboundConnector> inbound_exception_option()
{
    using E = InboundException;
    return config::table_option<InboundConnector, E>(
        "exception",
        [](InboundConnector& connector) -> std::optional<E>& { return connector.exception; },
        inbound_exception_options(),
        "A lower `min_tls` for a limited time, for sessions that `networks` or a certificate prove "
        "to be the connector's; retirement plans do not apply to them. It requires `valid_until` "
        "(at most a year ahead) and a `reason`.");
}

}  // namespace

std::vector<Option<TlsException>> exception_options()
{
    using E = TlsException;
    std::vector<Option<TlsException>> all;
    all.push_back(option("tls", &E::level, maybe(tls_level_kind()), "The weaker level."));
    all.push_back(option("min_tls", &E::min, maybe(config::tls_version_kind()),
                         "The lower minimum version of TLS."));
    all.push_back(option("dane", &E::dane, maybe(publication_kind()), "The weaker value."));
    all.push_back(option("mta_sts", &E::mta_sts, maybe(publication_kind()), "The weaker value."));
    all.push_back(option("compatibility", &E::compatibility, compatibility_kind(),
                         "`weak`: also handshakes with SHA-1, small groups or without secure "
                         "renegotiation (RFC 5746)."));
    all.push_back(option("valid_until", &E::valid_until, maybe(wall_time_kind()), kUntilText));
    all.push_back(option("reason", &E::reason, config::text_kind(), kReasonText));
    return all;
}

std::vector<Option<InboundException>> inbound_exception_options()
{
    using E = InboundException;
    std::vector<Option<InboundException>> all;
    all.push_back(option("min_tls", &E::min_tls, maybe(config::tls_version_kind()),
                         "The lower minimum version of TLS."));
    all.push_back(option("valid_until", &E::valid_until, maybe(wall_time_kind()), kUntilText));
    all.push_back(option("reason", &E::reason, config::text_kind(), kReasonText));
    return all;
}

std::vector<Option<Organization>> organization_options()
{
    using O = Organization;
    std::vector<Option<Organization>> all;
    all.push_back(
        option("name", &O::name, config::text_kind("a name"), "Used in notices and logs."));
    all.push_back(
        option("postmaster", &O::postmaster, maybe(mailbox_kind()),
               "Receives what cannot be returned to a sender, and mail to <postmaster>."));
    all.push_back(option("delay_notice", &O::delay_notice,
                         config::duration_kind(minutes{1}, hours{24 * 30}),
                         "Age of a message at which its sender is notified of the delay."));
    all.push_back(option("delay_notice_tls", &O::delay_notice_tls,
                         config::duration_kind(minutes{1}, hours{24 * 30}),
                         "The same if TLS policy causes the delay."));
    all.push_back(option("expiry", &O::expiry, config::duration_kind(minutes{1}, hours{24 * 60}),
                         "Age at which undelivered mail is returned to its sender."));
    all.push_back(
        option("expiry_tls", &O::expiry_tls, config::duration_kind(minutes{1}, hours{24 * 60}),
               "The same for mail delayed by TLS policy, counted from its first such failure."));
    all.push_back(option("retry_after", &O::retry_after,
                         config::list_kind(config::duration_kind(seconds{1}, hours{24})),
                         "Intervals between the attempts of a message, and for which a destination "
                         "that could not be used backs off; the last one is repeated. Empty: 1, 5, "
                         "15, 15, 30 minutes, then hourly. For destinations the first "
                         "organization's value counts, as it was when the server started."));
    all.push_back(option("tls", &O::tls, tls_level_kind(),
                         "TLS level of outbound mail for which no connector sets another."));
    all.push_back(
        option("min_tls", &O::min_tls, config::tls_version_kind(), "Its minimum version of TLS."));
    all.push_back(
        option("max_tls", &O::max_tls, config::tls_version_kind(), "Its maximum version of TLS."));
    all.push_back(
        option("inbound_min_tls", &O::inbound_min_tls, config::tls_version_kind(),
               "Minimum version of TLS for clients that send to its recipients over TLS."));
    all.push_back(option("own_domains_need_evidence", &O::own_domains_need_evidence,
                         config::flag_kind(),
                         "Whether mail with a sender in its own domains is refused (550 5.7.68) "
                         "unless a connector admits the client."));
    all.push_back(
        option("revocation", &O::revocation,
               config::choice_kind<Revocation>(
                   {{"off", Revocation::Off}, {"stapled_and_crl", Revocation::StapledAndCrl}}),
               "`stapled_and_crl`: stapled OCSP responses and the CRLs of `crl_folder` are checked "
               "when certificates are verified; nothing is fetched."));
    all.push_back(
        option("crl_folder", &O::crl_folder, path_kind("a folder of PEM files"),
               "Certificate revocation lists, as PEM or DER. Each file is loaded separately: if "
               "one can no longer be read, its last valid content stays in force."));
    all.push_back(
        part_option("ratchet", &O::ratchet, &RatchetSettings::mode,
                    config::choice_kind<RatchetMode>({{"off", RatchetMode::Off},
                                                      {"observe", RatchetMode::Observe},
                                                      {"enforce", RatchetMode::Enforce}}),
                    "What happens if a destination that always had TLS no longer has it: `observe` "
                    "records and alerts, `enforce` also delays the mail for `ratchet_hold`."));
    all.push_back(
        part_option("ratchet_days", &O::ratchet, &RatchetSettings::days,
                    config::number_kind<std::uint16_t>(1, 365),
                    "Days after which what was seen every time is expected from then on."));
    all.push_back(part_option("ratchet_hold", &O::ratchet, &RatchetSettings::hold,
                              config::duration_kind(minutes{1}, hours{24 * 7}),
                              "How long mail is delayed then."));
    all.push_back(
        option("comment", &O::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

std::vector<Option<AcceptedDomain>> accepted_domain_options()
{
    using D = AcceptedDomain;
    std::vector<Option<AcceptedDomain>> all;
    all.push_back(option("name", &D::name, accepted_name_kind(), "The domain."));
    all.push_back(option(
        "kind", &D::kind,
        config::choice_kind<DomainKind>({{"authoritative", DomainKind::Authoritative},
                                         {"internal_relay", DomainKind::InternalRelay}}),
        "`authoritative`: all its mailboxes are ours; `internal_relay`: some are elsewhere."));
    all.push_back(option("next_hop", &D::next_hop, next_hop_kind(),
                         "Where its mail goes; several hosts share the load."));
    all.push_back(part_option("tls", &D::tls, &TlsSettings::level, maybe(tls_level_kind()),
                              "TLS level of mail to the hosts of `next_hop`; not set: `encrypt`. "
                              "Local ones (a socket, 127.0.0.0/8, ::1, `localhost`) need no TLS."));
    all.push_back(exception_option<D>());
    all.push_back(option("connector", &D::connector,
                         config::text_kind("the name of an outbound connector"),
                         "Instead of `next_hop`: the connector for its mail."));
    all.push_back(recipients_option());
    all.push_back(option("smtputf8", &D::smtputf8, config::flag_kind(),
                         "Whether its mail system accepts internationalised mail (RFC 6531); if "
                         "not, such mail is refused."));
    all.push_back(organization_option<D>());
    all.push_back(option("enabled", &D::enabled, config::flag_kind(), "Whether it is in effect."));
    all.push_back(
        option("comment", &D::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

std::vector<Option<InboundConnector>> inbound_connector_options()
{
    using C = InboundConnector;
    std::vector<Option<InboundConnector>> all;
    all.push_back(
        option("name", &C::name, config::text_kind("a unique name"), "Used in logs and replies."));
    all.push_back(
        option("kind", &C::kind, connector_kind_kind(),
               "`partner` restricts: mail from its sender domains must meet its conditions; "
               "`on_premises` grants: clients with its certificates or networks are our own."));
    all.push_back(organization_option<C>());
    all.push_back(
        option("sender_domains", &C::sender_domains, config::list_kind(domain_pattern_kind()),
               "For `partner`: the sender domains that it restricts. Never grants anything."));
    all.push_back(
        option("networks", &C::networks, config::list_kind(config::network_kind()),
               "Networks of the clients that it admits, or that its mail must come from."));
    all.push_back(option("certificate_names", &C::certificate_names,
                         config::list_kind(tls_name_kind()),
                         "Names of client certificates; the listener must request them."));
    all.push_back(option("listeners", &C::listeners,
                         config::list_kind(config::text_kind("a listener's name")),
                         "Listeners at which alone it grants, by their names in hermetic.toml; "
                         "empty: at all. `on_premises` only: a partner's connector restricts at "
                         "every listener."));
    all.push_back(option("ca", &C::ca, path_kind("a file of certificates (PEM)"),
                         "The CAs trusted for `certificate_names`; empty: the system's."));
    all.push_back(option("certificate_purpose", &C::certificate_purpose,
                         config::choice_kind<CertificatePurpose>(
                             {{"client_or_server", CertificatePurpose::ClientOrServer},
                              {"client", CertificatePurpose::Client}}),
                         "Extended key usage that the certificate and its chain must have if they "
                         "have any. Public CAs issue for servers only, which `client_or_server` "
                         "accepts as well; `client` is stricter."));
    all.push_back(
        option("require_tls", &C::require_tls, maybe(config::flag_kind()),
               "Whether mail without TLS is refused (530 5.7.0); not set: yes for `partner`."));
    all.push_back(option("min_tls", &C::min_tls, maybe(config::tls_version_kind()),
                         "Minimum version of TLS; not set: the organization's."));
    all.push_back(inbound_exception_option());
    all.push_back(option("require_certificate", &C::require_certificate, config::flag_kind(),
                         "Whether the client must show one of `certificate_names`."));
    all.push_back(option("require_network", &C::require_network, config::flag_kind(),
                         "Whether the client must be in one of `networks`."));
    all.push_back(option("treat_as_internal", &C::treat_as_internal, config::flag_kind(),
                         "Whether its mail is treated as internal."));
    all.push_back(option("may_relay", &C::may_relay, config::flag_kind(),
                         "Whether its clients may send to domains that are not accepted domains; "
                         "`on_premises` only."));
    all.push_back(
        option("mode", &C::mode, connector_mode_kind(),
               "`audit`: what a partner's connector would refuse is accepted and recorded."));
    all.push_back(option("enabled", &C::enabled, config::flag_kind(), "Whether it is in effect."));
    all.push_back(
        option("comment", &C::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

std::vector<Option<OutboundConnector>> outbound_connector_options()
{
    using C = OutboundConnector;
    using T = TlsSettings;
    std::vector<Option<OutboundConnector>> all;
    all.push_back(option("name", &C::name, config::text_kind("a unique name"), "Used in logs."));
    all.push_back(option("kind", &C::kind, connector_kind_kind(),
                         "`partner`: another organization; `on_premises`: our own servers."));
    all.push_back(organization_option<C>());
    all.push_back(option("recipient_domains", &C::recipient_domains,
                         config::list_kind(domain_pattern_kind()),
                         "Recipient domains whose mail it carries."));
    all.push_back(option("all_accepted_domains", &C::all_accepted_domains, config::flag_kind(),
                         "Whether it carries the mail of all accepted domains without a next hop; "
                         "`on_premises` only."));
    all.push_back(option("rule_scoped", &C::rule_scoped, config::flag_kind(),
                         "Whether it is used only if a rule names it."));
    all.push_back(
        option("smart_hosts", &C::next_hop, smart_hosts_kind(),
               "Hosts that share the load; an unreachable one is skipped. Not set: by MX."));
    all.push_back(tls_option(
        "tls", &T::level, maybe(tls_level_kind()),
        "TLS level of its mail, not below the organization's; not set: the organization's."));
    all.push_back(
        tls_option("tls_names", &T::names, config::list_kind(tls_name_kind()),
                   "For `verify_name`: the certificate must have one of these names. Empty: the "
                   "name of the smart host; by MX the name of the host if DNSSEC proves the MX "
                   "answer, else the recipient's domain or a name below it."));
    all.push_back(tls_option("pins", &T::pins, config::list_kind(pin_kind()),
                             "One of these must be the public key of the certificate or, from "
                             "`verify_ca` up, of a CA in its verified chain."));
    all.push_back(tls_option("ca", &T::ca, path_kind("a file of certificates (PEM)"),
                             "The trusted CAs; empty: the system's."));
    all.push_back(tls_option("min_tls", &T::min, maybe(config::tls_version_kind()),
                             "Minimum version of TLS."));
    all.push_back(tls_option("max_tls", &T::max, maybe(config::tls_version_kind()),
                             "Its maximum version of TLS."));
    all.push_back(tls_option("client_certificate", &T::client_certificate,
                             config::text_kind("the name of a certificate"),
                             "The client certificate that is shown if the server requests one."));
    all.push_back(
        tls_option("dane", &T::dane, publication_kind(),
                   "`mandatory`: only to hosts with usable TLSA records that DNSSEC proves; `none` "
                   "(they are ignored) is allowed only in an `exception`."));
    all.push_back(tls_option("mta_sts", &T::mta_sts, publication_kind(),
                             "`mandatory`: only if the domain has an MTA-STS policy in mode "
                             "enforce; `none` (it is ignored) is allowed only in an `exception`."));
    all.push_back(credentials_option(
        "auth_user", &HopCredentials::user, "a string",
        "User name for SASL at the smart hosts, only inside TLS that proves them."));
    all.push_back(credentials_option("auth_password_file", &HopCredentials::password_file,
                                     path_kind("a file").type,
                                     "A file with the password in its first line."));
    all.push_back(tls_option("mode", &T::mode, connector_mode_kind(),
                             "`audit`: mail is sent as if the connector had no TLS settings, and "
                             "what they would have done is recorded; `off`: they are ignored."));
    all.push_back(exception_option<C>());
    all.push_back(option("test_recipients", &C::test_recipients, config::list_kind(mailbox_kind()),
                         "Recipient of the test message when the connector is validated."));
    all.push_back(option("enabled", &C::enabled, config::flag_kind(), "Whether it is in effect."));
    all.push_back(
        option("comment", &C::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

std::vector<Option<Certificate>> certificate_options()
{
    using C = Certificate;
    std::vector<Option<Certificate>> all;
    all.push_back(option("name", &C::name, config::text_kind("a unique name"),
                         "Connectors refer to it by this name."));
    all.push_back(organization_option<C>());
    all.push_back(option("chain", &C::chain, path_kind("a file (PEM)"), "The certificate first."));
    all.push_back(option("key", &C::key, path_kind("a file (PEM)"),
                         "Its private key; must not be readable by everybody."));
    all.push_back(
        option("comment", &C::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

std::vector<Option<Retirement>> retirement_options()
{
    using R = Retirement;
    std::vector<Option<Retirement>> all;
    all.push_back(
        option("name", &R::name, config::text_kind("a unique name"), "Used in the report."));
    all.push_back(organization_option<R>());
    all.push_back(option("direction", &R::direction,
                         config::choice_kind<Direction>(
                             {{"inbound", Direction::Inbound}, {"outbound", Direction::Outbound}}),
                         "`inbound`: sessions of clients; `outbound`: ours to other servers."));
    all.push_back(option("versions", &R::versions, config::list_kind(config::tls_version_kind()),
                         "The versions that are retired: \"1.0\", \"1.1\" or both; others are "
                         "refused. \"1.0\": TLS 1.1 and later remain. \"1.1\", alone or with "
                         "\"1.0\": TLS 1.2 and later remain, so \"1.0\" is retired with it."));
    all.push_back(option("start", &R::start, maybe(wall_time_kind()),
                         "From then on a growing share of sessions is refused temporarily "
                         "(inbound) or deferred (outbound)."));
    all.push_back(option("end", &R::end, maybe(wall_time_kind()), "From then on all of them."));
    all.push_back(option("enabled", &R::enabled, config::flag_kind(), "Whether it is in effect."));
    all.push_back(
        option("comment", &R::comment, config::text_kind(), "A comment, without effect."));
    return all;
}

}  // namespace hermetic::objects
