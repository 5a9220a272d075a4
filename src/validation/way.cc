#include "validation/way.h"

#include "facts/reasons.h"
#include "net/core.h"
#include "validation/flow.h"
#include "validation/look.h"
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
        for (auto& each : say_seen(result)) tell(hosts_[step.host], std::move(each));
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

Step say_result(const Way& way)
{
    Step step;
    step.id = StepId::Result;
    step.reason = way.flow.reason;
    step.seen = would(way.flow.fate);
    if (!way.flow.goes()) {
        step.state = State::Failed;
        step.seen += ": no host would take it now";
    } else {
        step.state = way.flow.in_clear ? State::Warning : State::Ok;
        step.seen +=
            " now, to " + way.host + " " + way.address + (way.flow.in_clear ? ", in clear" : "");
    }
    return step;
}

}  // namespace

net::Task<Way> find_way(const Environment& env, std::shared_ptr<const tls::CaSet> system_cas,
                        Subject subject, Sink sink)
{
    LookOffice look{env, subject.credentials, std::move(system_cas)};
    auto hosts = co_await find_hosts(look, subject.routes.front(), sink);
    Way way;
    if (hosts) {
        Teller teller{*hosts, sink};
        auto list = list_of(*hosts);
        auto demand = demand_of(subject);
        auto found = co_await find_flow(look, std::move(list), std::move(demand), &teller);
        way = {found.host, found.address, std::move(found.flow), found.policy};
        hang_up(std::move(found.connection));
        Step policy = say_flow(way.flow);
        policy.host = way.host;
        policy.address = way.address;
        sink(policy);
    } else {
        way.flow = flow_of(hosts.error(), Proof::None);
    }
    sink(say_result(way));
    co_return way;
}

}  // namespace hermetic::validation
