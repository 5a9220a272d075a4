#include "policy/inbound_restrictions.h"

#include "facts/reasons.h"
#include "policy/retirement.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::InboundConnector;
using Matched = std::vector<const InboundConnector*>;

// In the order in which the organization lists them, each once.
Matched find_partners(const RestrictionInputs& inputs, std::string_view organization)
{
    Matched matched;
    objects::InboundIndex::Positions found;
    const mail::ReversePath& sender = *inputs.sender;
    if (sender && sender->domain() != nullptr)
        inputs.snapshot->inbound().add_partners(organization, *sender->domain(), found);
    if (sender && sender->domain() == nullptr)
        inputs.snapshot->inbound().add_partners_of_any(organization, found);
    for (const auto each : found) matched.push_back(&inputs.snapshot->inbound_at(each));
    for (const InboundConnector* each : inputs.attribution->partners) {
        if (each->organization == organization) matched.push_back(each);
    }
    std::ranges::sort(matched);  // of one vector
    matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
    std::erase_if(matched, [](const auto* each) { return each->mode == ConnectorMode::Off; });
    return matched;
}

// Whether a connector of the organization that evidence speaks for takes the session's version for
// a time. What only audits exempts nobody.
bool has_exception(const RestrictionInputs& inputs, const objects::Organization& organization,
                   const Admission* admission)
{
    if (admission != nullptr && is_excepted(*admission->connector, *inputs.evidence)) return true;
    return std::ranges::any_of(inputs.attribution->partners, [&](const InboundConnector* each) {
        return each->organization == organization.name && each->mode == ConnectorMode::Enforce &&
               is_excepted(*each, *inputs.evidence);
    });
}

// Versions that go (specification §4.6): the answer is 421, and a retry may pass.
std::optional<InboundFault> find_retirement(const RestrictionInputs& inputs,
                                            const objects::Organization& organization)
{
    const facts::TlsVersion version = inputs.evidence->version();
    const auto retired =
        decide_inbound_retirement(inputs.snapshot->contents().retirements, organization.name,
                                  version, inputs.evidence->address, inputs.now);
    if (!retired) return std::nullopt;
    return InboundFault{
        retired->reason, nullptr, std::string{facts::format_version(version)},
        fmt::format("{} or later (plan \"{}\")", facts::format_version(lowest_left(*retired->plan)),
                    retired->plan->name)};
}

// Of the session as it is, whoever its TLS belongs to.
std::optional<InboundFault> find_floor_fault(const ClientEvidence& evidence,
                                             const objects::Organization& organization)
{
    if (evidence.tls == nullptr || evidence.legacy_listener) return std::nullopt;
    if (evidence.tls->version >= organization.inbound_min_tls) return std::nullopt;
    return InboundFault{
        facts::Reason::OrganizationTlsVersion, nullptr,
        std::string{facts::format_version(evidence.tls->version)},
        fmt::format("{} or later", facts::format_version(organization.inbound_min_tls))};
}

// Of a partner whose exception would take the session's version if its CAs could be read. Where it
// requires one of its networks too, that would have proved the client already.
std::optional<InboundFault> find_unknown_exception(const RestrictionInputs& inputs,
                                                   const objects::Organization& organization)
{
    for (const InboundConnector* each : inputs.attribution->unjudged_partners) {
        if (each->organization != organization.name || each->mode != ConnectorMode::Enforce ||
            each->require_network)
            continue;
        auto fault = find_fault(*each, organization, *inputs.evidence);
        if (fault && fault->reason == facts::Reason::ConnectorCasUnavailable) return fault;
    }
    return std::nullopt;
}

std::optional<InboundFault> find_own_domain_fault(const RestrictionInputs& inputs,
                                                  const objects::Organization& organization)
{
    const mail::Domain* domain = *inputs.sender ? (*inputs.sender)->domain() : nullptr;
    if (!organization.own_domains_need_evidence || domain == nullptr) return std::nullopt;
    const auto* owned = inputs.snapshot->accepted_domain(*domain);
    if (owned == nullptr || owned->organization != organization.name) return std::nullopt;
    // One that would have admitted the client says best what is missing.
    for (const Admission& each : inputs.attribution->claims) {
        if (each.fault && each.connector->organization == organization.name) return each.fault;
    }
    return InboundFault{facts::Reason::SenderOwnDomain, nullptr, present_address(*inputs.evidence),
                        "an on_premises connector that admits the client"};
}

}  // namespace

Restrictions judge_restrictions(const RestrictionInputs& inputs, std::string_view organization)
{
    Restrictions result;
    const objects::Organization& owner = inputs.snapshot->organization(organization);
    const Admission* admission = inputs.attribution->of(owner.name);
    const Matched partners = find_partners(inputs, owner.name);
    if (!has_exception(inputs, owner, admission)) {
        result.fault = find_retirement(inputs, owner);
        if (!result.fault) result.fault = find_floor_fault(*inputs.evidence, owner);
    }
    // What a connector might have let in, if its CAs could be read, is refused temporarily.
    const Admission* const unjudged = inputs.attribution->unjudged_of(owner.name);
    if (result.fault && result.fault->reason == facts::Reason::OrganizationTlsVersion) {
        if (unjudged != nullptr) {
            result.fault = unjudged->fault;
        } else if (auto unknown = find_unknown_exception(inputs, owner)) {
            result.fault = std::move(unknown);
        }
    }
    if (result.fault || admission != nullptr) return result;
    for (const InboundConnector* each : partners) {
        auto fault = find_fault(*each, owner, *inputs.evidence);
        if (!fault) continue;
        if (each->mode == ConnectorMode::Audit) {
            result.audited.push_back(std::move(*fault));
        } else if (!result.fault) {
            result.fault = std::move(fault);
        }
    }
    if (!result.fault) result.fault = find_own_domain_fault(inputs, owner);
    if (result.fault && unjudged != nullptr) result.fault = unjudged->fault;
    return result;
}

bool requires_tls(const RestrictionInputs& inputs, std::string_view organization)
{
    const objects::Organization& owner = inputs.snapshot->organization(organization);
    if (const Admission* admission = inputs.attribution->of(owner.name))
        return admission->connector->requires_tls();
    const Matched partners = find_partners(inputs, owner.name);
    return std::ranges::any_of(partners, [](const InboundConnector* each) {
        return each->mode == ConnectorMode::Enforce && each->requires_tls();
    });
}

}  // namespace hermetic::policy
