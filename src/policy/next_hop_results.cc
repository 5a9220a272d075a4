// What a connection showed, and what follows for its address and its host.
#include "core/assert.h"
#include "facts/reasons.h"
#include "policy/login.h"
#include "policy/next_hop.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using facts::Origin;
using facts::OutcomeClass;
using facts::Stage;
using End = ConnectionFacts::End;
using Kind = HopFailure::Kind;
using Note = HopNote::Kind;
using Peer = ConnectionFacts::Peer;

// What is wrong with the host is what is to be repaired: it is named, where it may end an attempt.
Reason login_failure(Reason why)
{
    const bool may = facts::describe(why).kind == facts::ReasonKind::Finding;
    return may ? why : Reason::AuthWithheld;
}

}  // namespace

Reason handshake_reason(const facts::TlsFailure& failure)
{
    using Failure = facts::TlsFailure::Kind;
    switch (failure.kind) {
    case Failure::Alert:
        return Reason::HandshakeAlert;
    case Failure::Protocol:
        return Reason::HandshakeNotTls;
    case Failure::Closed:
        return Reason::HandshakeClosed;
    case Failure::TimedOut:
        return Reason::HandshakeTimedOut;
    case Failure::Local:
        return Reason::HandshakeRefusedByUs;
    }
    unreachable("every TlsFailure::Kind is named above");
}

void NextHopSelection::on_connection(ConnectionFacts facts)
{
    HERMETIC_ASSERT(step_.what == What::Connect);
    Address& address = current_address();
    address.reached = address.reached || facts.peer != Peer::Silent;
    if (facts.tls) current().had_tls = true;
    if (facts.failure) facts.failure = facts::brief(*std::move(facts.failure));
    if (facts.peer == Peer::Silent) note(Note::AddressDead);
    if (facts.peer == Peer::Greeted) {
        note(Note::AddressAlive);
        note(Note::HostGreeted);
    }
    if (last_resort_) return on_last_resort(facts);
    switch (facts.end) {
    case End::Ready:
        return on_ready(facts);
    case End::NotOffered:
        return on_not_offered();
    case End::Refused:
    case End::HandshakeFailed:
        return on_handshake_failed(facts);
    case End::Failed:
        return on_failed(facts);
    }
}

void NextHopSelection::on_own_fault(facts::Outcome outcome)
{
    HERMETIC_ASSERT(step_.what == What::Connect);
    current().barred = true;
    for (Address& each : current().addresses) each.tried.clear();
    fail(Kind::OwnFault, std::move(outcome));
    advance();
}

void NextHopSelection::on_kept()
{
    HERMETIC_ASSERT(step_.what == What::Connect);
    use_ = {};
    step_.what = What::Use;
}

void NextHopSelection::on_ready(const ConnectionFacts& facts)
{
    if (!step_.plan) {
        add_attempt_step(StepKind::Clear, true, step_.reason);
        return use_in_clear(step_.reason);
    }
    const TlsPolicy& policy = current().decision.policy;
    const auto verdict = judge_evidence(policy, *facts.tls);
    const Reason reason = !verdict.passes  ? verdict.reason
                          : facts.injected ? Reason::StarttlsInjected
                                           : step_.reason;
    add_attempt_step(step_.plan->kind, verdict.passes, reason);
    if (!verdict.passes) {
        fail(Kind::Unproved, verdict.reason, Stage::Verify);
        keep_evidence(facts.tls);
        return finish_address();
    }
    note(Note::StepWorked, step_.plan->kind);
    if (policy.requiretls && !facts.requiretls) {
        fail(Kind::NoRequireTls, Reason::RequiretlsNotOffered, Stage::Verify).temporary = false;
        keep_evidence(facts.tls);
        return finish_address();
    }
    use_ = {false, step_.plan->kind, step_.reason, verdict.reason, {}, false};
    audit(facts.tls, Reason::None);
    log_in_or_use(facts);
}

// Specification §3.1: a password goes only where enforcing would have sent mail, in audit mode too.
void NextHopSelection::log_in_or_use(const ConnectionFacts& facts)
{
    step_.what = What::Use;
    const Host& host = current();
    if (!host.credentials.login) return;
    const auto credentials =
        host.credentials.missing ? Credentials::Missing : Credentials::Complete;
    const Reason why_not = why_no_login(host.decision, credentials, facts.tls);
    if (why_not == Reason::None) {
        step_.what = What::LogIn;
        login_tls_ = facts.tls;
        return;
    }
    if (host.decision.audited) {
        auto& says = use_.audit;
        if (says.front() == Reason::TlsAuditWouldPass)
            says = {Reason::TlsAuditWouldRefuse, login_failure(why_not)};
        if (says.back() != Reason::AuthWithheld) says.push_back(Reason::AuthWithheld);
        return;
    }
    withhold_login(why_not);
    keep_evidence(facts.tls);
    finish_address();
}

void NextHopSelection::withhold_login(Reason why)
{
    fail(Kind::LoginWithheld, login_failure(why), Stage::Auth);
}

// The other addresses are the same host's: it would say the same there. But 421 says nothing of the
// login.
void NextHopSelection::on_login(std::optional<facts::Outcome> refusal)
{
    HERMETIC_ASSERT(step_.what == What::LogIn);
    step_.what = What::Use;
    const auto tls = std::exchange(login_tls_, std::nullopt);
    if (!refusal) return;
    const bool closes = facts::closes_session(*refusal);
    fail(Kind::Failed, *std::move(refusal));
    keep_evidence(tls);
    if (closes) return finish_address();
    current().barred = true;
    advance();
}

void NextHopSelection::use_in_clear(Reason reason)
{
    const Host& host = current();
    HERMETIC_ASSERT(host.decision.policy.allows_clear());
    // Where a login is asked for the mail waits for what proves the host, like the password.
    if (host.credentials.login && !host.decision.audited) {
        current_address().tried_in_clear = true;
        withhold_login(last_resort_ ? Reason::LadderHandshakeFailed : reason);
        return finish_address();
    }
    use_ = {true, StepKind::Clear, reason, {}, {}, last_resort_};
    const Reason not_offered = step_.plan ? reason : Reason::None;
    audit(std::nullopt, last_resort_ ? why_last_resort_ : not_offered);
    step_.what = What::Use;
}

// Whether enforcing would have used the connection, and if not, the reason that it would have named
// (docs/policy/tls.md): `no_tls`, where it is in clear.
void NextHopSelection::audit(const std::optional<facts::TlsEvidence>& tls, Reason no_tls)
{
    const Host& host = current();
    if (!host.decision.audited) return;
    const Reason why_not = audited_failure(host, tls, no_tls);
    use_.audit = {Reason::TlsAuditWouldPass};
    if (why_not != Reason::None) use_.audit = {Reason::TlsAuditWouldRefuse, why_not};
    const bool said = use_.audit.back() == Reason::AuthWithheld;
    if (host.credentials.login && !tls && !said) use_.audit.push_back(Reason::AuthWithheld);
}

// In the order in which enforcing comes to them. None: it would have used the connection.
Reason NextHopSelection::audited_failure(const Host& host,
                                         const std::optional<facts::TlsEvidence>& tls,
                                         Reason no_tls)
{
    if (host.decision.audited_skip != Reason::None) return host.decision.audited_skip;
    if (host.credentials.missing) return host.credentials.missing->reason;
    const auto verdict = judge_connection(*host.decision.audited, tls);
    const bool no_login = host.credentials.login && !tls;
    if (verdict.passes && no_login && no_tls != Reason::None) return login_failure(no_tls);
    if (verdict.passes) return no_login ? Reason::AuthWithheld : Reason::None;
    if (!tls && no_tls != Reason::None) return no_tls;
    // It would not have offered this version: the handshake itself would have failed.
    if (verdict.reason == Reason::TlsVersionBelowFloor) return Reason::LadderHandshakeFailed;
    return verdict.reason;
}

// Offered, or had, at another address or a moment ago, and not now: a failure, not an answer.
void NextHopSelection::on_not_offered()
{
    Host& host = current();
    const bool elsewhere = host.had_tls || summarize(host).handshake_failed;
    auto& tried = current_address().tried;
    tried.push_back({step_.plan->kind, StepResult::NotOffered, std::nullopt});
    const auto next = next_at_host(host.decision.policy, tried, std::nullopt);
    if (next.what == HostStep::What::Clear && !elsewhere) {
        tried.pop_back();  // it is an answer
        add_attempt_step(StepKind::Clear, true, next.reason);
        return use_in_clear(next.reason);
    }
    const Reason reason = elsewhere ? Reason::StarttlsVanished : next.reason;
    add_attempt_step(step_.plan->kind, false, reason);
    fail(Kind::NotOffered, reason, Stage::StartTls);
    finish_address();
}

void NextHopSelection::on_handshake_failed(const ConnectionFacts& facts)
{
    const bool refused = facts.end == End::Refused;
    note(Note::StepFailed, step_.plan->kind);
    add_attempt_step(step_.plan->kind, false,
                     refused ? Reason::StarttlsRefused : handshake_reason(*facts.failure),
                     facts.failure);
    if (refused) {
        // It may work, or be needed, another time.
        HopFailure& failure = fail(Kind::StartTlsRefused, *facts.outcome);
        failure.reason = Reason::StarttlsRefused;
        failure.temporary = true;
    }
    attempt_steps_.back().tls = brief_of(facts.tls);
    auto& tried = current_address().tried;
    tried.push_back({step_.plan->kind, refused ? StepResult::Refused : StepResult::HandshakeFailed,
                     facts.failure});
    const auto next = next_at_host(current().decision.policy, tried, std::nullopt);
    if (next.what == HostStep::What::Try) return advance();
    finish_ladder(next.reason, facts.tls);
}

void NextHopSelection::finish_ladder(Reason reason, const std::optional<facts::TlsEvidence>& tls)
{
    const auto& tried = current_address().tried;
    const auto& decision = current().decision;
    if (tried.back().result != StepResult::HandshakeFailed) return finish_address();
    if (failed_by_retirement(decision, tried)) {
        const bool over = decision.policy.clear_after_failure;
        fail(Kind::Retired, over ? Reason::RetirementEnded : Reason::RetirementShare,
             Stage::Handshake);
    } else {
        fail(Kind::Handshake, reason, Stage::Handshake).failure = tried.back().failure;
    }
    keep_evidence(tls);
    finish_address();
}

// Until the peer is proved to the level that the policy asks for, a refusal may be anybody's; one
// that is temporary, too, would hide that TLS is what fails.
void NextHopSelection::on_failed(const ConnectionFacts& facts)
{
    const TlsPolicy& policy = current().decision.policy;
    const auto verdict = judge_connection(policy, facts.tls);
    const bool said = facts.outcome->origin == Origin::Remote;
    Reason reason = facts.outcome->reason;
    if (facts.tls && !verdict.passes) {
        // What it showed is known, and says more than what it said, or that it closed.
        reason = verdict.reason;
        fail(Kind::Unproved, verdict.reason, Stage::Verify);
    } else if (said && !verdict.passes) {
        reason = Reason::PeerUnproved;
        HopFailure& failure = fail(Kind::Unbelieved, *facts.outcome);
        failure.reason = reason;
        failure.temporary = true;
    } else {
        HopFailure& failure = fail(Kind::Failed, *facts.outcome);
        // A next hop of our own configuration that greets nobody is a mistake on one of two sides
        // that administrators can repair: not all mail is to be returned for it. Nor is a message
        // that an operator helps below its policy, for words that its policy would not believe.
        const bool approved = demand_.message.approved == Approved::Yes;
        if (current().facts.hop.configured || approved) failure.temporary = true;
    }
    add_attempt_step(step_.plan ? step_.plan->kind : StepKind::Clear, false, reason);
    keep_evidence(facts.tls);
    finish_address();
}

void NextHopSelection::on_last_resort(const ConnectionFacts& facts)
{
    const bool ready = facts.end == End::Ready;
    add_attempt_step(StepKind::Clear, ready, ready ? step_.reason : facts.outcome->reason);
    if (ready) return use_in_clear(step_.reason);
    current_address().tried_in_clear = true;
    HopFailure& failure = fail(Kind::Failed, *facts.outcome);
    if (current().facts.hop.configured) failure.temporary = true;
    advance();
}

void NextHopSelection::finish_address()
{
    current_address().finished = true;
    const auto& addresses = current().addresses;
    const bool all = std::ranges::all_of(addresses, &Address::finished) &&
                     !current().part_unresolved && !current().left_out.bars_clear;
    if (all && std::ranges::none_of(addresses, &Address::reached)) note(Note::HostSilent);
    advance();
}

HopFailure& NextHopSelection::fail(Kind kind, Reason reason, Stage stage)
{
    HopFailure failure;
    failure.kind = kind;
    failure.reason = reason;
    failure.stage = stage;
    failure.host = step_.host;
    if (step_.what == What::Connect || step_.what == What::Use || step_.what == What::LogIn)
        failure.address = last_address_;
    failures_.push_back(std::move(failure));
    return failures_.back();
}

HopFailure& NextHopSelection::fail(Kind kind, facts::Outcome outcome)
{
    HopFailure& failure = fail(kind, outcome.reason, outcome.stage);
    failure.temporary = outcome.result != OutcomeClass::Failed;
    failure.outcome = std::move(outcome);
    return failure;
}

void NextHopSelection::add_attempt_step(StepKind kind, bool succeeded, Reason reason,
                                        const std::optional<facts::TlsFailure>& failure)
{
    facts::AttemptStep step;
    step.kind = kind;
    step.host = current().facts.label;
    step.address = current_address().facts.endpoint;
    step.succeeded = succeeded;
    step.reason = reason;
    step.tls_failure = failure;
    attempt_steps_.push_back(std::move(step));
}

void NextHopSelection::keep_evidence(const std::optional<facts::TlsEvidence>& tls)
{
    failures_.back().evidence = brief_of(tls);
    attempt_steps_.back().tls = failures_.back().evidence;
}

// Kept for each connection of an attempt, of which there are many; what was judged is judged alike.
std::optional<facts::TlsEvidence> NextHopSelection::brief_of(
    const std::optional<facts::TlsEvidence>& tls) const
{
    if (!tls) return std::nullopt;
    const TlsPolicy& policy = hosts_[step_.host].decision.policy;
    return facts::brief(*tls,
                        [&policy](std::string_view name) { return is_asked_for(policy, name); });
}

void NextHopSelection::note(Note kind, StepKind step)
{
    notes_.push_back({kind, step_.host, current_address().facts.endpoint, step});
}

// Of all hosts and addresses that nothing more is to be tried at.
void NextHopSelection::note_findings()
{
    const auto found = [&](std::size_t host, std::optional<Endpoint> address, HopFinding finding,
                           std::optional<smtp::Offer> lacking = {}) {
        notes_.push_back({Note::Found, host, address, StepKind::Everything, finding, lacking});
    };
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const Host& host = hosts_[i];
        if (host.excluded) continue;
        if (!may_be_tried(host)) found(i, std::nullopt, finding_at(i), lacking_at(i));
        for (const Address& address : host.addresses) {
            if (address.finished && !address.passed)
                found(i, address.facts.endpoint, finding_at(i, address));
        }
    }
}

// It came to nothing for one message; others it may take. Those that were not asked come first.
void NextHopSelection::note_use(const std::optional<smtp::Offer>& lacking)
{
    note(Note::Found);
    notes_.back().lacking = current_address().lacking = lacking;
    notes_.push_back({Note::Found, step_.host, std::nullopt});
    notes_.back().lacking = lacking_at(step_.host);
}

// Of the host as a whole: none of its addresses may take the message for any other reason.
std::optional<smtp::Offer> NextHopSelection::lacking_at(std::size_t host) const
{
    const Host& each = hosts_[host];
    if (!each.resolved || each.barred || each.part_unresolved || each.left_out.may_take)
        return std::nullopt;
    std::optional<smtp::Offer> most = each.left_out.lacking;
    for (const Address& address : each.addresses) {
        const bool silent = address.finished && !address.reached;
        if (silent || (!address.lacking && refuses_for_good(host, address.facts.endpoint)))
            continue;
        if (!address.lacking) return std::nullopt;
        most = smtp::most_of(most.value_or(*address.lacking), *address.lacking);
    }
    return most;
}

HopFinding NextHopSelection::finding_at(std::size_t host) const
{
    const Host& each = hosts_[host];
    if (each.nobody) return HopFinding::NoHost;
    if (was_passed(each)) return HopFinding::Unsettled;
    const HostSummary summary = summarize(each);
    const bool complete = !summary.part_unresolved && !summary.left_untried && !each.barred;
    if (complete && summary.handshake_failed && summary.may_be_clear &&
        !summary.inappropriate_fallback) {
        return HopFinding::HandshakesFailed;
    }
    const bool all = !may_take(each.left_out) && refuses_for_good(host, std::nullopt);
    return all ? HopFinding::Refused : HopFinding::Unsettled;
}

HopFinding NextHopSelection::finding_at(std::size_t host, const Address& address) const
{
    if (address.facts.refused != Reason::None) return HopFinding::NoHost;
    const Host& each = hosts_[host];
    const HostSummary summary = policy::summarize(each.decision.policy, address.tried);
    if (summary.handshake_failed && summary.may_be_clear && !summary.inappropriate_fallback &&
        !each.facts.hop.implicit_tls) {
        return HopFinding::HandshakesFailed;
    }
    if (!address.reached) return HopFinding::Silent;
    return refuses_for_good(host, address.facts.endpoint) ? HopFinding::Refused
                                                          : HopFinding::Unsettled;
}

// None of its failures is one that waiting may end.
bool NextHopSelection::refuses_for_good(std::size_t host,
                                        const std::optional<Endpoint>& address) const
{
    bool refuses = false;
    for (const HopFailure& each : failures_) {
        if (each.host != host || each.kind == Kind::LeftUntried) continue;
        if (address && each.address != address) continue;
        if (each.temporary) return false;
        refuses = true;
    }
    return refuses;
}

}  // namespace hermetic::policy
