#include "validation/judge.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/dial.h"
#include "outbound/hosts.h"
#include "outbound/next_hop_outcome.h"
#include "policy/evidence_words.h"
#include "validation/words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hermetic::validation {
namespace {

using policy::TlsLevel;
using What = policy::NextHopStep::What;

constexpr std::array kLevels{TlsLevel::None,     TlsLevel::Opportunistic, TlsLevel::Encrypt,
                             TlsLevel::VerifyCa, TlsLevel::VerifyName,    TlsLevel::Dane};

// A connector that asks for the level, whether it is above the organization's or below.
objects::OutboundConnector connector_of(TlsLevel level, WallTime now)
{
    objects::OutboundConnector connector;
    connector.tls.level = level;
    auto& exception = connector.tls.exception.emplace();
    exception.valid_until = now + std::chrono::hours{1};
    exception.level = level;
    // What the domain publishes raises every level but the one for which it is switched off.
    if (level == TlsLevel::None) exception.dane = exception.mta_sts = objects::Publication::None;
    return connector;
}

LevelVerdict went(TlsLevel level, const policy::NextHopSelection& selection,
                  const policy::ConnectionFacts& connection, WallTime now)
{
    const auto& use = selection.use();
    if (use.in_clear) {
        return {level, Fate::Goes, true, use.reason,
                std::string{facts::describe(use.reason).words}};
    }
    return {
        level, Fate::Goes, false, use.verdict,
        policy::describe_finding(use.verdict, selection.decision().policy, *connection.tls, now)};
}

LevelVerdict failed(TlsLevel level, const policy::NextHopSelection& selection, WallTime now)
{
    const auto& failure = selection.failure();
    const auto& decision = selection.decision(failure);
    const auto outcome = outbound::outcome_of(failure, {selection.label(failure), decision, now});
    return {level, fate_of(outcome), false, outcome.reason,
            say_outcome(outcome, proof_of(decision.policy, failure.evidence))};
}

}  // namespace

LevelAnswer judge_level(const LevelQuestion& question, TlsLevel level,
                        std::span<const RecordedConnection> record)
{
    const auto connector = connector_of(level, question.now);
    policy::TlsDemand demand;
    demand.organization = &question.organization;
    demand.connector = &connector;
    policy::NextHopSelection selection{demand, {question.host}, question.now};
    const policy::ConnectionFacts* last = nullptr;
    for (;;) {
        const auto& step = selection.step();
        switch (step.what) {
        case What::Resolve:
            selection.on_addresses({question.address});
            break;
        case What::AskTlsa:
            selection.on_tlsa(question.tlsa_status, question.tlsa, question.tlsa_words);
            break;
        case What::Prepare:
            selection.on_credentials(question.credentials(selection.decision(step.host)));
            break;
        case What::Connect: {
            const auto found = std::ranges::find(record, step.plan, &RecordedConnection::plan);
            if (found == record.end()) return {std::nullopt, step.plan};
            last = &found->facts;
            selection.on_connection(found->facts);
            break;
        }
        case What::Use:
            return {went(level, selection, *last, question.now), {}};
        case What::GiveUp:
            return {failed(level, selection, question.now), {}};
        case What::LogIn:
            unreachable("the connector of a level has no login");
        }
    }
}

net::Task<std::vector<LevelVerdict>> try_levels(ProbeContext& probe_context,
                                                const objects::Organization& organization,
                                                const HostFindings& host, Endpoint endpoint)
{
    auto& context = probe_context.outbound_context();
    const WallTime now = context.adapters.core.clock().wall();
    const auto identity = [&](const policy::TlsDecision& decision) {
        return context.identity_for(decision, organization.name, nullptr);
    };
    const outbound::MxFacts mx{host.domain, host.canonical_domain, host.mx_security};
    LevelQuestion question{organization,
                           {},
                           {},
                           host.tlsa_status,
                           host.tlsa,
                           host.tlsa_words,
                           [&](const policy::TlsDecision& decision) {
                               policy::HopCredentials credentials;
                               credentials.missing = identity(decision).missing;
                               return credentials;
                           },
                           now};
    question.host.hop = outbound::hop_facts(host.host, mx, context.settings->sts.get());
    question.host.label = host.host.label();
    question.address.endpoint = endpoint;

    outbound::DialRequest base;
    base.host = host.host;
    base.endpoint = endpoint;
    base.tlsa = host.tlsa;
    base.server_name = host.tlsa != nullptr ? host.tlsa->base : host.host.name;
    base.identity.trust = trust_of(probe_context, organization);
    std::vector<RecordedConnection> record;
    std::vector<LevelVerdict> verdicts;
    for (const TlsLevel level : kLevels) {
        LevelAnswer answer = judge_level(question, level, record);
        while (!answer.verdict) {
            outbound::DialRequest request = base;
            request.plan = answer.wanted;
            auto result = co_await outbound::dial(context, std::move(request));
            auto seen = outbound::take_facts(result, outbound::Crowded::No);
            hang_up(std::move(result.connection));
            record.push_back({answer.wanted, std::move(seen)});
            answer = judge_level(question, level, record);
        }
        verdicts.push_back(*std::move(answer.verdict));
    }
    co_return verdicts;
}

}  // namespace hermetic::validation
