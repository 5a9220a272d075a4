// A binary heap of slots by time, whose members know their place and can leave from the middle.
#pragma once

#include "queue/item.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace hermetic::queue {

// Access names where a slot keeps its time and its place:
//   WallTime due(slot) const; std::uint32_t& position(slot) const;
// It is handed in with each call, so that a heap of a destination costs one vector.
class IndexedHeap {
public:
    [[nodiscard]] bool empty() const { return slots_.empty(); }
    [[nodiscard]] std::size_t size() const { return slots_.size(); }
    [[nodiscard]] std::uint32_t top() const { return slots_.front(); }
    [[nodiscard]] const std::vector<std::uint32_t>& slots() const { return slots_; }

    template <typename Access>
    void push(const Access& access, std::uint32_t slot)
    {
        slots_.push_back(slot);
        access.position(slot) = static_cast<std::uint32_t>(slots_.size() - 1);
        up(access, slots_.size() - 1);
    }

    template <typename Access>
    void remove(const Access& access, std::uint32_t slot)
    {
        const std::size_t hole = access.position(slot);
        const std::uint32_t last = slots_.back();
        slots_.pop_back();
        access.position(slot) = kNone;
        if (last == slot) return;
        slots_[hole] = last;
        access.position(last) = static_cast<std::uint32_t>(hole);
        update(access, last);
        if (slots_.empty()) slots_.shrink_to_fit();
    }

    // After the time of a member has changed.
    template <typename Access>
    void update(const Access& access, std::uint32_t slot)
    {
        up(access, access.position(slot));
        down(access, access.position(slot));
    }

private:
    template <typename Access>
    void exchange(const Access& access, std::size_t a, std::size_t b)
    {
        std::swap(slots_[a], slots_[b]);
        access.position(slots_[a]) = static_cast<std::uint32_t>(a);
        access.position(slots_[b]) = static_cast<std::uint32_t>(b);
    }

    template <typename Access>
    void up(const Access& access, std::size_t at)
    {
        while (at > 0) {
            const std::size_t parent = (at - 1) / 2;
            if (!(access.due(slots_[at]) < access.due(slots_[parent]))) return;
            exchange(access, at, parent);
            at = parent;
        }
    }

    template <typename Access>
    void down(const Access& access, std::size_t at)
    {
        for (;;) {
            std::size_t first = at;
            for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
                if (child < slots_.size() &&
                    access.due(slots_[child]) < access.due(slots_[first])) {
                    first = child;
                }
            }
            if (first == at) return;
            exchange(access, at, first);
            at = first;
        }
    }

    std::vector<std::uint32_t> slots_;
};

}  // namespace hermetic::queue
