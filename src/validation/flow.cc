#include "validation/flow.h"

#include "core/text.h"
#include "net/core.h"
#include "outbound/io_outcome.h"
#include "outbound/policy_outcome.h"
#include "validation/look.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::validation {
namespace {

using End = Seen::End;
using policy::HostStep;
using policy::RungResult;

class Climber {
public:
    Climber(const Environment& env, const HostFindings& host, Endpoint endpoint,
            const policy::TlsDecision& decision, const outbound::Identity& identity)
        : env_{env}, identity_{identity}, host_{host}, decision_{decision}, policy_{decision.policy}
    {
        request_.host = host.host;
        request_.endpoint = endpoint;
        request_.server_name = policy::server_name(decision, host.host.name);
        request_.tlsa = policy_.tlsa;
    }

    net::Task<Climb> run();

private:
    net::Task<bool> try_rung(const policy::RungPlan& plan);
    void judge(const policy::RungPlan& plan, Call made);
    void flow_in_clear(Call made, std::string_view reason);
    void fail(std::string_view reason, std::string words, std::string_view fix);
    void fail(const facts::Outcome& outcome);
    void fail_rungs(std::string_view reason);

    const Environment& env_;
    const outbound::Identity& identity_;
    const HostFindings& host_;
    const policy::TlsDecision& decision_;
    const policy::TlsPolicy& policy_;
    CallRequest request_;
    Climb climb_;
};

net::Task<Climb> Climber::run()
{
    if (!policy_.wants_tls()) {
        CallRequest request = request_;
        Call made = co_await call(env_, std::move(request));
        if (made.seen.end == End::Ready) {
            const bool local = !host_.host.unix_path.empty();
            flow_in_clear(std::move(made), local ? "tls.local-socket" : "tls.connector-level");
        } else {
            fail(*made.seen.outcome);
        }
        co_return std::move(climb_);
    }
    bool going_on = true;
    while (going_on) {
        const auto step = policy::next_at_host(policy_, climb_.flow.tried, std::nullopt);
        if (step.what != HostStep::What::Try) {
            fail_rungs(step.reason);
            break;
        }
        going_on = co_await try_rung(step.plan);
    }
    co_return std::move(climb_);
}

// False: that was the end.
net::Task<bool> Climber::try_rung(const policy::RungPlan& plan)
{
    auto handshaking = Contexts::of_rung(plan, identity_);
    if (!handshaking) {
        fail("tls.settings", handshaking.error(), "Correct the connector's files.");
        co_return false;
    }
    CallRequest request = request_;
    request.handshaking = *std::move(handshaking);
    Call made = co_await call(env_, std::move(request));
    auto& tried = climb_.flow.tried;
    switch (made.seen.end) {
    case End::Ready:
        judge(plan, std::move(made));
        co_return false;
    case End::NotOffered: {
        tried.push_back({plan.kind, RungResult::NotOffered, std::nullopt});
        const auto step = policy::next_at_host(policy_, tried, std::nullopt);
        if (step.what != HostStep::What::Clear) {
            hang_up(made);
            co_return true;
        }
        flow_in_clear(std::move(made), step.reason);
        co_return false;
    }
    case End::Refused:
        tried.push_back({plan.kind, RungResult::Refused, std::nullopt});
        co_return true;
    case End::HandshakeFailed:
        tried.push_back({plan.kind, RungResult::HandshakeFailed, made.seen.failure});
        co_return true;
    case End::Failed:
        fail(outbound::session_outcome(*made.seen.outcome, policy_, made.seen.tls,
                                       host_.host.label(), env_.core.clock().wall()));
        co_return false;
    }
    co_return false;
}

void Climber::judge(const policy::RungPlan& plan, Call made)
{
    const auto verdict = policy::judge_evidence(policy_, *made.seen.tls);
    auto& flow = climb_.flow;
    flow.rung = plan.kind;
    flow.tls = made.seen.tls;
    const bool keyword = made.seen.offered_in_tls && made.seen.offered_in_tls->require_tls;
    if (verdict.passes && policy_.requiretls && !keyword) {
        hang_up(made);
        return fail("requiretls.not-offered", "the server does not offer REQUIRETLS in TLS",
                    "Ask the server's administrator for REQUIRETLS (RFC 8689).");
    }
    if (!verdict.passes) {
        hang_up(made);
        const auto advice = advice_for(verdict.reason);
        auto words = std::string{advice.words};
        if (verdict.reason == "tls.chain-not-verified")
            words += ": " + made.seen.tls->verdict.error;
        return fail(verdict.reason, std::move(words), advice.fix);
    }
    flow.flows = true;
    flow.reason = verdict.reason;
    flow.words = fmt::format("rung {}, {}", facts::name(plan.kind), describe_session(*flow.tls));
    const auto advice = advice_for(verdict.reason);
    if (!advice.words.empty()) flow.words.append("; ").append(advice.words);
    climb_.call = std::move(made);
}

void Climber::flow_in_clear(Call made, std::string_view reason)
{
    auto& flow = climb_.flow;
    flow.flows = true;
    flow.in_clear = true;
    flow.rung = policy::RungKind::Clear;
    flow.reason = reason;
    flow.words = advice_for(reason).words;
    if (reason == "tls.local-socket") flow.words = "a local socket";
    climb_.call = std::move(made);
}

void Climber::fail(std::string_view reason, std::string words, std::string_view fix)
{
    climb_.flow.reason = reason;
    climb_.flow.words = std::move(words);
    climb_.flow.fix = fix;
}

void Climber::fail(const facts::Outcome& outcome)
{
    const Step step = say_failure(StepId::Policy, outcome);
    fail(step.reason, step.seen, step.fix);
}

// Says also what the last handshake ended in.
void Climber::fail_rungs(std::string_view reason)
{
    if (policy::failed_by_retirement(decision_, climb_.flow.tried))
        reason = policy_.clear_after_failure ? "retirement.ended" : "retirement.share";
    const auto advice = advice_for(reason);
    std::string words{advice.words};
    for (const auto& each : climb_.flow.tried) {
        words += fmt::format("\nrung {}: ", facts::name(each.kind));
        words += each.failure                         ? facts::describe(*each.failure)
                 : each.result == RungResult::Refused ? "STARTTLS was refused"
                                                      : "STARTTLS is not offered";
    }
    fail(reason, std::move(words), advice.fix);
}

}  // namespace

net::Task<Climb> climb(const Environment& env, const HostFindings& host, Endpoint endpoint,
                       const policy::TlsDecision& decision, const outbound::Identity& identity)
{
    if (!decision.skip.empty()) {
        const auto advice = advice_for(decision.skip);
        Climb skipped;
        skipped.flow.reason = decision.skip;
        skipped.flow.words = advice.words;
        skipped.flow.fix = advice.fix;
        co_return skipped;
    }
    auto refused = refuse(env, host, endpoint);
    if (!refused && identity.missing) refused = identity.missing;
    if (refused) {
        Climb climb;
        climb.flow.reason = refused->reason;
        climb.flow.words = refused->text;
        climb.flow.fix = say_failure(StepId::Policy, *refused).fix;
        co_return climb;
    }
    Climber climber{env, host, endpoint, decision, identity};
    co_return co_await climber.run();
}

std::optional<Flow> last_resort(const policy::TlsPolicy& policy,
                                const std::vector<policy::HostSummary>& hosts)
{
    const auto last = policy::after_last_host(policy, hosts);
    if (!last.clear) return std::nullopt;
    Flow flow;
    flow.flows = flow.in_clear = true;
    flow.rung = policy::RungKind::Clear;
    flow.reason = last.reason;
    flow.words = "every handshake failed, and the policy does not require TLS";
    return flow;
}

}  // namespace hermetic::validation
