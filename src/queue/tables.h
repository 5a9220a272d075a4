// The tables of the scheduler, made for a million messages: items by slot, slots by key, and values
// that many items share by number.
#pragma once

#include "core/assert.h"
#include "queue/item.h"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hermetic::queue {

// Items in chunks: an item never moves, growth copies nothing, freed slots are used again, and the
// chunks are given back when no item is left.
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

// Finds the slot of something by its key: open addressing, 4 octets a cell, the keys stay where the
// slots are.
//
// Keys says what a slot's key is and how it is spread:
//   using Key; const Key& (or Key) key(slot) const; static std::size_t spread(const Key&)
// The low bits of spread() choose the cell.
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

// Each value once, counted: senders, reasons and recipients' domains of a million messages are few.
// View: as what a Value is asked for; Hash takes it.
template <typename Value, typename View, typename Hash>
class Interner {
public:
    // Counts one more user of `value`.
    [[nodiscard]] std::uint32_t acquire(View value)
    {
        if (const auto known = index_.find(value); known != index_.end()) {
            ++entries_[known->second].users;
            return known->second;
        }
        std::uint32_t id = free_;
        if (id == kNone) {
            id = static_cast<std::uint32_t>(entries_.size());
            entries_.emplace_back();
        } else {
            free_ = entries_[id].next_free;
        }
        Entry& entry = entries_[id];
        entry.value = Value{value};
        entry.users = 1;
        entry.next_free = kNone;
        index_.emplace(&entry.value, id);
        return id;
    }
    void release(std::uint32_t id)
    {
        Entry& entry = entries_[id];
        HERMETIC_ASSERT(entry.users > 0);
        if (--entry.users > 0) return;
        index_.erase(&entry.value);
        entry.value = Value{};  // gives the memory back
        entry.next_free = free_;
        free_ = id;
    }
    // Valid until the last user releases it.
    [[nodiscard]] View operator[](std::uint32_t id) const { return entries_[id].value; }
    // kNone where nobody uses it.
    [[nodiscard]] std::uint32_t find(View value) const
    {
        const auto known = index_.find(value);
        return known == index_.end() ? kNone : known->second;
    }
    [[nodiscard]] std::size_t count() const { return index_.size(); }

    template <typename Function>
    void for_each(Function function) const
    {
        for (std::uint32_t id = 0; id < entries_.size(); ++id) {
            if (entries_[id].users > 0) function(id, View{entries_[id].value});
        }
    }

private:
    struct Entry {
        Value value{};
        std::uint32_t users = 0;
        std::uint32_t next_free = kNone;
    };
    struct ByValue {
        using is_transparent = void;
        std::size_t operator()(View value) const { return Hash{}(value); }
        std::size_t operator()(const Value* value) const { return Hash{}(*value); }
        bool operator()(const Value* a, const Value* b) const { return *a == *b; }
        bool operator()(View a, const Value* b) const { return a == *b; }
        bool operator()(const Value* a, View b) const { return *a == b; }
    };
    std::deque<Entry> entries_;  // addresses are stable: the index points at them
    std::unordered_map<const Value*, std::uint32_t, ByValue, ByValue> index_;
    std::uint32_t free_ = kNone;
};

using TextInterner = Interner<std::string, std::string_view, std::hash<std::string_view>>;

}  // namespace hermetic::queue
