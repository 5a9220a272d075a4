// Items in chunks: an item never moves, growth copies nothing, freed slots are used again, and the
// chunks are given back when no item is left.
#pragma once

#include "queue/item.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace hermetic::queue {

class Slab {
public:
    [[nodiscard]] std::uint32_t add()
    {
        if (free_ == kNone) return append();
        const std::uint32_t slot = free_;
        free_ = (*this)[slot].next;
        (*this)[slot] = Item{};
        (*this)[slot].in_use = true;
        ++count_;
        return slot;
    }

    void remove(std::uint32_t slot)
    {
        Item& item = (*this)[slot];
        item = Item{};
        item.next = free_;
        free_ = slot;
        if (--count_ == 0 && chunks_.size() > 1) {
            chunks_.resize(1);
            chunks_.shrink_to_fit();
            end_ = 0;
            free_ = kNone;
        }
    }

    [[nodiscard]] Item& operator[](std::uint32_t slot)
    {
        return (*chunks_[slot / kChunk])[slot % kChunk];
    }
    [[nodiscard]] const Item& operator[](std::uint32_t slot) const
    {
        return (*chunks_[slot / kChunk])[slot % kChunk];
    }

    [[nodiscard]] std::uint32_t count() const { return count_; }
    // Slots ever used: the bound of a scan.
    [[nodiscard]] std::uint32_t end() const { return end_; }

private:
    // A chunk fills 256 KiB, which is what an allocator gives for a little less too.
    static constexpr std::uint32_t kChunk = (256U << 10) / sizeof(Item);

    std::uint32_t append()
    {
        if (end_ / kChunk == chunks_.size()) {
            chunks_.push_back(std::make_unique<std::array<Item, kChunk>>());
        }
        const std::uint32_t slot = end_++;
        (*this)[slot] = Item{};
        (*this)[slot].in_use = true;
        ++count_;
        return slot;
    }

    std::vector<std::unique_ptr<std::array<Item, kChunk>>> chunks_;
    std::uint32_t end_ = 0;
    std::uint32_t free_ = kNone;
    std::uint32_t count_ = 0;
};

}  // namespace hermetic::queue
