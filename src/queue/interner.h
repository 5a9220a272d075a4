// Each value once, counted: senders, reasons and recipients' domains of a million messages are few.
#pragma once

#include "core/assert.h"
#include "queue/item.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hermetic::queue {

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
