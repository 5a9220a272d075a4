// The connections whose peer is silent: how many there may be, and which of them ends when they
// are too many.
//
// Pure. Whoever says nothing must not take the place of those that speak: the silent ones have a
// share of the connections, and the destination that has most of it gives first. One that waits
// for the reply to a final dot is never ended: the peer may have taken the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

namespace hermetic::queue {

// What the peer of a connection does, as its core sees it.
enum class Peer : std::uint8_t {
    Speaks,
    Silent,          // it has been for long enough to be told of
    SilentAfterDot,  // the same, and it has the whole message
};

class SilentShare {
public:
    // A grant that is in it already keeps its age.
    void add(std::uint64_t grant, std::uint32_t destination, Peer peer);
    void remove(std::uint64_t grant);
    [[nodiscard]] std::size_t size() const { return members_.size(); }

    // Takes out one that is to be ended so that at most `most` are silent: of the destination with
    // most of them the oldest. nullopt: there are no more than that, or none that may be ended.
    [[nodiscard]] std::optional<std::uint64_t> end_one(std::size_t most);

private:
    struct Member {
        std::uint32_t destination = 0;
        std::uint64_t age = 0;  // ascending: the older the smaller
    };
    struct OfDestination {
        std::size_t members = 0;
        std::map<std::uint64_t, std::uint64_t> endable;  // age → grant
    };

    std::unordered_map<std::uint64_t, Member> members_;
    std::unordered_map<std::uint32_t, OfDestination> destinations_;
    std::uint64_t next_age_ = 0;
};

}  // namespace hermetic::queue
