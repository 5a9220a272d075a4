#include "validation/way.h"

#include "net/core.h"
#include "validation/expected.h"
#include "validation/flow.h"
#include "validation/look.h"
#include "validation/words.h"

#include <utility>

namespace hermetic::validation {
namespace {

class WayFinder {
public:
    WayFinder(const Environment& env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
              Sink sink)
        : env_{env}, cas_{std::move(cas)}, subject_{std::move(subject)}, sink_{std::move(sink)}
    {
    }

    net::Task<Way> run();

private:
    net::Task<> try_host(HostFindings& host);
    net::Task<> try_address(const HostFindings& host, Endpoint endpoint);
    void try_last_resort();
    void conclude();

    const Environment& env_;
    std::shared_ptr<const tls::CaSet> cas_;
    Subject subject_;
    Sink sink_;
    Way way_;
    std::vector<policy::HostSummary> summaries_;
    std::optional<policy::TlsPolicy> policy_;  // of any host
    std::optional<policy::Expectation> ratchet_;
};

net::Task<Way> WayFinder::run()
{
    auto hosts = co_await find_hosts(env_, subject_.routes.front(), sink_);
    ratchet_ = find_expectation(env_, subject_, hosts).held;
    for (auto& host : hosts) {
        if (way_.flows || env_.core.clock().now() >= env_.until) break;
        co_await try_host(host);
    }
    if (!way_.flows) try_last_resort();
    conclude();
    co_return std::move(way_);
}

net::Task<> WayFinder::try_host(HostFindings& host)
{
    co_await resolve(env_, host, sink_);
    const std::size_t before = summaries_.size();
    for (const auto& endpoint : endpoints_of(host)) {
        co_await try_address(host, endpoint);
        if (way_.flows) co_return;
    }
    if (summaries_.size() != before) co_return;
    policy::HostSummary silent;
    silent.no_host = host.failure && host.failure->result == facts::OutcomeClass::Failed;
    summaries_.push_back(silent);
}

net::Task<> WayFinder::try_address(const HostFindings& host, Endpoint endpoint)
{
    Step step;
    step.id = StepId::Policy;
    step.host = host.host.label();
    step.address = address_text(host, endpoint);
    sink_(step);
    const Known known{ratchet_, env_.settings->sts.get(), env_.core.clock().wall()};
    const auto decision = decide(subject_, host, known);
    const auto identity = identity_of(subject_, decision, cas_);
    policy_ = decision.policy;
    auto climbed = co_await climb(env_, host, endpoint, decision, identity);
    hang_up(climbed.call);
    summaries_.push_back(policy::summarize(decision.policy, climbed.flow.tried));
    Step ended = say_flow(climbed.flow);
    ended.host = step.host;
    ended.address = step.address;
    sink_(ended);
    way_ = {climbed.flow.flows, step.host, step.address, std::move(climbed.flow),
            decision.policy.digest()};
}

void WayFinder::try_last_resort()
{
    if (!policy_) return;
    auto flow = last_resort(*policy_, summaries_);
    if (!flow) return;
    way_.flows = true;
    way_.flow = *std::move(flow);
}

void WayFinder::conclude()
{
    Step step;
    step.id = StepId::Result;
    step.reason = way_.flow.reason;
    if (!way_.flows) {
        step.state = State::Failed;
        step.seen = "mail would wait: no host would take it now";
    } else {
        step.state = way_.flow.in_clear ? State::Warning : State::Ok;
        step.seen = "mail would flow now, to " + way_.host + " " + way_.address +
                    (way_.flow.in_clear ? ", in clear" : "");
    }
    sink_(step);
}

}  // namespace

net::Task<Way> find_way(const Environment& env, std::shared_ptr<const tls::CaSet> system_cas,
                        Subject subject, Sink sink)
{
    WayFinder finder{env, std::move(system_cas), std::move(subject), std::move(sink)};
    co_return co_await finder.run();
}

}  // namespace hermetic::validation
