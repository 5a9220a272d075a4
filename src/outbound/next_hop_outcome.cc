#include "outbound/next_hop_outcome.h"

#include "core/assert.h"
#include "outbound/io_outcome.h"
#include "outbound/policy_outcome.h"
#include "routing/target_address.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

namespace hermetic::outbound {
namespace {

using facts::Stage;
using Kind = policy::HopFailure::Kind;
using smtp::local_outcome;

facts::Outcome retired_outcome(const policy::HopFailure& failure,
                               const policy::TlsDecision& decision)
{
    return local_outcome(
        Stage::Handshake, {4, 7, 66}, failure.reason,
        fmt::format("the server has no {} or later, and older versions are being retired here",
                    facts::format_version(decision.policy.min)));
}

facts::Outcome refused_address_outcome(const policy::HopFailure& failure, std::string_view host)
{
    return local_outcome(Stage::Route, {5, 4, 6}, failure.reason,
                         fmt::format("{} ({}): {}", host, failure.address->format(),
                                     routing::describe_refused_target(failure.reason)));
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
        return unproved_outcome(failure.reason, context.host, *failure.evidence, context.now);
    case Kind::NoRequireTls:
        return local_outcome(Stage::Verify, {5, 7, 30}, failure.reason,
                             fmt::format("{} does not offer REQUIRETLS in TLS", context.host));
    case Kind::LoginWithheld:
        return local_outcome(Stage::Auth, {4, 7, 1}, failure.reason,
                             "nothing proves that the server is the one that the password is for");
    case Kind::TimeOver:
        return local_outcome(Stage::Connect, {4, 4, 315}, failure.reason,
                             "the time of an attempt was over before a host could be used");
    }
    unreachable("every HopFailure::Kind is an outcome above");
}

}  // namespace hermetic::outbound
