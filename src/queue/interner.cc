#include "queue/interner.h"

#include "core/assert.h"

namespace hermetic::queue {

std::uint32_t Interner::acquire(std::string_view text)
{
    if (const auto known = index_.find(text); known != index_.end()) {
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
    entry.text = text;
    entry.users = 1;
    entry.next_free = kNone;
    index_.emplace(entry.text, id);
    return id;
}

void Interner::release(std::uint32_t id)
{
    Entry& entry = entries_[id];
    HERMETIC_ASSERT(entry.users > 0);
    if (--entry.users > 0) return;
    index_.erase(entry.text);
    entry.text = std::string{};  // gives the memory back
    entry.next_free = free_;
    free_ = id;
}

std::uint32_t Interner::find(std::string_view text) const
{
    const auto known = index_.find(text);
    return known == index_.end() ? kNone : known->second;
}

}  // namespace hermetic::queue
