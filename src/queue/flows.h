// Who is next within a destination: one FIFO per sender, and a ring in which senders take turns.
//
// A sender with a hundred thousand messages gets one turn in each round, like one with a single
// message.
#pragma once

#include "queue/tables.h"

#include <cstdint>
#include <deque>

namespace hermetic::queue {

// The senders with waiting messages of one destination.
struct SenderRing {
    std::uint32_t next_flow = kNone;  // whose turn it is
    std::uint32_t waiting = 0;        // messages of all of them
};

class Flows {
public:
    explicit Flows(Slab& slab) : slab_{slab}, index_{FlowKeys{flows_}} {}
    Flows(const Flows&) = delete;  // its index points into it
    Flows& operator=(const Flows&) = delete;

    enum class End : std::uint8_t { Front, Back };

    // Puts the item of `slot` into the FIFO of its destination and sender.
    void push(SenderRing& ring, std::uint32_t slot, End end);
    // Takes the item out, wherever it stands.
    void remove(SenderRing& ring, std::uint32_t slot);
    // The next item, which is taken out; the ring must not be empty.
    [[nodiscard]] std::uint32_t pop(SenderRing& ring);
    // The item that pop() would take.
    [[nodiscard]] std::uint32_t peek(const SenderRing& ring) const;

    // Calls function(slot) for every waiting item, until it returns false. The function must not
    // change the ring.
    template <typename Function>
    void for_each(const SenderRing& ring, Function function) const
    {
        if (ring.next_flow == kNone) return;
        std::uint32_t flow = ring.next_flow;
        do {
            for (std::uint32_t slot = flows_[flow].head; slot != kNone; slot = slab_[slot].next) {
                if (!function(slot)) return;
            }
            flow = flows_[flow].next;
        } while (flow != ring.next_flow);
    }

private:
    struct Flow {
        std::uint32_t destination = kNone;
        std::uint32_t sender = kNone;
        std::uint32_t head = kNone;
        std::uint32_t tail = kNone;
        std::uint32_t next = kNone;  // in the ring; in the list of free flows
        std::uint32_t previous = kNone;
    };

    struct FlowKeys {
        using Key = std::uint64_t;
        const std::deque<Flow>& flows;
        [[nodiscard]] Key key(std::uint32_t flow) const
        {
            return key_of(flows[flow].destination, flows[flow].sender);
        }
        [[nodiscard]] static std::size_t spread(Key key);
    };
    [[nodiscard]] static std::uint64_t key_of(std::uint32_t destination, std::uint32_t sender)
    {
        return std::uint64_t{destination} << 32 | sender;
    }

    [[nodiscard]] std::uint32_t flow_of(SenderRing& ring, const Item& item);
    void drop(SenderRing& ring, std::uint32_t flow);

    Slab& slab_;
    std::deque<Flow> flows_;  // as many as messages where every sender has one: growth copies none
    std::uint32_t free_ = kNone;
    std::uint32_t count_ = 0;
    SlotIndex<FlowKeys> index_;  // by destination and sender
};

}  // namespace hermetic::queue
