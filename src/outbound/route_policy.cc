#include "outbound/route_policy.h"

#include "outbound/credentials.h"
#include "policy/tls_demand.h"
#include "policy/tls_policy.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace hermetic::outbound {
namespace {

using facts::DnsSecurity;
using policy::StsMode;
using policy::TlsaStatus;

// Where any host of the route is on the network, demands count.
policy::HopKind kind_of(const routing::Route& route)
{
    for (const objects::NextHopHost& host : route.hosts) {
        if (policy::hop_kind(host) == policy::HopKind::Network) return policy::HopKind::Network;
    }
    return route.hosts.empty() ? policy::HopKind::Network : policy::hop_kind(route.hosts.front());
}

// What DNS may prove of a host, and what its domain may publish; the names are nobody's.
std::vector<policy::HopFacts> possible_hops(const routing::Route& route)
{
    static const auto kTlsa = std::make_shared<const facts::TlsaSet>(
        facts::TlsaSet{.base = "host.invalid", .records = {{3, 1, 1, "x"}}, .names = {}});
    std::vector<policy::HopFacts> hops;
    for (const TlsaStatus tlsa : {TlsaStatus::NotAsked, TlsaStatus::Absent, TlsaStatus::Usable,
                                  TlsaStatus::Unusable, TlsaStatus::Failed}) {
        for (const StsMode sts : {StsMode::NoPolicy, StsMode::Enforce}) {
            for (const DnsSecurity mx : {DnsSecurity::Insecure, DnsSecurity::Secure}) {
                policy::HopFacts hop;
                hop.configured = !route.is_mx();
                hop.kind = kind_of(route);
                hop.host = "host.invalid";
                if (route.is_mx()) hop.domain = "domain.invalid";
                hop.mx_security = mx;
                hop.tlsa_status = tlsa;
                if (tlsa == TlsaStatus::Usable) hop.tlsa = kTlsa;
                hop.sts = sts;
                hop.sts_lists_host = true;
                hops.push_back(std::move(hop));
            }
        }
    }
    return hops;
}

std::string describe(const policy::TlsDecision& decision)
{
    std::string text = decision.policy.digest();
    text.append(1, '|').append(facts::name(decision.skip));
    if (decision.audited) text.append("|audited ").append(decision.audited->digest());
    if (decision.lasting) text.append("|lasting ").append(decision.lasting->digest());
    return text.append(1, '|').append(facts::name(decision.audited_skip)).append(1, '\n');
}

std::string describe(const Identity& identity)
{
    std::string text = identity.digest;
    if (identity.missing) text.append(" lacks ").append(facts::name(identity.missing->reason));
    return text.append(1, '\n');
}

// What holds mail back beside the policy: the ratchet, and plans of retirement.
std::string describe_holds(const objects::Snapshot& snapshot,
                           const objects::Organization& organization)
{
    const auto& ratchet = organization.ratchet;
    std::string text;
    if (ratchet.mode == objects::RatchetMode::Enforce)
        text = fmt::format("ratchet {} {}\n", ratchet.days, ratchet.hold.count());
    for (const objects::Retirement& plan : snapshot.contents().retirements) {
        if (!plan.enabled || plan.direction != objects::Direction::Outbound ||
            plan.organization != organization.name)
            continue;
        text += "plan";
        for (const facts::TlsVersion version : plan.versions)
            text.append(1, ' ').append(facts::format_version(version));
        for (const auto& time : {plan.start, plan.end})
            text += time ? fmt::format(" {}", time->time_since_epoch().count()) : " -";
        text += '\n';
    }
    return text;
}

std::string describe(const PolicySources& sources, const routing::Route& route)
{
    const auto inputs = policy::inputs_of_route(*sources.snapshot, route, sources.now);
    if (!inputs) return "no such connector or domain";
    static const Credentials kNone;
    const Credentials& credentials =
        sources.settings->credentials != nullptr ? *sources.settings->credentials : kNone;

    std::string text;
    for (policy::HopFacts& hop : possible_hops(route)) {
        policy::TlsInputs at_host = *inputs;
        at_host.hop = std::move(hop);
        const policy::TlsDecision decision = policy::decide_tls(at_host);
        text += describe(decision);
        // Who we are does not depend on what DNS says.
        if (at_host.hop.tlsa_status != TlsaStatus::NotAsked) continue;
        Credentials::Wanted wanted;
        wanted.policy = &decision.policy;
        if (decision.audited) wanted.audited = &*decision.audited;
        wanted.organization = inputs->organization->name;
        wanted.connector = inputs->connector;
        wanted.system = sources.settings->cas;
        text += describe(credentials.identity(wanted));
    }
    return text + describe_holds(*sources.snapshot, *inputs->organization);
}

}  // namespace

PolicyChange::PolicyChange(PolicySources before, PolicySources after)
    : before_{std::move(before)}, after_{std::move(after)}
{
    // What time alone changes is no change.
    before_.now = after_.now;
}

bool PolicyChange::concerns(const routing::Route& route)
{
    Owner owner{kind_of(route), route.is_mx(), route.organization, route.connector,
                route.accepted_domain};
    const auto known = known_.find(owner);
    if (known != known_.end()) return known->second;
    const bool differs = describe(before_, route) != describe(after_, route);
    return known_.emplace(std::move(owner), differs).first->second;
}

}  // namespace hermetic::outbound
