#include "policy/step_memory.h"

#include "core/assert.h"

namespace hermetic::policy {

void StepMemory::worked(const std::string& key, StepKind kind, Instant now)
{
    HERMETIC_ASSERT(kind != StepKind::Clear);
    if (kind == StepKind::Everything) {
        entries_.erase(key);
        return;
    }
    if (entries_.size() >= max_entries_ && !entries_.contains(key)) make_room(now);
    // Not prolonged by use: now and then the whole ladder finds out whether the host has improved.
    auto& entry = entries_[key];
    entry.kind = kind;
    if (entry.until <= now) entry.until = now + keep_;
}

std::optional<StepKind> StepMemory::recall(const std::string& key, Instant now) const
{
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.until <= now) return std::nullopt;
    return found->second.kind;
}

std::size_t StepMemory::forget(const std::function<bool(std::string_view key)>& is_meant)
{
    return std::erase_if(entries_, [&](const auto& each) { return is_meant(each.first); });
}

std::vector<StepMemory::Row> StepMemory::list(Instant now) const
{
    std::vector<Row> rows;
    for (const auto& [key, entry] : entries_) {
        if (entry.until > now) rows.push_back({key, entry.kind, entry.until - now});
    }
    return rows;
}

void StepMemory::make_room(Instant now)
{
    std::erase_if(entries_, [&](const auto& each) { return each.second.until <= now; });
    // All alive: forgetting any of them costs one failed handshake.
    if (entries_.size() >= max_entries_) entries_.erase(entries_.begin());
}

}  // namespace hermetic::policy
