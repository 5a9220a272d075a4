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

// Whether it has an exception now that takes the version of the session, from whoever it proves.
bool excepts_version(const InboundConnector& connector, const ClientEvidence& evidence)
{
    const auto* const exception = objects::exception_at(connector, evidence.now);
    return exception != nullptr && evidence.version() >= *exception->min_tls;
}

bool cannot_prove_now(const InboundConnector& connector, const ClientEvidence& evidence)
{
    return prove_certificate(connector, evidence).state == State::CasUnavailable;
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
                add_partner(result_.partners, connector);
            } else {
                claim({&connector, Admission::By::Network, hit.network.format(),
                       hit.network.prefix_length(), std::nullopt});
            }
        }
        drop_outranked();
        std::ranges::sort(result_.claims, is_stronger);
        std::ranges::sort(result_.unjudged, is_stronger);
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
            const bool unjudged = proof.state == State::CasUnavailable;
            if (!proof.proved() && !unjudged) continue;
            if (connector.kind == ConnectorKind::Partner) {
                add_partner(unjudged ? result_.unjudged_partners : result_.partners, connector);
                continue;
            }
            constexpr int kExact = 1000;  // names are shorter
            const int weight = static_cast<int>(proof.name.size()) + (proof.exact ? kExact : 0);
            Admission admission{&connector, Admission::By::Certificate, std::move(proof.name),
                                weight, std::nullopt};
            if (unjudged) {
                add_unjudged(std::move(admission));
            } else {
                claim(std::move(admission));
            }
        }
    }

    // Where nothing else is wrong, the mail may pass as soon as the CAs can be read.
    void add_unjudged(Admission admission)
    {
        const InboundConnector& connector = *admission.connector;
        if (!may_claim(connector)) return;
        if (connector.require_network && !is_in_networks(connector, evidence_.address)) return;
        const auto other =
            find_fault(connector, snapshot_.organization(connector.organization), evidence_);
        if (other && other->reason != facts::Reason::ConnectorCasUnavailable) return;
        admission.fault = find_certificate_fault(connector, evidence_);
        result_.unjudged.push_back(std::move(admission));
    }

    // Whom a stronger connector of the organization claims, a weaker one could not have admitted.
    void drop_outranked()
    {
        std::erase_if(result_.unjudged, [this](const Admission& each) {
            return std::ranges::any_of(result_.claims, [&each](const Admission& rival) {
                return rival.connector->organization == each.connector->organization &&
                       is_stronger(rival, each);
            });
        });
    }

    using Partners = std::vector<const InboundConnector*>;
    static void add_partner(Partners& partners, const InboundConnector& connector)
    {
        if (std::ranges::find(partners, &connector) == partners.end())
            partners.push_back(&connector);
    }

    [[nodiscard]] bool may_claim(const InboundConnector& connector) const
    {
        // What restricts nothing and only audits must not grant (specification §2.3).
        if (connector.mode != objects::ConnectorMode::Enforce) return false;
        const auto& listeners = connector.listeners;
        return listeners.empty() ||
               std::ranges::find(listeners, evidence_.listener) != listeners.end();
    }

    void claim(Admission admission)
    {
        if (!may_claim(*admission.connector)) return;
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

const Admission* Attribution::unjudged_of(std::string_view organization) const
{
    for (const Admission& each : unjudged) {
        if (each.connector->organization == organization) return &each;
    }
    return nullptr;
}

bool is_excepted(const InboundConnector& connector, const ClientEvidence& evidence)
{
    if (!excepts_version(connector, evidence)) return false;
    return is_in_networks(connector, evidence.address) ||
           prove_certificate(connector, evidence).proved();
}

std::optional<InboundFault> find_fault(const InboundConnector& connector,
                                       const objects::Organization& organization,
                                       const ClientEvidence& evidence)
{
    const facts::TlsEvidence* tls = evidence.own_tls();
    const bool needs_tls = connector.requires_tls() || connector.require_certificate;
    if (tls == nullptr && needs_tls) {
        const auto reason = evidence.tls == nullptr ? facts::Reason::ConnectorTlsRequired
                                                    : facts::Reason::ConnectorTlsAtProxy;
        return InboundFault{reason, &connector, present_tls(evidence), "TLS"};
    }
    const facts::TlsVersion floor = floor_of(connector, organization, evidence);
    if (tls != nullptr && tls->version < floor && !is_excepted(connector, evidence)) {
        if (excepts_version(connector, evidence) && cannot_prove_now(connector, evidence))
            return find_certificate_fault(connector, evidence);
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
    const auto unjudged = std::ranges::find_if(
        attribution.unjudged, [](const Admission& each) { return each.connector->may_relay; });
    if (unjudged != attribution.unjudged.end()) right.fault = &*unjudged->fault;
    return right;
}

}  // namespace hermetic::policy
