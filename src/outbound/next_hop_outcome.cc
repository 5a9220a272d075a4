#include "outbound/next_hop_outcome.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "outbound/io_outcome.h"
#include "outbound/policy_outcome.h"

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

facts::Outcome said(const policy::HopFailure& failure)
{
    facts::Outcome outcome = *failure.outcome;
    if (failure.temporary) put_off(outcome);
    return outcome;
}

}  // namespace

facts::Outcome outcome_of(const policy::HopFailure& failure, const HopContext& context)
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
        return local_outcome(failure.reason);
    case Kind::TimeOver:
        return local_outcome(failure.reason, Stage::Connect);
    }
    unreachable("every HopFailure::Kind is an outcome above");
}

}  // namespace hermetic::outbound
