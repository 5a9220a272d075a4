#include "outbound/host_walk.h"

#include "core/assert.h"
#include "net/core.h"
#include "outbound/hop_inputs.h"
#include "outbound/io_outcome.h"
#include "outbound/log_in.h"
#include "outbound/office.h"
#include "outbound/peer_watch.h"
#include "outbound/policy_outcome.h"
#include "policy/approval.h"
#include "policy/login.h"
#include "policy/retirement.h"
#include "routing/target_address.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::outbound {
namespace {

using facts::Stage;
using policy::HostStep;
using policy::RungKind;
using policy::RungResult;
using End = DialResult::End;

// How long what DNS and the ratchet said may be used without asking again: the unit of a record's
// time to live. The resolver answers from its memory.
constexpr std::chrono::seconds kFresh{1};

policy::HopFacts hop_facts(const Host& host, const MxFacts& mx)
{
    policy::HopFacts hop;
    hop.kind = host.kind;
    hop.implicit_tls = has_implicit_tls(host);
    hop.configured = host.source == routing::TargetSource::Configured;
    hop.host = host.name;
    hop.domain = mx.domain;
    hop.mx_security = mx.security;
    return hop;
}

facts::Outcome retired_outcome(const policy::TlsDecision& decision)
{
    const bool over = decision.policy.clear_after_failure;
    return smtp::local_outcome(
        Stage::Handshake, {4, 7, 66}, over ? "retirement.ended" : "retirement.share",
        fmt::format("the server has no {} or later, and older versions are being retired here",
                    facts::format_version(decision.policy.min)));
}

std::string endpoint_text(const Host& host, const Endpoint& endpoint)
{
    return host.unix_path.empty() ? endpoint.format() : host.unix_path;
}

}  // namespace

HostWalk::HostWalk(Office& office, PeerWatch& watch, HostList hosts,
                   objects::SnapshotPointer snapshot, policy::TlsInputs inputs, std::string domain,
                   Approved approved)
    : office_{office},
      watch_{watch},
      organization_{inputs.organization->name},
      mx_{std::move(domain), std::move(hosts.canonical_domain), hosts.mx_security},
      snapshot_{std::move(snapshot)},
      settings_{office.settings},
      began_{office.now()},
      inputs_{std::move(inputs)},
      approved_{approved},
      ratchet_{office, organization_, mx_.domain, hosts},
      decision_{&network_}
{
    inputs_.ratchet = ratchet_.expectation();
    network_ = decide(inputs_);
    for (auto& host : hosts.hosts) {
        Candidate candidate;
        candidate.host = std::move(host);
        decide(candidate);
        candidates_.push_back(std::move(candidate));
    }
}

policy::TlsDecision HostWalk::decide(const policy::TlsInputs& inputs) const
{
    return approved_ == Approved::Yes ? policy::decide_approved(inputs)
                                      : policy::decide_tls(inputs);
}

// By what is known of the host now.
void HostWalk::decide(Candidate& candidate)
{
    policy::TlsInputs inputs = inputs_;
    inputs.now = office_.adapters.core.clock().wall();
    inputs.hop = hop_facts(candidate.host, mx_);
    add_sts(inputs.hop, office_.settings->sts.get());
    inputs.hop.tlsa_status = candidate.tlsa.status;
    inputs.hop.tlsa = candidate.tlsa.set;
    add_retirement(inputs, snapshot_->contents().retirements, candidate.host.label());
    candidate.decision = decide(inputs);
    required_tls_ =
        mail::strongest(std::move(required_tls_), policy::required_tls(candidate.decision));
    // Our secrets are not for mail below its policy.
    const auto* connector = approved_ == Approved::Yes ? nullptr : inputs.connector;
    candidate.identity = office_.identity_for(candidate.decision, organization_, connector);
}

net::Task<ConnectionPointer> HostWalk::open()
{
    reset();
    for (const auto pass : {Pass::Alive, Pass::Dead}) {
        if (pass == Pass::Dead && office_.dead.empty()) break;
        for (auto& candidate : candidates_) {
            if (candidate.excluded || candidate.finished || is_over()) continue;
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
        auto summary = policy::summarize(candidate.decision.policy, candidate.tried);
        summary.no_host = !candidate.has_address;
        summaries.push_back(summary);
    }
    // Hosts of one route may differ: a local one meets the organization's demand in clear.
    const auto weakest = std::ranges::min_element(
        candidates_, {}, [](const Candidate& each) { return each.decision.policy.level; });
    const auto last = policy::after_last_host(weakest->decision.policy, summaries);
    if (last.clear && !is_over()) {
        auto connection = co_await try_clear_everywhere();
        if (connection) co_return connection;
    }
    if (outcomes_.empty() && watch_.has_given_way()) {
        outcomes_.push_back(gave_way_outcome(Stage::Dns));
    }
    if (outcomes_.empty()) {
        outcomes_.push_back(smtp::local_outcome(Stage::Connect, {4, 3, 2}, "delivery.stopping",
                                                "the server is stopping"));
    }
    failure_ = strongest(outcomes_);
    ratchet_.on_failure(last_host_, failure_);
    suggest_fix(failure_);
    co_return nullptr;
}

bool HostWalk::is_over() const
{
    return office_.stopping() || watch_.has_given_way();
}

void HostWalk::reset()
{
    outcomes_.clear();
    rungs_.clear();
    last_tls_.reset();
    for (auto& candidate : candidates_) {
        candidate.unresolved = candidate.finished = candidate.has_address = false;
        candidate.tried.clear();
        candidate.tls_failed_at.reset();
    }
}

facts::DnsSecurity HostWalk::address_security() const
{
    if (candidates_.empty() || !candidates_[current_].addresses) {
        return facts::DnsSecurity::Insecure;
    }
    return candidates_[current_].addresses->security;
}

bool HostWalk::is_outdated() const
{
    return snapshot_ != office_.snapshot || settings_ != office_.settings;
}

bool HostWalk::is_old() const
{
    return office_.now() - began_ >= kFresh;
}

bool HostWalk::still_holds(const Connection& connection)
{
    if (is_outdated()) return false;
    auto& candidate = candidates_[current_];
    decide(candidate);  // an exception's end, a retirement plan's quarter of an hour, MTA-STS
    const bool missing = candidate.identity.missing && !candidate.decision.audited;
    return candidate.decision.skip.empty() && !missing &&
           key_of(candidate, connection.endpoint) == connection.policy_key;
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
        candidate.addresses = HostAddresses{{IpAddress{}}, facts::DnsSecurity::Insecure, {}};
        co_return true;
    }
    auto found = co_await find_addresses(office_, candidate.host);
    if (found) {
        candidate.addresses = *std::move(found);
        co_await ask_tlsa(candidate);
        co_return true;
    }
    candidate.unresolved = true;
    candidate.has_address = found.error().result == facts::OutcomeClass::Deferred;
    outcomes_.push_back(std::move(found.error()));
    co_return false;
}

// Specification §4.7; once in the life of a walk, but for a failure.
net::Task<> HostWalk::ask_tlsa(Candidate& candidate)
{
    const auto& reasons = candidate.decision.reasons;
    if (std::ranges::find(reasons, "dane.not-asked") != reasons.end()) co_return;
    const auto before = candidate.tlsa.status;
    candidate.tlsa = co_await find_tlsa(office_, candidate.host, *candidate.addresses, mx_);
    // Most hosts have no secure addresses: nothing is known that was not known before.
    const auto not_asked = policy::TlsaStatus::NotAsked;
    if (before != not_asked || candidate.tlsa.status != not_asked) decide(candidate);
}

bool HostWalk::must_skip(Candidate& candidate)
{
    const std::string_view why = candidate.decision.skip;
    if (why.empty()) return false;
    outcomes_.push_back(skipped_outcome(why, candidate.host.label(), candidate.tlsa.why));
    candidate.has_address = true;  // somebody is there: nothing follows for clear text
    candidate.finished = true;
    // What failed is asked for again the next time.
    if (candidate.tlsa.status == policy::TlsaStatus::Failed) candidate.addresses.reset();
    return true;
}

net::Task<ConnectionPointer> HostWalk::try_host(Candidate& candidate, Pass pass)
{
    decision_ = &candidate.decision;
    last_host_ = candidate.host.label();
    if (lacks_credentials(candidate)) co_return nullptr;
    const bool resolved = co_await resolve(candidate);
    if (!resolved || must_skip(candidate)) co_return nullptr;
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
        if (candidate.finished || is_over()) break;
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
    if (!kept) return nullptr;
    last_endpoint_ = endpoint;
    kept->watched = watch_.attach(*kept->stream);
    return kept;
}

net::Task<ConnectionPointer> HostWalk::climb(Candidate& candidate, Endpoint endpoint)
{
    const auto remembered = office_.rungs.recall(memory_key(candidate), office_.now());
    while (!is_over()) {
        const auto step = policy::next_at_host(decision_->policy, candidate.tried, remembered);
        if (step.what != HostStep::What::Try) {
            give_up_host(candidate, step.reason);
            co_return nullptr;
        }
        if (office_.context_for(step.plan, candidate.identity.client_certificate) == nullptr) {
            blame_ourselves(candidate);
            co_return nullptr;
        }
        DialRequest request;
        request.host = candidate.host;
        request.endpoint = endpoint;
        request.plan = step.plan;
        request.identity = candidate.identity;
        request.server_name = policy::server_name(candidate.decision, candidate.host.name);
        request.tlsa = candidate.decision.policy.tlsa;
        request.reuse_key = key_of(candidate, endpoint);
        request.watch = &watch_;
        auto result = co_await dial(office_, std::move(request));
        slow_down_ = slow_down_ || result.busy;
        switch (result.end) {
        case End::Ready: {
            auto ready = on_ready(candidate, step.plan, std::move(result), step.reason);
            if (ready && candidate.identity.login != nullptr)
                ready = co_await authenticate(candidate, std::move(ready));
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
            believe(candidate, result);
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
        rungs_.back().tls = last_tls_ = result.connection->tls;
        ratchet_.on_refused(*result.connection->tls);
        result.connection->stream->close();
        outcomes_.push_back(unproved_outcome(verdict.reason, candidate.host.label(),
                                             *result.connection->tls,
                                             office_.adapters.core.clock().wall()));
        candidate.finished = true;
        return nullptr;
    }
    office_.rungs.worked(memory_key(candidate), plan.kind, office_.now());
    result.connection->verdict = verdict.reason;
    return hand_over(candidate, result);
}

// Specification §3.1: a password goes only where enforcing would have sent mail, in audit mode too.
net::Task<ConnectionPointer> HostWalk::authenticate(Candidate& candidate,
                                                    ConnectionPointer connection)
{
    const auto credentials =
        candidate.identity.missing ? policy::Credentials::Missing : policy::Credentials::Complete;
    if (!policy::may_log_in(candidate.decision, credentials, connection->tls)) {
        if (candidate.decision.audited) {
            connection->audit.push_back("auth.withheld");
            co_return connection;
        }
        connection->stream->close();
        last_tls_ = connection->tls;
        outcomes_.push_back(smtp::local_outcome(Stage::Auth, {4, 7, 1}, "auth.withheld",
                                                "nothing proves that the server is the one that "
                                                "the password is for"));
        candidate.finished = true;
        co_return nullptr;
    }
    auto failed = co_await log_in(office_, *connection, candidate.identity.login);
    if (!failed) co_return connection;
    connection->stream->close();
    last_tls_ = connection->tls;
    outcomes_.push_back(*std::move(failed));
    candidate.finished = true;
    co_return nullptr;
}

bool HostWalk::lacks_credentials(Candidate& candidate)
{
    const bool lacks = candidate.identity.missing && !candidate.decision.audited;
    if (!lacks) return false;
    outcomes_.push_back(*candidate.identity.missing);
    candidate.has_address = true;  // somebody is there: nothing follows for clear text
    candidate.finished = true;
    return true;
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
    ratchet_.on_not_offered();
    result.connection->stream->close();
    outcomes_.push_back(not_offered_outcome(step.reason, decision_->policy));
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
        believe(candidate, result);
        outcomes_.push_back(*result.outcome);
    }
    candidate.tried.push_back(
        {plan.kind, refused ? RungResult::Refused : RungResult::HandshakeFailed, result.failure});
}

// What the host said before anything proved it to be the host.
void HostWalk::believe(const Candidate& candidate, DialResult& result)
{
    result.outcome =
        session_outcome(*std::move(result.outcome), candidate.decision.policy, result.tls,
                        candidate.host.label(), office_.adapters.core.clock().wall());
}

void HostWalk::on_failed(Candidate& candidate, const DialResult& result, const Endpoint& endpoint)
{
    last_tls_ = result.tls;
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

// What our own settings or files do not let us do says nothing of the host: nothing is sent to it
// in clear for that.
void HostWalk::blame_ourselves(Candidate& candidate)
{
    outcomes_.push_back(smtp::local_outcome(
        Stage::Local, {4, 3, 0}, "tls.client-context",
        "this server's own TLS settings, or its client certificate, cannot be used"));
    candidate.tried.clear();
    candidate.tls_failed_at.reset();
    candidate.finished = true;
}

void HostWalk::give_up_host(Candidate& candidate, std::string_view reason)
{
    candidate.finished = true;
    const auto& last = candidate.tried.back();
    if (last.result != RungResult::HandshakeFailed) return;  // its outcome is known already
    if (policy::failed_by_retirement(candidate.decision, candidate.tried)) {
        outcomes_.push_back(retired_outcome(candidate.decision));
        return;
    }
    outcomes_.push_back(handshake_outcome(reason, last.failure ? &*last.failure : nullptr));
}

net::Task<ConnectionPointer> HostWalk::try_clear_everywhere()
{
    for (auto& candidate : candidates_) {
        if (candidate.excluded || !candidate.tls_failed_at) continue;
        if (!candidate.decision.policy.allows_clear()) continue;
        decision_ = &candidate.decision;
        const Endpoint endpoint = *candidate.tls_failed_at;
        current_ = static_cast<std::size_t>(&candidate - candidates_.data());
        last_host_ = candidate.host.label();
        last_endpoint_ = endpoint;
        auto connection =
            co_await dial_in_clear(candidate, endpoint, "ladder.every-handshake-failed");
        if (connection || is_over()) co_return connection;
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
    request.watch = &watch_;
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
    if (decision_->policy.wants_tls()) candidate.clear_after_failures = true;
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
    // Where TLS is wanted the next grant asks for it again: the host may have it by then.
    if (!connection.tls && candidate.decision.policy.wants_tls()) {
        connection.kept = Connection::Kept::No;
    }
    if (candidate.decision.policy.wants_tls() && approved_ == Approved::No) {
        ratchet_.on_connection(candidate.host.label(), connection.tls,
                               connection.capabilities.starttls);
    }
    if (candidate.decision.audited) {
        const auto verdict = policy::judge_connection(*candidate.decision.audited, connection.tls);
        const auto& missing = candidate.identity.missing;
        const std::string_view skipped = candidate.decision.audited_skip;
        const bool passes = verdict.passes && skipped.empty() && !missing;
        connection.audit = {passes ? "tls.audit-would-pass" : "tls.audit-would-refuse"};
        if (!skipped.empty()) connection.audit.push_back(skipped);
        if (!verdict.passes) connection.audit.push_back(verdict.reason);
        if (missing) connection.audit.push_back("tls.credentials-missing");
        if (candidate.identity.login != nullptr && !connection.tls)
            connection.audit.push_back("auth.withheld");
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
    key += candidate.host.protocol == objects::HostProtocol::Lmtp    ? "|lmtp|"
           : candidate.host.protocol == objects::HostProtocol::Smtps ? "|smtps|"
                                                                     : "|smtp|";
    key += candidate.decision.policy.digest();
    if (candidate.decision.audited) {
        key += " audit " + candidate.decision.audited->digest();
        key += candidate.decision.audited_skip;
    }
    key += '|';
    key += candidate.identity.digest;
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

}  // namespace hermetic::outbound
