#include "dispatch/route_table.h"

#include "core/assert.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <variant>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kRemembered = 100'000;
constexpr std::size_t kMaxOctets = 200;  // of domains, kept per message

// How much a host adds to what is kept.
std::size_t octets_of(const routing::RecipientHost& host)
{
    const auto* domain = std::get_if<mail::Domain>(&host);
    return domain == nullptr ? sizeof(IpAddress) : domain->text().size();
}

}  // namespace

RouteTable::RouteTable(objects::SnapshotPointer snapshot) : snapshot_{std::move(snapshot)}
{
    HERMETIC_ASSERT(snapshot_ != nullptr);
}

const routing::RoutePointer& RouteTable::of(std::string_view organization,
                                            const mail::Mailbox& recipient)
{
    Asked asked{&snapshot_->organization(organization), recipient.host};
    if (const auto known = known_.find(asked); known != known_.end()) return known->second;
    if (known_.size() >= kRemembered) {
        known_.clear();
        routes_.clear();
    }
    auto route = std::make_shared<const routing::Route>(
        routing::decide_route(*snapshot_, organization, recipient).route);
    return known_.emplace(std::move(asked), *routes_.insert(std::move(route)).first).first->second;
}

MessageRoute RouteTable::of(const mail::Envelope& envelope,
                            const std::vector<std::uint32_t>& finished)
{
    MessageRoute route;
    std::set<routing::RecipientHost> hosts;
    std::size_t octets = 0;
    for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) {
        if (std::binary_search(finished.begin(), finished.end(), i)) continue;
        const mail::Mailbox& recipient = envelope.recipients[i].address;
        if (!hosts.insert(recipient.host).second) continue;
        octets += octets_of(recipient.host);
        const routing::RoutePointer& its = of(envelope.organization, recipient);
        if (route.route == nullptr) {
            route.route = its;
        } else if (!routing::RouteEqual{}(route.route, its)) {
            route.parts = true;
        }
    }
    if (route.route == nullptr) {
        // Everybody is done, only the record of it is missing: delivery ends such a message.
        route.route = envelope.recipients.empty()
                          ? std::make_shared<const routing::Route>()
                          : of(envelope.organization, envelope.recipients.front().address);
    }
    route.question.organization = envelope.organization;
    if (octets <= kMaxOctets) route.question.hosts = {hosts.begin(), hosts.end()};
    return route;
}

routing::RoutePointer RouteTable::of(const routing::RouteQuestion& question)
{
    routing::RoutePointer route;
    for (const routing::RecipientHost& host : question.hosts) {
        const routing::RoutePointer& one = of(question.organization, mail::Mailbox{{}, host});
        if (route == nullptr) route = one;
        if (!routing::RouteEqual{}(route, one)) return nullptr;
    }
    return route;
}

}  // namespace hermetic::dispatch
