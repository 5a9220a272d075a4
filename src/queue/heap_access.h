// Where the scheduler's two kinds of heaps find times and places. Private to queue/.
#pragma once

#include "queue/destination.h"
#include "queue/tables.h"

namespace hermetic::queue {

struct ItemTimes {
    Slab& slab;
    [[nodiscard]] WallTime due(std::uint32_t slot) const { return slab[slot].next_attempt; }
    [[nodiscard]] std::uint32_t& position(std::uint32_t slot) const { return slab[slot].place; }
};

struct DestinationTimes {
    Destinations& destinations;
    [[nodiscard]] WallTime due(std::uint32_t id) const { return destinations[id].due; }
    [[nodiscard]] std::uint32_t& position(std::uint32_t id) const
    {
        return destinations[id].position;
    }
};

}  // namespace hermetic::queue
