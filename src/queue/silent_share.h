// The connections whose peer is silent: how many there may be, which of them ends when they are too
// many, and who may have one more.
//
// Pure. Whoever says nothing must not take the place of those that speak: the silent ones have a
// share of the connections, and the peer that has most of it gives first. One that waits for the
// reply to a final dot counts, but is never ended: the peer may have taken the message.
#pragma once

#include "core/ip.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace hermetic::queue {

// Which peers are taken for one: those of one network. A stranger has domains for nothing, and
// addresses of one network for little. The base of the network; nullopt: not known, or a peer on
// this machine or in a private network, which is no stranger: each destination there is on its own.
using Site = std::optional<IpAddress>;

// The /24 of an IPv4 address, the /48 of an IPv6 address.
[[nodiscard]] Site site_of(const IpAddress& peer);

// What the peer of a connection does, as its core sees it.
enum class Peer : std::uint8_t {
    Speaks,
    Silent,          // it has been for long enough to be told of
    SilentAfterDot,  // the same, and it has the whole message
};

// Of how many connections in all how many may be silent.
struct SilentLimits {
    std::size_t connections = 0;
    std::size_t share = 0;
};

// How many may be silent that can be ended, beside `after_dot` that cannot: what those leave of the
// share. Where they have nearly all of it, a quarter of the other connections: a host that takes
// its time to greet is to get its mail all the same.
[[nodiscard]] std::size_t endable_limit(SilentLimits limits, std::size_t after_dot);

class SilentShare {
public:
    struct Place {
        std::uint32_t destination = 0;
        Site site{};
    };

    // A grant that is in it already keeps its age.
    void add(std::uint64_t grant, const Place& place, Peer peer);
    void remove(std::uint64_t grant);
    [[nodiscard]] std::size_t size() const { return members_.size(); }
    [[nodiscard]] std::size_t after_dot() const { return members_.size() - endable_.size(); }
    [[nodiscard]] std::size_t at_site(const Site& site) const;

    // Takes out one that is to be ended so that there are not too many: at the site with most of
    // them, and there of the destination with most, the oldest. nullopt: there are not too many.
    [[nodiscard]] std::optional<std::uint64_t> end_one(SilentLimits limits);

    // Whether a further connection there would be within its fair part of `share`, even if it fell
    // silent: all who have silent ones have equal parts, of at least one.
    [[nodiscard]] bool has_part_left(const Place& place, std::size_t share) const;

private:
    struct Member {
        Place place;
        std::uint64_t age = 0;  // ascending: the older the smaller
    };
    // A site, or where none is known a destination.
    using Group = std::pair<Site, std::uint32_t>;
    [[nodiscard]] static Group group_of(const Place& place);
    [[nodiscard]] std::size_t in_group(const Group& group) const;
    [[nodiscard]] std::size_t of_destination(std::uint32_t destination) const;

    std::unordered_map<std::uint64_t, Member> members_;
    std::map<std::uint64_t, std::uint64_t> endable_;  // age → grant
    std::map<Group, std::size_t> groups_;
    std::unordered_map<std::uint32_t, std::size_t> destinations_;
    std::uint64_t next_age_ = 0;
};

}  // namespace hermetic::queue
