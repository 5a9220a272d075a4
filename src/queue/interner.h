// Each text once, counted: senders, domains and reasons of a million messages are few.
#pragma once

#include "queue/item.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hermetic::queue {

class Interner {
public:
    // Counts one more user of `text`.
    [[nodiscard]] std::uint32_t acquire(std::string_view text);
    void release(std::uint32_t id);
    // Valid until the last user releases it.
    [[nodiscard]] std::string_view text(std::uint32_t id) const { return entries_[id].text; }
    // kNone where nobody uses it.
    [[nodiscard]] std::uint32_t find(std::string_view text) const;
    [[nodiscard]] std::size_t count() const { return index_.size(); }

    template <typename Function>
    void for_each(Function function) const
    {
        for (std::uint32_t id = 0; id < entries_.size(); ++id) {
            if (entries_[id].users > 0) function(id, std::string_view{entries_[id].text});
        }
    }

private:
    struct Entry {
        std::string text;
        std::uint32_t users = 0;
        std::uint32_t next_free = kNone;
    };
    std::deque<Entry> entries_;  // addresses are stable: the index has views into them
    std::unordered_map<std::string_view, std::uint32_t> index_;
    std::uint32_t free_ = kNone;
};

}  // namespace hermetic::queue
