#include "validation/route_check.h"

#include "facts/reasons.h"
#include "net/core.h"
#include "validation/expected.h"
#include "validation/flow.h"
#include "validation/host_probe.h"
#include "validation/tlsa.h"
#include "validation/words.h"

#include <utility>

namespace hermetic::validation {
namespace {

// Tells of what delivery's client does as steps.
class Teller final : public outbound::HopWatcher {
public:
    Teller(std::vector<HostFindings>& hosts, const Sink& sink) : hosts_{hosts}, sink_{sink} {}

    void on_resolved(std::size_t index, const outbound::Host& what,
                     const outbound::HostAddresses& addresses) override
    {
        HostFindings& host = hosts_[index];
        host.addresses = addresses.addresses;
        host.address_security = addresses.security;
        host.canonical_name = addresses.canonical_name;
        host.missing = addresses.missing;
        if (!what.name.empty()) tell(host, say_addresses(host));
    }
    void on_tlsa(std::size_t index, const outbound::Host& what,
                 const outbound::TlsaFinding& finding) override
    {
        HostFindings& host = hosts_[index];
        take_tlsa(finding, host);
        if (!what.name.empty()) tell(host, say_tlsa(host));
    }
    void on_dialed(const policy::NextHopStep& step, const outbound::Host&,
                   const outbound::DialResult& result) override
    {
        // What the handshake of a usable connection showed has moved into it.
        Seen seen = result;
        if (result.connection != nullptr) seen.tls = result.connection->tls;
        for (auto& each : say_seen(seen)) tell(hosts_[step.host], std::move(each));
    }
    void on_unfit(const policy::NextHopStep& step, const std::string& address,
                  const facts::Outcome& outcome) override
    {
        Step told = say_unfit(outcome);
        told.address = address;
        tell(hosts_[step.host], std::move(told));
    }

private:
    void tell(const HostFindings& host, Step step)
    {
        step.host = host.host.label();
        sink_(step);
    }

    std::vector<HostFindings>& hosts_;
    const Sink& sink_;
};

Step say_result(const RouteCheck& check)
{
    Step step;
    step.id = StepId::Result;
    step.reason = check.flow.reason;
    step.seen = would(check.flow.fate);
    if (!check.flow.goes()) {
        step.state = State::Failed;
        step.seen += ": no host would accept it now";
    } else {
        step.state = check.flow.in_clear ? State::Warning : State::Ok;
        step.seen += " now, to " + check.host + " " + check.address +
                     (check.flow.in_clear ? ", in clear" : "");
    }
    return step;
}

}  // namespace

net::Task<RouteCheck> check_route(const Environment& env,
                                  std::shared_ptr<const tls::CaSet> system_cas, Subject subject,
                                  Sink sink)
{
    ProbeContext probe_context{env, subject.credentials, std::move(system_cas)};
    auto hosts = co_await find_hosts(probe_context, subject.routes.front(), sink);
    RouteCheck check;
    if (hosts) {
        Teller teller{*hosts, sink};
        auto list = list_of(*hosts);
        auto demand = demand_of(subject);
        const OfferedMessage* message = subject.offered ? &*subject.offered : nullptr;
        auto found =
            co_await find_flow(probe_context, std::move(list), std::move(demand), &teller, message);
        check = {found.host, found.address, std::move(found.flow), found.policy};
        hang_up(std::move(found.connection));
        Step policy = say_flow(check.flow);
        say_expectation(find_expectation(env, subject, *hosts), check.flow, policy);
        check.flow.fix = policy.fix;
        policy.host = check.host;
        policy.address = check.address;
        sink(policy);
    } else {
        check.flow = flow_of(hosts.error(), Proof::None);
    }
    sink(say_result(check));
    co_return check;
}

}  // namespace hermetic::validation
