#include "queue/silent_share.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace hermetic::queue {
namespace {

template <typename Counts, typename Key>
std::size_t count_of(const Counts& counts, const Key& key)
{
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

template <typename Counts, typename Key>
void count_out(Counts& counts, const Key& key)
{
    const auto found = counts.find(key);
    if (--found->second == 0) counts.erase(found);
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> beginning(const IpAddress& address, std::size_t octets)
{
    std::array<std::uint8_t, kSize> base{};
    const auto all = address.octets();
    std::copy_n(all.begin(), octets, base.begin());
    return base;
}

}  // namespace

std::size_t endable_limit(SilentLimits limits, std::size_t after_dot)
{
    const std::size_t left = limits.share - std::min(limits.share, after_dot);
    const std::size_t others = limits.connections - std::min(limits.connections, after_dot);
    return std::max(left, others / 4);
}

SilentShare::Group SilentShare::group_of(const Place& place)
{
    return {place.site, place.site ? 0 : place.destination};
}

std::size_t SilentShare::in_group(const Group& group) const
{
    return count_of(groups_, group);
}

std::size_t SilentShare::of_destination(std::uint32_t destination) const
{
    return count_of(destinations_, destination);
}

std::size_t SilentShare::at_site(const Site& site) const
{
    return site ? in_group({site, 0}) : 0;
}

void SilentShare::add(std::uint64_t grant, const Place& place, Peer peer)
{
    const auto known = members_.find(grant);
    const std::uint64_t age = known == members_.end() ? next_age_++ : known->second.age;
    remove(grant);
    members_.emplace(grant, Member{place, age});
    if (peer == Peer::Silent) endable_.emplace(age, grant);
    ++groups_[group_of(place)];
    ++destinations_[place.destination];
}

void SilentShare::remove(std::uint64_t grant)
{
    const auto found = members_.find(grant);
    if (found == members_.end()) return;
    const Member member = found->second;
    members_.erase(found);
    endable_.erase(member.age);
    count_out(groups_, group_of(member.place));
    count_out(destinations_, member.place.destination);
}

// Examines each that may be ended.
std::optional<std::uint64_t> SilentShare::end_one(SilentLimits limits)
{
    if (endable_.size() <= endable_limit(limits, after_dot())) return std::nullopt;
    std::optional<std::uint64_t> chosen;
    std::pair<std::size_t, std::size_t> most{0, 0};
    for (const auto& [age, grant] : endable_) {
        const Place& place = members_.at(grant).place;
        const std::pair has{in_group(group_of(place)), of_destination(place.destination)};
        if (has <= most) continue;
        most = has;
        chosen = grant;
    }
    remove(*chosen);
    return chosen;
}

bool SilentShare::has_part_left(const Place& place, std::size_t share) const
{
    const std::size_t at_site = in_group(group_of(place));
    const std::size_t has = std::max(at_site, of_destination(place.destination));
    if (has == 0) return true;
    const std::size_t part = share / std::max<std::size_t>(groups_.size(), 1);
    return has < std::max<std::size_t>(part, 1);
}

Site site_of(const IpAddress& peer)
{
    if (peer.is_loopback() || peer.is_private() || peer.is_unspecified()) return std::nullopt;
    if (peer.is_v6()) return IpAddress::v6(beginning<16>(peer, 6));
    return IpAddress::v4(beginning<4>(peer, 3));
}

}  // namespace hermetic::queue
