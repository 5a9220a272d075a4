// Idle connections, kept for the next message under the same key (specification §4.5).
//
// The key holds organization, endpoint, SNI and the digest of the effective TLS policy. One per
// core; bounded; connections are closed when they have been idle too long, have gone stale or have
// carried enough messages.
#pragma once

#include "outbound/connection.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

namespace hermetic::outbound {

struct PoolLimits {
    Duration idle = std::chrono::seconds{5};
    std::uint32_t messages = 100;   // per connection
    std::size_t connections = 500;  // idle ones, in all
};

class Pool {
public:
    // What is taken out of use: QUIT, then the end.
    using Goodbye = std::function<void(ConnectionPointer)>;

    Pool(PoolLimits limits, Goodbye goodbye) : limits_{limits}, goodbye_{std::move(goodbye)} {}

    void set_limits(PoolLimits limits) { limits_ = limits; }
    // Null: none. Stale ones are closed on the way.
    [[nodiscard]] ConnectionPointer take(const std::string& key, Instant now);
    // Keeps it, or takes it out of use.
    void put(ConnectionPointer connection, Instant now);
    // Takes those out of use that have been idle too long.
    void expire(Instant now);
    void close_all();
    [[nodiscard]] std::size_t size() const { return size_; }
    // It has carried as many messages as we, or the peer (RFC 9422), allow.
    [[nodiscard]] bool is_worn(const Connection& connection) const;

private:
    PoolLimits limits_;
    Goodbye goodbye_;
    std::unordered_map<std::string, std::deque<ConnectionPointer>> idle_;
    std::size_t size_ = 0;
};

}  // namespace hermetic::outbound
