// Fresh messages kept in memory until they are granted, so that they need not be read back.
// Bounded: the oldest go first. Not thread-safe.
//
// A copy is as it was stored. It is dropped where a change of its message begins and where one is
// heard of, whoever made it; a granted message is changed by nobody but its grant.
#pragma once

#include "spool/spool.h"

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

namespace hermetic::dispatch {

class ResidentMessages {
public:
    using Pointer = std::shared_ptr<const spool::StoredMessage>;

    explicit ResidentMessages(std::uint64_t budget) : budget_{budget} {}

    void add(Pointer message);
    // The message, which is resident no longer; null where it was not.
    [[nodiscard]] Pointer take(const MessageId& id);
    void drop(const MessageId& id) { (void)take(id); }

    [[nodiscard]] std::uint64_t octets() const { return octets_; }

private:
    [[nodiscard]] static std::uint64_t cost(const spool::StoredMessage& message);

    std::uint64_t budget_;
    std::uint64_t octets_ = 0;
    std::list<Pointer> oldest_first_;
    std::unordered_map<MessageId, std::list<Pointer>::iterator> index_;
};

}  // namespace hermetic::dispatch
