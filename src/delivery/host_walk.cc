#include "delivery/host_walk.h"

#include "core/assert.h"
#include "delivery/io_outcome.h"
#include "delivery/office.h"
#include "net/core.h"
#include "routing/target_address.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::delivery {
namespace {

using facts::Stage;
using policy::HostStep;
using policy::RungKind;
using policy::RungResult;
using End = DialResult::End;

policy::HopFacts hop_facts(const Host& host, const std::string& domain, facts::DnsSecurity mx)
{
    policy::HopFacts hop;
    if (!host.unix_path.empty()) hop.kind = policy::HopKind::LocalSocket;
    hop.configured = host.source == routing::TargetSource::Configured;
    hop.host = host.name;
    hop.domain = domain;
    hop.mx_security = mx;
    return hop;
}

std::string endpoint_text(const Host& host, const Endpoint& endpoint)
{
    return host.unix_path.empty() ? endpoint.format() : host.unix_path;
}

}  // namespace

HostWalk::HostWalk(Office& office, HostList hosts, std::string_view organization,
                   const std::string& connector, std::string domain)
    : office_{office},
      organization_{office.snapshot->organization(organization).name},
      mx_security_{hosts.mx_security},
      decision_{&network_}
{
    policy::TlsInputs inputs;
    inputs.organization = &office.snapshot->organization(organization_);
    inputs.connector = office.snapshot->outbound_connector(std::string_view{connector});
    inputs.now = office.adapters.core.clock().wall();
    network_ = policy::decide_tls(inputs);
    for (auto& host : hosts.hosts) {
        Candidate candidate;
        inputs.hop = hop_facts(host, domain, mx_security_);
        candidate.decision = policy::decide_tls(inputs);
        candidate.host = std::move(host);
        candidates_.push_back(std::move(candidate));
    }
}

net::Task<ConnectionPointer> HostWalk::open()
{
    reset();
    for (const auto pass : {Pass::Alive, Pass::Dead}) {
        if (pass == Pass::Dead && office_.dead.empty()) break;
        for (auto& candidate : candidates_) {
            if (candidate.excluded || candidate.finished || office_.stopping()) continue;
            current_ = static_cast<std::size_t>(&candidate - candidates_.data());
            candidate.clear_after_failures = false;
            auto connection = co_await try_host(candidate, pass);
            if (connection) co_return connection;
        }
    }
    std::vector<policy::HostSummary> summaries;
    for (const auto& candidate : candidates_) {
        if (candidate.excluded) {
            summaries.push_back(candidate.when_excluded);
            continue;
        }
        auto summary = policy::summarize(candidate.tried);
        summary.no_host = !candidate.has_address;
        summaries.push_back(summary);
    }
    const auto last = policy::after_last_host(network_.policy, summaries);
    if (last.clear && !office_.stopping()) {
        auto connection = co_await try_clear_everywhere();
        if (connection) co_return connection;
    }
    if (outcomes_.empty()) {
        outcomes_.push_back(smtp::local_outcome(Stage::Connect, {4, 3, 2}, "delivery.stopping",
                                                "the server is stopping"));
    }
    failure_ = strongest(outcomes_);
    suggest_fix(failure_);
    co_return nullptr;
}

void HostWalk::reset()
{
    outcomes_.clear();
    rungs_.clear();
    for (auto& candidate : candidates_) {
        candidate.unresolved = candidate.finished = candidate.has_address = false;
        candidate.tried.clear();
        candidate.tls_failed_at.reset();
    }
}

bool HostWalk::exclude_current()
{
    const auto left = std::count_if(candidates_.begin(), candidates_.end(),
                                    [](const Candidate& each) { return !each.excluded; });
    if (left < 2) return false;
    auto& current = candidates_[current_];
    current.excluded = true;
    // It has been reached: unless every handshake had failed by then, the others must not be sent
    // to in clear for theirs.
    current.when_excluded = {false, current.clear_after_failures, false};
    narrowed_ = true;
    return true;
}

void HostWalk::admit_all()
{
    narrowed_ = false;
    for (auto& candidate : candidates_) candidate.excluded = false;
}

net::Task<bool> HostWalk::resolve(Candidate& candidate)
{
    if (candidate.addresses) co_return true;
    if (candidate.unresolved) co_return false;
    if (!candidate.host.unix_path.empty()) {
        candidate.addresses = HostAddresses{{IpAddress{}}, facts::DnsSecurity::Insecure};
        co_return true;
    }
    auto found = co_await find_addresses(office_, candidate.host);
    if (found) {
        candidate.addresses = *std::move(found);
        co_return true;
    }
    candidate.unresolved = true;
    candidate.has_address = found.error().result == facts::OutcomeClass::Deferred;
    outcomes_.push_back(std::move(found.error()));
    co_return false;
}

net::Task<ConnectionPointer> HostWalk::try_host(Candidate& candidate, Pass pass)
{
    decision_ = &candidate.decision;
    last_host_ = candidate.host.label();
    const bool resolved = co_await resolve(candidate);
    if (!resolved) co_return nullptr;
    const auto rules = office_.settings->target_rules();
    for (const auto& address : candidate.addresses->addresses) {
        const Endpoint endpoint{address, candidate.host.port};
        const bool dead =
            office_.dead.is_dead(endpoint_text(candidate.host, endpoint), office_.now());
        candidate.has_address = candidate.has_address || dead;
        if (dead != (pass == Pass::Dead)) continue;
        if (candidate.host.unix_path.empty()) {
            const auto refused = routing::refuse_target(endpoint, candidate.host.source, rules);
            if (refused) {
                outcomes_.push_back(smtp::local_outcome(
                    Stage::Route, {5, 4, 6}, *refused,
                    fmt::format("{} ({}): {}", candidate.host.label(), endpoint.format(),
                                routing::describe_refused_target(*refused))));
                continue;
            }
        }
        candidate.has_address = true;
        auto connection = co_await try_address(candidate, endpoint);
        if (connection) co_return connection;
        if (candidate.finished || office_.stopping()) break;
    }
    co_return nullptr;
}

net::Task<ConnectionPointer> HostWalk::try_address(Candidate& candidate, Endpoint endpoint)
{
    auto kept = take_kept(candidate, endpoint);
    if (kept) co_return kept;
    last_endpoint_ = endpoint;
    if (decision_->policy.wants_tls()) co_return co_await climb(candidate, endpoint);
    co_return co_await dial_in_clear(candidate, endpoint, decision_->reasons.back());
}

ConnectionPointer HostWalk::take_kept(const Candidate& candidate, const Endpoint& endpoint)
{
    auto kept = office_.pool.take(key_of(candidate, endpoint), office_.now());
    if (kept) last_endpoint_ = endpoint;
    return kept;
}

net::Task<ConnectionPointer> HostWalk::climb(Candidate& candidate, Endpoint endpoint)
{
    const auto remembered = office_.rungs.recall(memory_key(candidate), office_.now());
    while (!office_.stopping()) {
        const auto step = policy::next_at_host(decision_->policy, candidate.tried, remembered);
        if (step.what != HostStep::What::Try) {
            give_up_host(candidate, step.reason);
            co_return nullptr;
        }
        DialRequest request;
        request.host = candidate.host;
        request.endpoint = endpoint;
        request.plan = step.plan;
        request.reuse_key = key_of(candidate, endpoint);
        auto result = co_await dial(office_, std::move(request));
        slow_down_ = slow_down_ || result.busy;
        switch (result.end) {
        case End::Ready: {
            auto ready = on_ready(candidate, step.plan, std::move(result), step.reason);
            co_return ready;
        }
        case End::NotOffered: {
            auto ready = on_not_offered(candidate, step.plan, std::move(result));
            co_return ready;
        }
        case End::Refused:
        case End::HandshakeFailed:
            on_tls_failure(candidate, step.plan, result, endpoint);
            break;
        case End::Failed:
            add_rung(candidate, step.plan.kind, false, result.outcome->reason, std::nullopt);
            on_failed(candidate, result, endpoint);
            co_return nullptr;
        }
    }
    co_return nullptr;
}

ConnectionPointer HostWalk::on_ready(Candidate& candidate, const policy::RungPlan& plan,
                                     DialResult result, std::string_view reason)
{
    office_.dead.forget(endpoint_text(candidate.host, result.connection->endpoint));
    const auto verdict = policy::judge_evidence(decision_->policy, *result.connection->tls);
    add_rung(candidate, plan.kind, verdict.passes,
             !verdict.passes   ? verdict.reason
             : result.injected ? std::string_view{"starttls.injected"}
                               : reason,
             std::nullopt);
    if (!verdict.passes) {
        result.connection->stream->close();
        outcomes_.push_back(smtp::local_outcome(Stage::Verify, {4, 7, 320}, verdict.reason,
                                                "the server's certificate does not satisfy the "
                                                "TLS policy"));
        candidate.finished = true;
        return nullptr;
    }
    office_.rungs.worked(memory_key(candidate), plan.kind, office_.now());
    result.connection->verdict = verdict.reason;
    return hand_over(candidate, result);
}

ConnectionPointer HostWalk::on_not_offered(Candidate& candidate, const policy::RungPlan& plan,
                                           DialResult result)
{
    candidate.tried.push_back({plan.kind, RungResult::NotOffered, std::nullopt});
    office_.dead.forget(endpoint_text(candidate.host, result.connection->endpoint));
    const auto step = policy::next_at_host(decision_->policy, candidate.tried, std::nullopt);
    if (step.what == HostStep::What::Clear) {
        HERMETIC_ASSERT(decision_->policy.allows_clear());
        add_rung(candidate, RungKind::Clear, true, step.reason, std::nullopt);
        return hand_over(candidate, result);
    }
    add_rung(candidate, plan.kind, false, step.reason, std::nullopt);
    result.connection->stream->close();
    outcomes_.push_back(smtp::local_outcome(Stage::StartTls, {4, 4, 317}, step.reason,
                                            "the server does not offer STARTTLS"));
    candidate.finished = true;
    return nullptr;
}

void HostWalk::on_tls_failure(Candidate& candidate, const policy::RungPlan& plan,
                              DialResult& result, const Endpoint& endpoint)
{
    candidate.tls_failed_at = endpoint;
    office_.rungs.failed(memory_key(candidate));
    const bool refused = result.end == End::Refused;
    add_rung(candidate, plan.kind, false,
             refused ? std::string_view{"starttls.refused"} : handshake_reason(*result.failure),
             result.failure);
    if (refused) {
        // It may work, or be needed, another time.
        put_off(*result.outcome);
        result.outcome->reason = "starttls.refused";
        outcomes_.push_back(*result.outcome);
    }
    candidate.tried.push_back(
        {plan.kind, refused ? RungResult::Refused : RungResult::HandshakeFailed, result.failure});
}

void HostWalk::on_failed(Candidate& candidate, const DialResult& result, const Endpoint& endpoint)
{
    const auto key = endpoint_text(candidate.host, endpoint);
    // A port that is closed to one more while others are served is full, not dead.
    const bool full = result.refused_connect && office_.live_connections(key) != 0;
    slow_down_ = slow_down_ || full;
    if (result.unreachable && !full) {
        const auto now = office_.now();
        office_.dead.mark(key, now + office_.settings->options.dead_host, now);
    }
    outcomes_.push_back(*result.outcome);
    // A next hop of our own configuration that greets nobody is a mistake on one of two sides that
    // administrators can repair: not all mail is to be returned for it.
    if (candidate.host.source == routing::TargetSource::Configured) put_off(outcomes_.back());
}

void HostWalk::give_up_host(Candidate& candidate, std::string_view reason)
{
    candidate.finished = true;
    const auto& last = candidate.tried.back();
    if (last.result != RungResult::HandshakeFailed) return;  // its outcome is known already
    outcomes_.push_back(handshake_outcome(reason, last.failure ? &*last.failure : nullptr));
}

net::Task<ConnectionPointer> HostWalk::try_clear_everywhere()
{
    for (auto& candidate : candidates_) {
        if (candidate.excluded || !candidate.tls_failed_at) continue;
        decision_ = &candidate.decision;
        const Endpoint endpoint = *candidate.tls_failed_at;
        current_ = static_cast<std::size_t>(&candidate - candidates_.data());
        last_host_ = candidate.host.label();
        last_endpoint_ = endpoint;
        auto connection =
            co_await dial_in_clear(candidate, endpoint, "ladder.every-handshake-failed");
        if (connection || office_.stopping()) co_return connection;
    }
    co_return nullptr;
}

net::Task<ConnectionPointer> HostWalk::dial_in_clear(Candidate& candidate, Endpoint endpoint,
                                                     std::string_view reason)
{
    HERMETIC_ASSERT(decision_->policy.allows_clear());
    DialRequest request;
    request.host = candidate.host;
    request.endpoint = endpoint;
    request.reuse_key = key_of(candidate, endpoint);
    auto result = co_await dial(office_, std::move(request));
    slow_down_ = slow_down_ || result.busy;
    add_rung(candidate, RungKind::Clear, result.end == End::Ready,
             result.end == End::Ready ? reason : std::string_view{result.outcome->reason},
             std::nullopt);
    if (result.end != End::Ready) {
        on_failed(candidate, result, endpoint);
        co_return nullptr;
    }
    auto connection = hand_over(candidate, result);
    // After failed handshakes it is for this grant alone: the next one begins with TLS again.
    if (decision_->policy.wants_tls()) {
        connection->pool_key.clear();
        candidate.clear_after_failures = true;
    }
    co_return connection;
}

void HostWalk::add_rung(const Candidate& candidate, RungKind kind, bool succeeded,
                        std::string_view reason, const std::optional<facts::TlsFailure>& failure)
{
    facts::Rung rung;
    rung.kind = kind;
    rung.host = candidate.host.label();
    if (last_endpoint_) rung.address = *last_endpoint_;
    rung.succeeded = succeeded;
    rung.reason = reason;
    rung.tls_failure = failure;
    rungs_.push_back(std::move(rung));
}

ConnectionPointer HostWalk::hand_over(const Candidate& candidate, DialResult& result)
{
    Connection& connection = *result.connection;
    connection.address_security = candidate.addresses->security;
    if (candidate.decision.audited) {
        const auto verdict = policy::judge_connection(*candidate.decision.audited, connection.tls);
        connection.audit = {verdict.passes ? "tls.audit-would-pass" : "tls.audit-would-refuse"};
        if (!verdict.passes) connection.audit.push_back(verdict.reason);
    }
    return std::move(result.connection);
}

std::string HostWalk::key_of(const Candidate& candidate, const Endpoint& endpoint) const
{
    std::string key = organization_;
    key += '|';
    key += endpoint_text(candidate.host, endpoint);
    key += '|';
    key += candidate.host.name;
    key += candidate.host.protocol == objects::HostProtocol::Lmtp ? "|lmtp|" : "|smtp|";
    key += candidate.decision.policy.digest();
    if (candidate.decision.audited) key += " audit " + candidate.decision.audited->digest();
    key += '|';
    key += office_.tls_identity();
    return key;
}

std::string HostWalk::memory_key(const Candidate& candidate) const
{
    std::string key = candidate.host.label();
    key += '|';
    key += std::to_string(candidate.host.port);
    key += '|';
    key += candidate.decision.policy.digest();
    return key;
}

}  // namespace hermetic::delivery
