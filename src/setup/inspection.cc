#include "setup/inspection.h"

#include "net/core.h"

#include <algorithm>
#include <utility>

namespace hermetic::setup {
namespace {

using facts::DnsStatus;

class Inspection {
public:
    Inspection(net::Core& core, dns::Resolver& resolver, Surroundings& surroundings,
               const Questions& questions)
        : core_{core},
          resolver_{resolver},
          surroundings_{surroundings},
          questions_{questions},
          until_{core.clock().now() + questions.all}
    {
    }

    net::Task<NetworkFacts> run()
    {
        facts_.clock = surroundings_.clock();
        facts_.local = surroundings_.local_addresses();
        facts_.validation = co_await surroundings_.test_resolver(next());
        is_mute_ = facts_.validation.state == dns::Validation::Unreachable;
        facts_.host = co_await resolver_.addresses(core_, questions_.hostname, next_dns());
        co_await inspect_addresses();
        facts_.tlsa = co_await resolver_.tlsa(core_, "_25._tcp." + questions_.hostname, next_dns());
        for (const std::string& each : questions_.domains) co_await inspect_domain(each);
        if (!questions_.reach.empty()) co_await inspect_outbound();
        co_return std::move(facts_);
    }

private:
    [[nodiscard]] Instant next() const
    {
        return std::min(until_, core_.clock().now() + questions_.each);
    }
    [[nodiscard]] Instant next_dns() const { return is_mute_ ? core_.clock().now() : next(); }

    net::Task<> inspect_addresses()
    {
        std::vector<IpAddress> addresses =
            facts_.host.addresses.empty() ? questions_.addresses : facts_.host.addresses;
        for (const IpAddress& each : addresses) {
            AddressFacts found;
            found.address = each;
            found.names = co_await resolver_.names(core_, each, next_dns());
            const Endpoint at{each, questions_.port};
            found.greeting = co_await surroundings_.greet(at, next());
            facts_.addresses.push_back(std::move(found));
        }
    }

    net::Task<> inspect_domain(std::string name)
    {
        DomainFacts domain;
        domain.name = name;
        domain.mx = co_await resolver_.mx(core_, name, next_dns());
        domain.texts = co_await resolver_.texts(core_, name, next_dns());
        domain.sts = co_await resolver_.texts(core_, "_mta-sts." + name, next_dns());
        domain.reports = co_await resolver_.texts(core_, "_smtp._tls." + name, next_dns());
        if (domain.sts.status == DnsStatus::Found) {
            const std::string url = "https://mta-sts." + name + "/.well-known/mta-sts.txt";
            domain.policy = co_await surroundings_.fetch(url, next());
        }
        facts_.domains.push_back(std::move(domain));
    }

    // The first of the domain's hosts that greets is enough.
    net::Task<> inspect_outbound()
    {
        OutboundFacts outbound;
        const auto mx = co_await resolver_.mx(core_, questions_.reach, next_dns());
        std::vector<facts::MxRecord> hosts = mx.records;
        std::sort(hosts.begin(), hosts.end(),
                  [](const auto& a, const auto& b) { return a.preference < b.preference; });
        if (mx.status == DnsStatus::NoData) hosts.push_back({0, questions_.reach});
        outbound.greeting.words = mx.status == DnsStatus::Failed
                                      ? mx.why
                                      : questions_.reach + " has no mail host with an address";
        for (const facts::MxRecord& each : hosts) {
            const auto found = co_await resolver_.addresses(core_, each.exchange, next_dns());
            for (const IpAddress& address : found.addresses) {
                outbound.host = each.exchange;
                const Endpoint at{address, questions_.outbound_port};
                outbound.greeting = co_await surroundings_.greet(at, next());
                if (outbound.greeting.state != Greeting::State::Greeted) continue;
                facts_.outbound = std::move(outbound);
                co_return;
            }
        }
        facts_.outbound = std::move(outbound);
    }

    net::Core& core_;
    dns::Resolver& resolver_;
    Surroundings& surroundings_;
    const Questions& questions_;
    const Instant until_;
    bool is_mute_ = false;
    NetworkFacts facts_;
};

}  // namespace

net::Task<NetworkFacts> inspect(net::Core& core, dns::Resolver& resolver,
                                Surroundings& surroundings, const Questions& questions)
{
    Inspection inspection{core, resolver, surroundings, questions};
    co_return co_await inspection.run();
}

}  // namespace hermetic::setup
