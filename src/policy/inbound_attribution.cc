#include "policy/inbound_attribution.h"

#include "facts/reasons.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::ConnectorKind;
using objects::InboundConnector;
using objects::InboundIndex;
using State = CertificateProof::State;

std::string list_names(const InboundConnector& connector)
{
    std::vector<std::string> names;
    for (const objects::TlsName& each : connector.certificate_names) names.push_back(each.format());
    return fmt::format("{} by the CAs of {}", fmt::join(names, " or "),
                       connector.ca.empty() ? "the system" : connector.ca);
}

std::string list_networks(const InboundConnector& connector)
{
    std::vector<std::string> networks;
    for (const Network& each : connector.networks) networks.push_back(each.format());
    return fmt::format("{}", fmt::join(networks, " or "));
}

bool is_in_networks(const InboundConnector& connector, const IpAddress& address)
{
    return !address.is_unspecified() &&
           std::ranges::any_of(connector.networks,
                               [&](const Network& network) { return network.contains(address); });
}

// On a legacy listener its named networks are the organization's exception; what a connector asks
// for itself counts everywhere.
facts::TlsVersion floor_of(const InboundConnector& connector,
                           const objects::Organization& organization,
                           const ClientEvidence& evidence)
{
    const auto own = connector.min_tls.value_or(facts::TlsVersion::None);
    return evidence.legacy_listener ? own : std::max(own, organization.inbound_min_tls);
}

std::optional<InboundFault> find_certificate_fault(const InboundConnector& connector,
                                                   const ClientEvidence& evidence)
{
    const CertificateProof proof = prove_certificate(connector, evidence);
    InboundFault fault{facts::Reason::ConnectorCertificateMismatch, &connector,
                       present_certificate(evidence), list_names(connector)};
    switch (proof.state) {
    case State::Proved:
        return std::nullopt;
    case State::ChainFailed:
        fault.presented += " whose chain fails (" + proof.words + ")";
        return fault;
    case State::CasUnavailable:
        fault.reason = facts::Reason::ConnectorCasUnavailable;
        return fault;
    case State::NoCertificate:
    case State::NoName:
        return fault;
    }
    return fault;
}

// Stronger: a certificate before a network, then the more specific. Names make it the same always.
bool is_stronger(const Admission& one, const Admission& other)
{
    if (one.by != other.by) return one.by == Admission::By::Certificate;
    if (one.weight != other.weight) return one.weight > other.weight;
    // Of connectors that share a network, those that ask for a certificate are claimed by it.
    const bool asks = one.connector->require_certificate;
    if (one.by == Admission::By::Network && asks != other.connector->require_certificate)
        return !asks;
    return one.connector->name < other.connector->name;
}

class Attributing {
public:
    Attributing(const objects::Snapshot& snapshot, const ClientEvidence& evidence)
        : snapshot_{snapshot}, evidence_{evidence}
    {
    }

    Attribution run()
    {
        check_certificate();
        for (const auto& hit : snapshot_.inbound().by_network(evidence_.address)) {
            const InboundConnector& connector = snapshot_.inbound_at(hit.connector);
            if (connector.kind == ConnectorKind::Partner) {
                add_partner(connector);
            } else {
                claim({&connector, Admission::By::Network, hit.network.format(),
                       hit.network.prefix_length(), std::nullopt});
            }
        }
        std::ranges::sort(result_.claims, is_stronger);
        for (Admission& each : result_.claims) {
            each.fault = find_fault(
                *each.connector, snapshot_.organization(each.connector->organization), evidence_);
        }
        return std::move(result_);
    }

private:
    void check_certificate()
    {
        const facts::TlsEvidence* tls = evidence_.own_tls();
        if (tls == nullptr || tls->chain.empty()) return;
        InboundIndex::Positions found;
        for (const std::string& dns_name : tls->chain.front().dns_names)
            snapshot_.inbound().add_by_certificate(dns_name, found);
        std::ranges::sort(found);
        found.erase(std::unique(found.begin(), found.end()), found.end());
        for (const InboundIndex::Position each : found) {
            const InboundConnector& connector = snapshot_.inbound_at(each);
            CertificateProof proof = prove_certificate(connector, evidence_);
            if (!proof.proved()) continue;
            if (connector.kind == ConnectorKind::Partner) {
                add_partner(connector);
                continue;
            }
            constexpr int kExact = 1000;  // names are shorter
            const int weight = static_cast<int>(proof.name.size()) + (proof.exact ? kExact : 0);
            claim({&connector, Admission::By::Certificate, std::move(proof.name), weight,
                   std::nullopt});
        }
    }

    void add_partner(const InboundConnector& connector)
    {
        if (std::ranges::find(result_.partners, &connector) == result_.partners.end())
            result_.partners.push_back(&connector);
    }

    void claim(Admission admission)
    {
        // What restricts nothing and only audits must not grant (specification §2.3).
        if (admission.connector->mode != objects::ConnectorMode::Enforce) return;
        const auto& listeners = admission.connector->listeners;
        if (!listeners.empty() &&
            std::ranges::find(listeners, evidence_.listener) == listeners.end())
            return;
        const auto rival = std::ranges::find_if(result_.claims, [&](const Admission& other) {
            return other.connector->organization == admission.connector->organization;
        });
        if (rival == result_.claims.end()) {
            result_.claims.push_back(std::move(admission));
        } else if (is_stronger(admission, *rival)) {
            *rival = std::move(admission);
        }
    }

    const objects::Snapshot& snapshot_;
    const ClientEvidence& evidence_;
    Attribution result_;
};

// Claims in the order in which mail of this sender chooses among them.
std::vector<const Admission*> in_order(const objects::Snapshot& snapshot,
                                       const Attribution& attribution,
                                       const mail::ReversePath& sender)
{
    std::vector<const Admission*> order;
    order.reserve(attribution.claims.size());
    for (const Admission& each : attribution.claims) order.push_back(&each);
    const mail::Domain* domain = sender ? sender->domain() : nullptr;
    const auto* owned = domain != nullptr ? snapshot.accepted_domain(*domain) : nullptr;
    if (owned == nullptr) return order;
    // (Not std::ranges': Clang 14 does not compile what the library has of it.)
    std::stable_partition(order.begin(), order.end(), [owned](const Admission* each) {
        return each->connector->organization == owned->organization;
    });
    return order;
}

}  // namespace

facts::Reason Admission::reason() const
{
    if (fault) return facts::Reason::AttributionConditionsUnmet;
    return by == By::Certificate ? facts::Reason::AttributionCertificate
                                 : facts::Reason::AttributionNetwork;
}

std::string Admission::because() const
{
    std::string text = std::string{facts::name(reason())} + " " + evidence;
    if (fault)
        text += fmt::format(" ({}: {}, wanted {})", facts::name(fault->reason), fault->presented,
                            fault->wanted);
    return text;
}

const Admission* Attribution::of(std::string_view organization) const
{
    for (const Admission& each : claims) {
        if (each.grants() && each.connector->organization == organization) return &each;
    }
    return nullptr;
}

bool is_excepted(const InboundConnector& connector, const ClientEvidence& evidence)
{
    const auto* const exception = objects::exception_at(connector, evidence.now);
    if (exception == nullptr || evidence.version() < *exception->min_tls) return false;
    return is_in_networks(connector, evidence.address) ||
           prove_certificate(connector, evidence).proved();
}

std::optional<InboundFault> find_fault(const InboundConnector& connector,
                                       const objects::Organization& organization,
                                       const ClientEvidence& evidence)
{
    const facts::TlsEvidence* tls = evidence.own_tls();
    const bool needs_tls = connector.requires_tls() || connector.require_certificate;
    if (tls == nullptr && needs_tls)
        return InboundFault{facts::Reason::ConnectorTlsRequired, &connector, present_tls(evidence),
                            "TLS"};
    const facts::TlsVersion floor = floor_of(connector, organization, evidence);
    if (tls != nullptr && tls->version < floor && !is_excepted(connector, evidence)) {
        return InboundFault{facts::Reason::ConnectorTlsVersion, &connector, present_tls(evidence),
                            fmt::format("{} or later", facts::format_version(floor))};
    }
    if (connector.require_certificate) {
        if (auto fault = find_certificate_fault(connector, evidence)) return fault;
    }
    if (connector.require_network && !is_in_networks(connector, evidence.address)) {
        return InboundFault{facts::Reason::ConnectorNetworkMismatch, &connector,
                            present_address(evidence), list_networks(connector)};
    }
    return std::nullopt;
}

Attribution attribute(const objects::Snapshot& snapshot, const ClientEvidence& evidence)
{
    return Attributing{snapshot, evidence}.run();
}

const Admission* choose_admission(const objects::Snapshot& snapshot, const Attribution& attribution,
                                  const mail::ReversePath& sender)
{
    for (const Admission* each : in_order(snapshot, attribution, sender)) {
        if (each->grants()) return each;
    }
    return nullptr;
}

RelayRight find_relay_right(const objects::Snapshot& snapshot, const Attribution& attribution,
                            const mail::ReversePath& sender)
{
    RelayRight right;
    for (const Admission* each : in_order(snapshot, attribution, sender)) {
        if (!each->connector->may_relay) continue;
        if (each->grants()) return {each, nullptr};
        if (right.fault == nullptr) right.fault = &*each->fault;
    }
    return right;
}

}  // namespace hermetic::policy
