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

bool is_alert(const TriedRung& rung, int alert)
{
    return rung.failure && rung.failure->kind == TlsFailure::Kind::Alert &&
           rung.failure->alert == alert;
}

// Whether asking in another way could help. These alerts are about what the hello offered, or are
// what broken software answers with; the others are about certificates and access, which the next
// rung does not change.
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

HostStep try_rung(const RungPlan& plan, Reason reason)
{
    return {What::Try, plan, reason};
}

// The first rung from `kind` on, in the order of the ladder, that the policy has room for.
HostStep try_from(const TlsPolicy& policy, RungKind kind)
{
    if (kind == RungKind::Compatible) {
        return try_rung(*plan_rung(policy, kind), Reason::LadderCompatible);
    }
    if (kind == RungKind::LowerVersion) {
        if (const auto plan = plan_rung(policy, kind)) {
            return try_rung(*plan, Reason::LadderLowerVersion);
        }
        kind = RungKind::Weak;
    }
    if (kind == RungKind::Weak) {
        if (const auto plan = plan_rung(policy, kind)) return try_rung(*plan, Reason::LadderWeak);
        kind = RungKind::Legacy;
    }
    if (kind == RungKind::Legacy) {
        if (const auto plan = plan_rung(policy, kind)) return try_rung(*plan, Reason::LadderLegacy);
    }
    return {What::NextHost, {}, Reason::LadderHandshakeFailed};
}

// What it chose, or how it signed, is what the weak rung is for.
bool was_too_weak(const TriedRung& rung)
{
    return rung.failure && rung.failure->weakness != facts::Weakness::None &&
           rung.kind != RungKind::Weak && rung.kind != RungKind::Legacy;
}

// It answered with a version that we did not offer: one from before versions were negotiated as
// they are now, which a rung of its own may allow.
bool chose_an_older_version(const TriedRung& rung)
{
    return rung.failure && rung.failure->kind == TlsFailure::Kind::Local &&
           rung.failure->alert == kProtocolVersion;
}

HostStep after_failed_handshake(const TlsPolicy& policy, const TriedRung& last)
{
    if (chose_an_older_version(last) && last.kind != RungKind::Legacy) {
        return try_from(policy, RungKind::Legacy);
    }
    if (was_too_weak(last) && plan_rung(policy, RungKind::Weak)) {
        return try_from(policy, RungKind::Weak);
    }
    if (!last.failure || !looks_like_intolerance(*last.failure)) {
        return {What::NextHost, {}, Reason::LadderHandshakeFailed};
    }
    switch (last.kind) {
    case RungKind::Everything:
        // A host that says which versions it lacks has understood the hello: a smaller one of the
        // same versions would be told the same.
        return try_from(policy, is_alert(last, kProtocolVersion) ? RungKind::LowerVersion
                                                                 : RungKind::Compatible);
    case RungKind::Compatible:
        return try_from(policy, RungKind::LowerVersion);
    case RungKind::LowerVersion:
        // A weaker handshake of a version that it lacks would be told the same.
        return try_from(policy,
                        is_alert(last, kProtocolVersion) ? RungKind::Legacy : RungKind::Weak);
    case RungKind::Weak:
        return try_from(policy, RungKind::Legacy);
    case RungKind::Legacy:
    case RungKind::Clear:
        break;
    }
    return {What::NextHost, {}, Reason::LadderHandshakeFailed};
}

bool timed_out(const TriedRung& rung)
{
    return rung.failure && rung.failure->kind == TlsFailure::Kind::TimedOut;
}

}  // namespace

std::optional<RungPlan> plan_rung(const TlsPolicy& policy, RungKind kind)
{
    RungPlan plan;
    plan.kind = kind;
    plan.min = policy.min;
    plan.max = policy.max;
    switch (kind) {
    case RungKind::Everything:
    case RungKind::Compatible:
        // Versions below 1.2 need what today's defaults refuse: they have a rung of their own.
        if (policy.max >= TlsVersion::Tls12) plan.min = std::max(plan.min, TlsVersion::Tls12);
        plan.legacy_ciphers = policy.max < TlsVersion::Tls12;
        if (kind == RungKind::Compatible) plan.hello = Hello::Minimal;
        return plan;
    case RungKind::LowerVersion:
        plan.max = TlsVersion::Tls12;
        if (policy.max <= plan.max || policy.min > plan.max) return std::nullopt;
        plan.min = std::max(plan.min, TlsVersion::Tls12);
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = true;
        return plan;
    case RungKind::Weak:
        // Also where the policy will not have it: then the evidence says what to repair there.
        plan.min = std::max(policy.min, TlsVersion::Tls12);
        plan.max = std::min(policy.max, TlsVersion::Tls12);
        if (plan.min > plan.max) return std::nullopt;
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = policy.max > plan.max;
        plan.weak = true;
        return plan;
    case RungKind::Legacy:
        plan.max = TlsVersion::Tls11;
        if (policy.min > plan.max || policy.max <= plan.max) return std::nullopt;
        plan.hello = Hello::Minimal;
        plan.fallback_scsv = true;
        plan.legacy_ciphers = true;
        return plan;
    case RungKind::Clear:
        return std::nullopt;
    }
    unreachable("every RungKind is planned above");
}

HostStep next_at_host(const TlsPolicy& policy, std::span<const TriedRung> tried,
                      std::optional<RungKind> remembered)
{
    HERMETIC_ASSERT(policy.wants_tls());
    if (tried.empty()) {
        const auto plan = remembered ? plan_rung(policy, *remembered) : std::nullopt;
        if (plan && plan->kind != RungKind::Everything) {
            return try_rung(*plan, Reason::LadderRemembered);
        }
        return try_rung(*plan_rung(policy, RungKind::Everything), Reason::LadderEverything);
    }
    const auto& last = tried.back();
    switch (last.result) {
    case RungResult::NotOffered:
        // Offered a moment ago and gone now: that is a failure, not an answer.
        if (tried.size() > 1) return {What::NextHost, {}, Reason::StarttlsVanished};
        if (policy.allows_clear()) return {What::Clear, {}, Reason::StarttlsNotOffered};
        return {What::NextHost, {}, Reason::StarttlsNotOffered};
    case RungResult::Refused:
        return {What::NextHost, {}, Reason::StarttlsRefused};
    case RungResult::HandshakeFailed:
        break;
    }
    // The memory was wrong, or the host has been renewed: the whole ladder.
    if (tried.size() == 1 && last.kind != RungKind::Everything) {
        return try_rung(*plan_rung(policy, RungKind::Everything), Reason::LadderEverything);
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

HostSummary summarize(const TlsPolicy& policy, std::span<const TriedRung> tried)
{
    HostSummary summary;
    summary.may_be_clear = policy.allows_clear() && policy.clear_after_failure;
    for (const auto& rung : tried) {
        if (rung.result != RungResult::NotOffered) summary.handshake_failed = true;
        if (is_alert(rung, kInappropriateFallback)) summary.inappropriate_fallback = true;
    }
    return summary;
}

bool failed_by_retirement(const TlsDecision& decision, std::span<const TriedRung> tried)
{
    if (!decision.min_before_retirement || tried.empty()) return false;
    TlsPolicy before = decision.policy;
    before.min = *decision.min_before_retirement;
    return next_at_host(before, tried, std::nullopt).what == What::Try;
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
