// Finds the slot of something by its key: open addressing, 4 octets a cell, the keys stay where the
// slots are.
//
// Keys says what a slot's key is and how it is spread:
//   using Key; const Key& (or Key) key(slot) const; static std::size_t spread(const Key&)
// The low bits of spread() choose the cell.
#pragma once

#include "core/assert.h"
#include "queue/item.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace hermetic::queue {

template <typename Keys>
class SlotIndex {
public:
    using Key = typename Keys::Key;

    explicit SlotIndex(Keys keys) : keys_{keys} {}

    // kNone where the key is not known.
    [[nodiscard]] std::uint32_t find(const Key& key) const
    {
        return cells_.empty() ? kNone : cells_[locate(key)];
    }

    // The key of `slot` must not be in the index yet.
    void add(std::uint32_t slot)
    {
        // At most two cells in three are full, so that runs stay short.
        if ((count_ + 1) * 3 > cells_.size() * 2) grow();
        const std::size_t cell = locate(keys_.key(slot));
        HERMETIC_ASSERT(cells_[cell] == kNone);
        cells_[cell] = slot;
        ++count_;
    }

    // Must be called while the slot still has its key.
    void remove(const Key& key)
    {
        const std::size_t mask = cells_.size() - 1;
        std::size_t hole = locate(key);
        HERMETIC_ASSERT(cells_[hole] != kNone);
        // Moves later entries of the run back, so that no tombstone is needed.
        for (std::size_t cell = (hole + 1) & mask; cells_[cell] != kNone;
             cell = (cell + 1) & mask) {
            const std::size_t wanted = home(keys_.key(cells_[cell]));
            if (((cell - wanted) & mask) < ((cell - hole) & mask)) continue;
            cells_[hole] = cells_[cell];
            hole = cell;
        }
        cells_[hole] = kNone;
        // What a long queue needed is given back when it has gone.
        if (--count_ == 0 && cells_.size() > kSmall) cells_ = {};
    }

private:
    static constexpr std::size_t kSmall = 4096;  // cells
    static constexpr std::size_t kFirst = 64;

    [[nodiscard]] std::size_t home(const Key& key) const
    {
        return Keys::spread(key) & (cells_.size() - 1);
    }
    // Its cell, or the empty one.
    [[nodiscard]] std::size_t locate(const Key& key) const
    {
        std::size_t cell = home(key);
        while (cells_[cell] != kNone && keys_.key(cells_[cell]) != key) {
            cell = (cell + 1) & (cells_.size() - 1);
        }
        return cell;
    }
    void grow()
    {
        const auto old = std::exchange(cells_, {});
        cells_.assign(old.empty() ? kFirst : old.size() * 2, kNone);
        for (const std::uint32_t slot : old) {
            if (slot != kNone) cells_[locate(keys_.key(slot))] = slot;
        }
    }

    Keys keys_;
    std::vector<std::uint32_t> cells_;  // as many as a power of two
    std::size_t count_ = 0;
};

}  // namespace hermetic::queue
