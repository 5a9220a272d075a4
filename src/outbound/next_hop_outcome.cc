#include "outbound/next_hop_outcome.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "outbound/io_outcome.h"
#include "outbound/policy_outcome.h"
#include "policy/evidence_words.h"
#include "policy/login.h"

#include <fmt/format.h>

namespace hermetic::outbound {
namespace {

using facts::Stage;
using Kind = policy::HopFailure::Kind;
using facts::local_outcome;

facts::Outcome retired_outcome(const policy::HopFailure& failure,
                               const policy::TlsDecision& decision)
{
    return local_outcome(
        failure.reason,
        fmt::format("the server has no {} or later, and older versions are being retired here",
                    facts::format_version(decision.policy.min)));
}

facts::Outcome refused_address_outcome(const policy::HopFailure& failure, std::string_view host)
{
    return local_outcome(failure.reason, fmt::format("{} ({}): {}", host, failure.address->format(),
                                                     facts::describe(failure.reason).words));
}

// What is wrong with the host comes first: that is what is to be repaired.
facts::Outcome withheld_outcome(const policy::HopFailure& failure, const HopContext& context)
{
    constexpr auto kNothingKnown = facts::Reason::AuthWithheld;
    if (failure.reason == kNothingKnown) return local_outcome(kNothingKnown);
    const auto found =
        failure.evidence
            ? policy::describe_finding(failure.reason, policy::login_policy(context.decision),
                                       *failure.evidence, context.now)
            : std::string{facts::describe(failure.reason).words};
    return local_outcome(failure.reason, Stage::Auth,
                         fmt::format("{}: {}; so it is not sent the password ({})", context.host,
                                     found, facts::name(kNothingKnown)));
}

facts::Outcome said(const policy::HopFailure& failure)
{
    facts::Outcome outcome = *failure.outcome;
    if (failure.temporary) make_temporary(outcome);
    return outcome;
}

// RFC 8689 §4.2.1: TLS that does not come about, or proves nothing, is what the sender asked for.
bool is_failure_of_tls(const facts::Outcome& outcome)
{
    return outcome.origin == facts::Origin::Local &&
           (outcome.stage == Stage::StartTls || outcome.stage == Stage::Handshake ||
            outcome.stage == Stage::Verify) &&
           outcome.result == facts::OutcomeClass::Deferred;
}

facts::Outcome describe_failure(const policy::HopFailure& failure, const HopContext& context)
{
    const auto* tls_failure = failure.failure ? &*failure.failure : nullptr;
    switch (failure.kind) {
    case Kind::Unresolved:
    case Kind::Credentials:
    case Kind::OwnFault:
    case Kind::Failed:
        return said(failure);
    case Kind::Skipped:
        return skipped_outcome(failure.reason, context.host, failure.detail);
    case Kind::AddressRefused:
        return refused_address_outcome(failure, context.host);
    case Kind::NotOffered:
        return not_offered_outcome(failure.reason, context.decision.policy);
    case Kind::StartTlsRefused:
    case Kind::Unbelieved:
        return session_outcome(*failure.outcome, context.decision.policy, failure.evidence,
                               context.host, context.now);
    case Kind::Handshake:
        return handshake_outcome(failure.reason, tls_failure);
    case Kind::Retired:
        return retired_outcome(failure, context.decision);
    case Kind::Unproved:
        return unproved_outcome(failure.reason, context.host, context.decision.policy,
                                *failure.evidence, context.now);
    case Kind::NoRequireTls:
        return local_outcome(failure.reason,
                             fmt::format("{} does not offer REQUIRETLS in TLS", context.host));
    case Kind::LoginWithheld:
        return withheld_outcome(failure, context);
    case Kind::TimeOver:
    case Kind::LeftUntried:
        return local_outcome(failure.reason, Stage::Connect);
    }
    unreachable("every HopFailure::Kind is an outcome above");
}

}  // namespace

facts::Outcome outcome_of(const policy::HopFailure& failure, const HopContext& context)
{
    auto outcome = describe_failure(failure, context);
    constexpr facts::EnhancedStatus kEncryptionNeeded{4, 7, 10};
    if (context.decision.policy.requiretls && is_failure_of_tls(outcome))
        facts::set_status(outcome, kEncryptionNeeded);
    return outcome;
}

}  // namespace hermetic::outbound
