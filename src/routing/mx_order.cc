// order_hosts: RFC 5321 §5.1, RFC 7505.
#include "core/assert.h"
#include "core/ip.h"
#include "facts/reasons.h"
#include "routing/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hermetic::routing {
namespace {

using facts::local_outcome;
using facts::Reason;

bool is_own(const std::string& host, const std::vector<std::string>& own_names)
{
    return std::find(own_names.begin(), own_names.end(), host) != own_names.end();
}

// The MX records that name a host at all: an address where a name belongs is none (RFC 5321 §5.1),
// and the root beside other records is a mistake (RFC 7505 §3).
std::vector<MxHost> named_hosts(const facts::MxAnswer& answer)
{
    std::vector<MxHost> hosts;
    std::unordered_map<std::string_view, std::size_t> known;  // where each stands
    for (const auto& record : answer.records) {
        if (record.exchange.empty() || IpAddress::parse(record.exchange)) continue;
        const auto [place, is_new] = known.emplace(record.exchange, hosts.size());
        if (is_new) {
            hosts.push_back({record.exchange, record.preference, false});
        } else {
            auto& preference = hosts[place->second].preference;
            preference = std::min(preference, record.preference);
        }
    }
    return hosts;
}

void shuffle_equals(std::vector<MxHost>& hosts, Random& random)
{
    // Fisher-Yates over all, then a stable sort: each group of equals keeps its random order.
    for (std::size_t i = hosts.size(); i > 1; --i) {
        std::swap(hosts[i - 1], hosts[static_cast<std::size_t>(random.below(i))]);
    }
    std::stable_sort(hosts.begin(), hosts.end(),
                     [](const MxHost& a, const MxHost& b) { return a.preference < b.preference; });
}

}  // namespace

Result<std::vector<MxHost>, facts::Outcome> order_hosts(const std::string& domain,
                                                        const facts::MxAnswer& answer,
                                                        const std::vector<std::string>& own_names,
                                                        Random& random)
{
    switch (answer.status) {
    case facts::DnsStatus::Failed:
        // Unknown is temporary: never "there is no MX, so the address will do".
        return failure(local_outcome(
            Reason::DnsFailed,
            fmt::format("the MX records of {} could not be looked up ({})", domain, answer.why)));
    case facts::DnsStatus::NxDomain:
        return failure(local_outcome(Reason::DnsNoSuchDomain,
                                     fmt::format("the domain {} does not exist", domain)));
    case facts::DnsStatus::NoData:
        return std::vector<MxHost>{{domain, 0, true}};
    case facts::DnsStatus::Found:
        break;
    }
    if (answer.records.empty()) return std::vector<MxHost>{{domain, 0, true}};
    if (answer.records.size() == 1 && answer.records[0].exchange.empty()) {
        return failure(local_outcome(
            Reason::DnsNullMx, fmt::format("the domain {} accepts no mail (null MX)", domain)));
    }

    auto hosts = named_hosts(answer);
    if (hosts.empty()) {
        return failure(local_outcome(Reason::DnsNoUsableMx,
                                     fmt::format("no MX record of {} names a host", domain)));
    }
    std::optional<std::uint16_t> own_preference;
    for (const auto& host : hosts) {
        if (!is_own(host.name, own_names)) continue;
        own_preference = std::min(own_preference.value_or(host.preference), host.preference);
    }
    if (own_preference) {
        std::erase_if(hosts,
                      [&](const MxHost& host) { return host.preference >= *own_preference; });
    }
    if (hosts.empty()) {
        return failure(local_outcome(
            Reason::RouteLoopsBack,
            fmt::format("this server is the best MX of {}, but not its destination", domain)));
    }
    shuffle_equals(hosts, random);
    return hosts;
}

}  // namespace hermetic::routing
