// Inbound connectors: what they say must be possible, and must not admit a client for two.
#include "core/text.h"
#include "mail/registrable_domain.h"
#include "objects/inbound_index.h"
#include "objects/validate_parts.h"

#include <algorithm>

namespace hermetic::objects {
namespace {

constexpr const char* kSection = "inbound_connector";
// Nobody's own networks are larger: 10.0.0.0/8, fc00::/7.
constexpr int kShortestV4 = 8;
constexpr int kShortestV6 = 7;

bool share_a_listener(const InboundConnector& one, const InboundConnector& other)
{
    if (one.listeners.empty() || other.listeners.empty()) return true;
    return std::ranges::any_of(one.listeners, [&other](const std::string& name) {
        return std::ranges::find(other.listeners, name) != other.listeners.end();
    });
}

// A name or a network claimed twice would admit a client in the name of two; one within another's
// would let an organization capture the clients of another. Connectors of one organization are told
// apart by their listeners, and where they share a network by a certificate that one asks for.
class Claims {
public:
    Claims(const Snapshot::Contents& contents, Faults& faults)
        : connectors_{contents.inbound_connectors},
          index_{connectors_, ConnectorKind::OnPremises},
          faults_{faults}
    {
    }

    void validate(std::size_t at)
    {
        const InboundConnector& each = connectors_[at];
        if (!each.enabled) return;
        for (const Network& network : each.networks) {
            for (const auto& hit : index_.by_network(network.base())) {
                if (hit.network.prefix_length() > network.prefix_length()) continue;
                const bool same = hit.network == network;
                if (!collides(at, hit.connector, same)) continue;
                if (is_by_certificate(at, hit.connector)) continue;
                add(at, "networks", connectors_[hit.connector], hit.network.format());
                break;  // one claim is enough to be at fault
            }
        }
        for (const TlsName& name : each.certificate_names) validate_name(at, name);
    }

private:
    void validate_name(std::size_t at, const TlsName& name)
    {
        InboundIndex::Positions found;
        index_.add_by_certificate(name.format(), found);
        std::ranges::sort(found);
        found.erase(std::unique(found.begin(), found.end()), found.end());
        for (const InboundIndex::Position other : found) {
            const auto& names = connectors_[other].certificate_names;
            const bool same = std::ranges::find(names, name) != names.end();
            if (!same && name.below) continue;  // the other's part of it is at fault
            if (!collides(at, other, same)) continue;
            add(at, "certificate_names", connectors_[other], name.format());
            return;
        }
    }

    // The later one of two that claim the same is at fault; of two organizations also the one that
    // claims a part of what the other has.
    [[nodiscard]] bool collides(std::size_t at, std::size_t other, bool same) const
    {
        if (at == other) return false;
        if (connectors_[other].organization != connectors_[at].organization)
            return !same || other < at;
        return same && other < at && share_a_listener(connectors_[other], connectors_[at]);
    }

    // Whether a network that both have is claimed by at most one of them without a certificate.
    [[nodiscard]] bool is_by_certificate(std::size_t at, std::size_t other) const
    {
        if (connectors_[other].organization != connectors_[at].organization) return false;
        return connectors_[other].require_certificate || connectors_[at].require_certificate;
    }

    void add(std::size_t at, const char* key, const InboundConnector& other,
             const std::string& shown)
    {
        faults_.add(kSection, at, key,
                    fmt::format("connector \"{}\" has {} too", other.name, shown),
                    key == std::string_view{"networks"}
                        ? "each in only one connector that grants; or listeners or "
                          "require_certificate, to distinguish two of one organization"
                        : "each in only one connector that grants; or listeners, to distinguish "
                          "two of one organization");
    }

    const std::vector<InboundConnector>& connectors_;
    InboundIndex index_;
    Faults& faults_;
};

void validate_evidence(const InboundConnector& each, std::size_t i, Faults& faults)
{
    // Evidence, not claims, grants (specification §2.3): without it nobody could be admitted, or
    // everybody.
    if (each.networks.empty() && each.certificate_names.empty()) {
        faults.add(kSection, i, "networks",
                   "it has neither networks nor certificate_names, so nothing proves a client",
                   "at least one network or certificate name");
    }
    for (const Network& network : each.networks) {
        const int shortest = network.base().is_v6() ? kShortestV6 : kShortestV4;
        if (network.prefix_length() >= shortest) continue;
        faults.add(
            kSection, i, "networks",
            network.format() + (each.may_relay ? " with may_relay would be an open relay"
                                               : " is too large to be one organization's network"),
            "your own networks");
    }
}

// Below a public suffix anybody can have a certificate from a public CA; with a CA of one's own the
// names are one's own, too.
void validate_certificate_names(const InboundConnector& each, std::size_t i, Faults& faults)
{
    for (const TlsName& name : each.certificate_names) {
        if (!name.below || mail::registrable_domain(name.domain)) continue;
        const bool top_level = name.domain.text().find('.') == std::string::npos;
        if (!each.ca.empty() && !top_level) continue;
        faults.add(kSection, i, "certificate_names",
                   name.format() + (top_level ? " covers a whole top-level domain"
                                              : " covers a public suffix, below which the system's "
                                                "CAs issue certificates to anybody"),
                   top_level ? "names of your own" : "names below a domain of one owner, or ca");
    }
}

void validate_grants(const InboundConnector& each, std::size_t i, Faults& faults)
{
    validate_evidence(each, i, faults);
    if (!each.sender_domains.empty()) {
        faults.add(kSection, i, "sender_domains",
                   "a sender address proves nothing, so it never grants anything",
                   "networks or certificate_names; or kind = \"partner\"");
    }
    if (each.mode != ConnectorMode::Enforce) {
        faults.add(kSection, i, "mode", "a connector that grants cannot be in audit mode",
                   "enabled = false, or mode = \"enforce\"");
    }
}

void validate_restrictions(const InboundConnector& each, std::size_t i, Faults& faults)
{
    if (each.sender_domains.empty() && each.networks.empty() && each.certificate_names.empty()) {
        faults.add(kSection, i, "sender_domains",
                   "it has neither sender_domains nor networks or certificate_names",
                   "sender_domains, such as [\"example.net\"]");
    }
    if (each.may_relay) {
        faults.add(kSection, i, "may_relay", "a partner's connector grants nothing",
                   "kind = \"on_premises\" for servers of your own");
    }
    // Every partner's connector that matches must be satisfied (specification §2.3): one that
    // looked at some listeners alone would be got round at the others.
    if (!each.listeners.empty()) {
        faults.add(kSection, i, "listeners",
                   "a partner's connector restricts its mail at every listener: what it did not "
                   "look at would come in there",
                   "no listeners; networks with require_network or certificate_names with "
                   "require_certificate say where the partner's mail has to come from, and kind = "
                   "\"on_premises\" is for servers of your own");
    }
    if (each.treat_as_internal) {
        faults.add(kSection, i, "treat_as_internal", "a partner's connector grants nothing",
                   "kind = \"on_premises\" for servers of your own");
    }
}

// Specification §2.3 and §4.6: evidence alone makes a session one that it is for.
void validate_exception(const InboundConnector& each, std::size_t i, Faults& faults)
{
    if (!each.exception) return;
    const auto fault = [&](std::string what, std::string expected) {
        faults.add(kSection, i, "exception", std::move(what), std::move(expected));
    };
    if (!each.exception->min_tls) fault("it has no weaker value", "min_tls in it");
    if (!each.exception->valid_until)
        fault("valid_until is missing", "valid_until in it, such as \"2026-12-31T00:00:00Z\"");
    if (trim(each.exception->reason).empty())
        fault("reason is missing", "reason in it: why it is needed, and who is to resolve it");
    if (each.networks.empty() && each.certificate_names.empty()) {
        fault("nothing proves which sessions it applies to",
              "networks or certificate_names in the same connector");
    }
}

// What a field asks for must be possible with the others.
void validate_fields(const InboundConnector& each, std::size_t i, Faults& faults)
{
    if (each.require_certificate && each.certificate_names.empty()) {
        faults.add(kSection, i, "require_certificate",
                   "there is no name that a certificate could have",
                   "certificate_names in the same connector");
    }
    if (each.require_certificate && each.require_tls == false) {
        faults.add(kSection, i, "require_tls", "without TLS there is no client certificate",
                   "require_tls = true, or no require_certificate");
    }
    if (each.require_network && each.networks.empty()) {
        faults.add(kSection, i, "require_network", "there is no network that a client could be in",
                   "networks in the same connector");
    }
    validate_certificate_names(each, i, faults);
    if (!each.ca.empty() && each.certificate_names.empty()) {
        faults.add(kSection, i, "ca", "ca is used only for certificate_names, and there are none",
                   "certificate_names in the same connector");
    }
}

}  // namespace

void validate_inbound(const Snapshot::Contents& contents, Faults& faults)
{
    validate_names(kSection, contents.inbound_connectors, faults);
    Claims claims{contents, faults};
    for (std::size_t i = 0; i < contents.inbound_connectors.size(); ++i) {
        const InboundConnector& each = contents.inbound_connectors[i];
        validate_fields(each, i, faults);
        validate_exception(each, i, faults);
        if (each.kind == ConnectorKind::Partner) {
            validate_restrictions(each, i, faults);
        } else {
            validate_grants(each, i, faults);
            claims.validate(i);
        }
    }
}

}  // namespace hermetic::objects
