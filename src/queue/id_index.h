// Finds a message's slot by its id: open addressing, 4 octets an entry, the ids stay in the slab.
#pragma once

#include "queue/slab.h"

#include <cstdint>
#include <vector>

namespace hermetic::queue {

class IdIndex {
public:
    explicit IdIndex(const Slab& slab) : slab_{slab} {}

    // kNone where the id is not known.
    [[nodiscard]] std::uint32_t find(const MessageId& id) const;
    // The id of `slot` must not be in the index yet.
    void add(std::uint32_t slot);
    // Must be called while the slot still has its id.
    void remove(const MessageId& id);

private:
    [[nodiscard]] std::size_t home(const MessageId& id) const;
    [[nodiscard]] std::size_t locate(const MessageId& id) const;  // its cell, or the empty one
    void grow();

    const Slab& slab_;
    std::vector<std::uint32_t> cells_;
    std::size_t count_ = 0;
};

}  // namespace hermetic::queue
