#include "outbound/policy_outcome.h"

#include "facts/outcome_words.h"
#include "facts/reasons.h"
#include "outbound/io_outcome.h"
#include "policy/evidence_words.h"
#include "policy/refusal.h"

#include <fmt/format.h>

namespace hermetic::outbound {
namespace {

using facts::EnhancedStatus;
using facts::Reason;

// RFC 8460 §4.3, where a domain publishes what is to be expected of its hosts.
constexpr EnhancedStatus kNoStartTls{4, 7, 321};
constexpr EnhancedStatus kExpired{4, 7, 322};
constexpr EnhancedStatus kNoSession{4, 4, 317};

// Where its domain publishes that there is TLS it is a failure of that, else of the session.
EnhancedStatus without_starttls(const policy::TlsPolicy& policy)
{
    return policy.tlsa != nullptr || policy.sts_name ? kNoStartTls : kNoSession;
}

// What was said, in a sentence of ours.
std::string words_of(const facts::Outcome& said)
{
    return said.origin == facts::Origin::Local ? said.text : facts::quote_reply(said);
}

}  // namespace

facts::Outcome skipped_outcome(Reason reason, std::string_view host, std::string_view why)
{
    auto text = fmt::format("{}: {}", host, facts::describe(reason).words);
    if (!why.empty()) text += fmt::format(" ({})", why);
    return facts::local_outcome(reason, std::move(text));
}

facts::Outcome unproved_outcome(Reason reason, std::string_view host,
                                const policy::TlsPolicy& policy, const facts::TlsEvidence& evidence,
                                WallTime now)
{
    auto outcome = facts::local_outcome(
        reason, facts::Stage::Verify,
        fmt::format("{}: {}", host, policy::describe_finding(reason, policy, evidence, now)));
    if (reason == Reason::TlsCertificateExpired && policy.sts_name)
        facts::set_status(outcome, kExpired);
    return outcome;
}

facts::Outcome not_offered_outcome(Reason reason, const policy::TlsPolicy& policy)
{
    const EnhancedStatus status = without_starttls(policy);
    auto outcome = facts::local_outcome(
        reason, status == kNoStartTls
                    ? "the server does not offer STARTTLS, but its domain publishes that it does"
                    : "the server does not offer STARTTLS");
    facts::set_status(outcome, status);
    return outcome;
}

facts::Outcome session_outcome(facts::Outcome said, const policy::TlsPolicy& policy,
                               const std::optional<facts::TlsEvidence>& tls, std::string_view host,
                               WallTime now)
{
    const bool believed = policy::speaks_for_itself(policy, tls);
    if (said.stage == facts::Stage::StartTls && !facts::closes_session(said)) {
        if (!believed) {
            const std::string_view unproved = said.origin == facts::Origin::Remote
                                                  ? ", and nothing proves that the server said so"
                                                  : "";
            auto outcome = facts::local_outcome(
                Reason::StarttlsRefused,
                fmt::format("{} refused STARTTLS{}: {}", host, unproved, words_of(said)));
            facts::set_status(outcome, without_starttls(policy));
            return outcome;
        }
        // It may work, or be needed, another time.
        make_temporary(said);
        said.reason = Reason::StarttlsRefused;
        return said;
    }
    if (believed || said.origin == facts::Origin::Local) return said;
    // What it showed is known, and says more than what it said.
    if (tls) {
        return unproved_outcome(policy::judge_evidence(policy, *tls).reason, host, policy, *tls,
                                now);
    }
    return facts::local_outcome(
        Reason::PeerUnproved, said.stage,
        fmt::format("{} was refused in clear, and nothing proves that the server said so: {}", host,
                    words_of(said)));
}

}  // namespace hermetic::outbound
