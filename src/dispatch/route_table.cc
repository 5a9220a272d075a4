#include "dispatch/route_table.h"

#include "core/assert.h"
#include "core/text.h"
#include "routing/route.h"

#include <algorithm>
#include <set>

namespace hermetic::dispatch {

namespace {

constexpr std::size_t kRemembered = 100'000;
constexpr std::size_t kMaxDomains = 200;  // octets kept per message
constexpr char kOwnerMark = ';';          // no domain begins with it

std::string host_text(const mail::Mailbox& mailbox)
{
    if (const auto* domain = mailbox.domain()) return domain->text();
    return "[" + mailbox.literal()->format() + "]";
}

std::optional<mail::Mailbox> somebody_at(const std::string& host)
{
    if (host.starts_with('[')) {
        const auto address = IpAddress::parse(std::string_view{host}.substr(1, host.size() - 2));
        if (!address) return std::nullopt;
        return mail::Mailbox{"postmaster", *address};
    }
    auto domain = mail::Domain::parse(host);
    if (!domain) return std::nullopt;
    return mail::Mailbox{"postmaster", std::move(*domain)};
}

}  // namespace

RouteTable::RouteTable(objects::SnapshotPointer snapshot) : snapshot_{std::move(snapshot)}
{
    HERMETIC_ASSERT(snapshot_ != nullptr);
}

const std::string& RouteTable::of(std::string_view organization, const mail::Mailbox& recipient)
{
    std::string host = host_text(recipient);
    if (!is_first(organization)) host.append(1, kOwnerMark).append(organization);
    if (const auto known = keys_.find(host); known != keys_.end()) return known->second;
    if (keys_.size() >= kRemembered) keys_.clear();
    auto route = routing::decide_route(*snapshot_, organization, recipient);
    return keys_.emplace(std::move(host), std::move(route.key)).first->second;
}

// Most servers have no other organization: its mail is kept track of by domain alone.
bool RouteTable::is_first(std::string_view organization) const
{
    return &snapshot_->organization(organization) == &snapshot_->organization();
}

MessageRoute RouteTable::of(const mail::Envelope& envelope,
                            const std::vector<std::uint32_t>& finished)
{
    MessageRoute route;
    std::set<std::string> hosts;
    for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) {
        if (std::binary_search(finished.begin(), finished.end(), i)) continue;
        const mail::Mailbox& recipient = envelope.recipients[i].address;
        if (!hosts.insert(host_text(recipient)).second) continue;
        const std::string& key = of(envelope.organization, recipient);
        if (route.destination.empty()) {
            route.destination = key;
        } else if (route.destination != key) {
            route.parts = true;
        }
    }
    if (route.destination.empty() && !envelope.recipients.empty()) {
        // Everybody is done, only the record of it is missing: delivery ends such a message.
        route.destination = of(envelope.organization, envelope.recipients.front().address);
    }
    route.domains = join({hosts.begin(), hosts.end()}, ",");
    if (route.domains.size() > kMaxDomains) route.domains = kManyDomains;
    if (!is_first(envelope.organization))
        route.domains.append(1, ',').append(1, kOwnerMark).append(envelope.organization);
    return route;
}

std::string_view RouteTable::owner_of(std::string_view domains)
{
    const auto mark = domains.find(kOwnerMark);
    return mark == std::string_view::npos ? std::string_view{} : domains.substr(mark + 1);
}

std::string RouteTable::of_domains(const std::string& domains)
{
    std::string key;
    const auto hosts = split(domains, ',');
    const std::string_view organization = owner_of(domains);
    for (const std::string_view host : hosts) {
        if (host.starts_with(kOwnerMark)) continue;
        const auto recipient = somebody_at(std::string{host});
        if (!recipient) return {};
        const std::string& one = of(organization, *recipient);
        if (key.empty()) key = one;
        if (key != one) return {};
    }
    return key;
}

}  // namespace hermetic::dispatch
