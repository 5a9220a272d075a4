#include "policy/ladder.h"

#include "core/assert.h"
#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::policy {
namespace {

using facts::TlsFailure;
using facts::TlsVersion;
using What = HostStep::What;

// Alert numbers of RFC 8446 §6 and RFC 7507 §3.
constexpr int kProtocolVersion = 70;
constexpr int kInappropriateFallback = 86;

bool is_alert(const TriedStep& step, int alert)
{
    return step.failure && step.failure->kind == TlsFailure::Kind::Alert &&
           step.failure->alert == alert;
}

// Whether asking in another way could help. These alerts are about what the hello offered, or are
// what broken software answers with; the others are about certificates and access, which the next
// step does not change.
bool looks_like_intolerance(const TlsFailure& failure)
{
    switch (failure.kind) {
    case TlsFailure::Kind::Protocol:
    case TlsFailure::Kind::Closed:
        return true;
    case TlsFailure::Kind::TimedOut:
        return true;
    case TlsFailure::Kind::Local:
        return false;  // we refused what the host chose
    case TlsFailure::Kind::Alert:
        break;
    }
    // It had chosen from our hello; what failed then is its own, and a lower version would only be
    // told that the fallback is inappropriate (OpenSMTPD 6.8 with OpenSSL 3 is such a server).
    if (failure.after_hello) return false;
    switch (failure.alert) {
    case 0:   // close_notify
    case 10:  // unexpected_message
    case 20:  // bad_record_mac
    case 22:  // record_overflow
    case 40:  // handshake_failure
    case 47:  // illegal_parameter
    case 50:  // decode_error
    case 51:  // decrypt_error
    case kProtocolVersion:
    case 71:   // insufficient_security
    case 80:   // internal_error
    case 109:  // missing_extension
    case 110:  // unsupported_extension
        return true;
    default:
        return false;
    }
}

HostStep try_step(const StepPlan& plan, Reason reason)
{
    return {What::Try, plan, reason};
}

// The first step from `kind` on, in the order of the ladder, that the policy has room for.
HostStep try_from(const TlsPolicy& policy, StepKind kind)
{
    if (kind == StepKind::Compatible) {
        return try_step(*plan_step(policy, kind), Reason::LadderCompatible);
    }
    if (kind == StepKind::LowerVersion) {
        if (const auto plan = plan_step(policy, kind)) {
            return try_step(*plan, Reason::LadderLowerVersion);
        }
        kind = StepKind::Weak;
    }
    if (kind == StepKind::Weak) {
        if (const auto plan = plan_step(policy, kind)) return try_step(*plan, Reason::LadderWeak);
        kind = StepKind::Legacy;
    }
    if (kind == StepKind::Legacy) {
        if (const auto plan = plan_step(policy, kind)) return try_step(*plan, Reason::LadderLegacy);
    }
    return {What::NextHost, {}, Reason::LadderHandshakeFailed};
}

// What it chose, or how it signed, is what the weak step is for.
bool was_too_weak(const TriedStep& step)
{
    return step.failure && step.failure->weakness != facts::Weakness::None &&
           step.kind != StepKind::Weak && step.kind != StepKind::Legacy;
}

// It answered with a version that we did not offer: one from before versions were negotiated as
// they are now, which a step of its own may allow.
bool chose_an_older_version(const TriedStep& step)
{
    return step.failure && step.failure->kind == TlsFailure::Kind::Local &&
           step.failure->alert == kProtocolVersion;
}

HostStep after_failed_handshake(const TlsPolicy& policy, const TriedStep& last)
{
    if (chose_an_older_version(last) && last.kind != StepKind::Legacy) {
        return try_from(policy, StepKind::Legacy);
    }
    if (was_too_weak(last) && plan_step(policy, StepKind::Weak)) {
        return try_from(policy, StepKind::Weak);
    }
    if (!last.failure || !looks_like_intolerance(*last.failure)) {
        return {What::NextHost, {}, Reason::LadderHandshakeFailed};
    }
    switch (last.kind) {
    case StepKind::Everything:
        // A host that says which versions it lacks has understood the hello: a smaller one of the
        // same versions would be told the same.
        return try_from(policy, is_alert(last, kProtocolVersion) ? StepKind::LowerVersion
                                                                 : StepKind::Compatible);
    case StepKind::Compatible:
        return try_from(policy, StepKind::LowerVersion);
    case StepKind::LowerVersion:
        // A weaker handshake of a version that it lacks would be told the same.
        return try_from(policy,
                        is_alert(last, kProtocolVersion) ? StepKind::Legacy : StepKind::Weak);
    case StepKind::Weak:
        return try_from(policy, StepKind::Legacy);
    case StepKind::Legacy:
    case StepKind::Clear:
        break;
    }
    return {What::NextHost, {}, Reason::LadderHandshakeFailed};
}

bool timed_out(const TriedStep& step)
{
    return step.failure && step.failure->kind == TlsFailure::Kind::TimedOut;
}

}  // namespace

std::optional<StepPlan> plan_step(const TlsPolicy& policy, StepKind kind)
{
    StepPlan plan;
    plan.kind = kind;
    plan.min = policy.min;
    plan.max = policy.max;
    switch (kind) {
    case StepKind::Everything:
    case StepKind::Compatible:
        // Versions below 1.2 need what today's defaults refuse: they have a step of their own.
        if (policy.max >= TlsVersion::Tls12) plan.min = std::max(plan.min, TlsVersion::Tls12);
        plan.legacy_ciphers = policy.max < TlsVersion::Tls12;
        if (kind == StepKind::Compatible) plan.hello = Hello::Minimal;
        return plan;
    case StepKind::LowerVersion:
        plan.max = TlsVersion::Tls12;
        if (policy.max <= plan.max || policy.min > plan.max) return std::nullopt;
        plan.min = std::max(plan.min, TlsVersion::Tls12);
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = true;
        return plan;
    case StepKind::Weak:
        // Also where the policy will not have it: then the evidence says what to repair there.
        plan.min = std::max(policy.min, TlsVersion::Tls12);
        plan.max = std::min(policy.max, TlsVersion::Tls12);
        if (plan.min > plan.max) return std::nullopt;
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = policy.max > plan.max;
        plan.weak = true;
        return plan;
    case StepKind::Legacy:
        plan.max = TlsVersion::Tls11;
        if (policy.min > plan.max || policy.max <= plan.max) return std::nullopt;
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = true;
        plan.legacy_ciphers = true;
        return plan;
    case StepKind::Clear:
        return std::nullopt;
    }
    unreachable("every StepKind is planned above");
}

HostStep next_at_host(const TlsPolicy& policy, std::span<const TriedStep> tried,
                      std::optional<StepKind> remembered)
{
    HERMETIC_ASSERT(policy.wants_tls());
    if (tried.empty()) {
        const auto plan = remembered ? plan_step(policy, *remembered) : std::nullopt;
        if (plan && plan->kind != StepKind::Everything) {
            return try_step(*plan, Reason::LadderRemembered);
        }
        return try_step(*plan_step(policy, StepKind::Everything), Reason::LadderEverything);
    }
    const auto& last = tried.back();
    switch (last.result) {
    case StepResult::NotOffered:
        // Offered a moment ago and gone now: that is a failure, not an answer.
        if (tried.size() > 1) return {What::NextHost, {}, Reason::StarttlsVanished};
        if (policy.allows_clear()) return {What::Clear, {}, Reason::StarttlsNotOffered};
        return {What::NextHost, {}, Reason::StarttlsNotOffered};
    case StepResult::Refused:
        return {What::NextHost, {}, Reason::StarttlsRefused};
    case StepResult::HandshakeFailed:
        break;
    }
    // The memory was wrong, or the host has been renewed: the whole ladder.
    if (tried.size() == 1 && last.kind != StepKind::Everything) {
        return try_step(*plan_step(policy, StepKind::Everything), Reason::LadderEverything);
    }
    if (is_alert(last, kInappropriateFallback)) {
        return {What::NextHost, {}, Reason::LadderInappropriateFallback};
    }
    // Waiting twice for silence is enough: the rest of the queue waits for this connection.
    if (tried.size() > 1 && timed_out(last) && timed_out(tried[tried.size() - 2])) {
        return {What::NextHost, {}, Reason::LadderHandshakeFailed};
    }
    return after_failed_handshake(policy, last);
}

HostSummary summarize(const TlsPolicy& policy, std::span<const TriedStep> tried)
{
    HostSummary summary;
    summary.may_be_clear = policy.allows_clear() && policy.clear_after_failure;
    for (const auto& step : tried) {
        if (step.result != StepResult::NotOffered) summary.handshake_failed = true;
        if (is_alert(step, kInappropriateFallback)) summary.inappropriate_fallback = true;
    }
    return summary;
}

// Whatever else fails, silence and a closed connection among it, says nothing of versions.
bool failed_by_retirement(const TlsDecision& decision, std::span<const TriedStep> tried)
{
    if (!decision.min_before_retirement || tried.empty()) return false;
    return is_alert(tried.back(), kProtocolVersion) || chose_an_older_version(tried.back());
}

LastStep after_last_host(const TlsPolicy& policy, std::span<const HostSummary> hosts)
{
    bool any_failed = false;
    bool may_be_clear = policy.clear_after_failure;
    for (const auto& host : hosts) {
        // Somebody who can do better than what was asked hears from us again later.
        if (host.inappropriate_fallback) return {false, Reason::LadderInappropriateFallback};
        any_failed = any_failed || host.handshake_failed;
        if (host.handshake_failed && !host.may_be_clear) may_be_clear = false;
    }
    if (!any_failed) return {false, Reason::LadderNoHandshakeFailed};
    if (!policy.allows_clear()) return {false, Reason::TlsRequired};
    if (!may_be_clear) return {false, Reason::LadderNeverClearAfterFailure};
    for (const auto& host : hosts) {
        // Also of one that could not be reached it is not known that its TLS fails.
        const bool settled = host.handshake_failed || host.no_host;
        if (!settled || host.part_unresolved) {
            return {false, Reason::LadderNotEveryHandshakeFailed};
        }
    }
    if (std::ranges::any_of(hosts, &HostSummary::left_untried)) {
        return {false, Reason::DeliveryLeftUntried};
    }
    return {true, Reason::LadderEveryHandshakeFailed};
}

}  // namespace hermetic::policy
