#include "policy/rung_memory.h"

#include "core/assert.h"

namespace hermetic::policy {

void RungMemory::worked(const std::string& key, RungKind kind, Instant now)
{
    HERMETIC_ASSERT(kind != RungKind::Clear);
    if (kind == RungKind::Everything) {
        rungs_.erase(key);
        return;
    }
    if (rungs_.size() >= max_entries_ && !rungs_.contains(key)) make_room(now);
    // Not prolonged by use: now and then the whole ladder finds out whether the host has improved.
    auto& entry = rungs_[key];
    entry.kind = kind;
    if (entry.until <= now) entry.until = now + keep_;
}

std::optional<RungKind> RungMemory::recall(const std::string& key, Instant now) const
{
    const auto found = rungs_.find(key);
    if (found == rungs_.end() || found->second.until <= now) return std::nullopt;
    return found->second.kind;
}

std::size_t RungMemory::forget(const std::function<bool(std::string_view key)>& is_meant)
{
    return std::erase_if(rungs_, [&](const auto& each) { return is_meant(each.first); });
}

std::vector<RungMemory::Row> RungMemory::list(Instant now) const
{
    std::vector<Row> rows;
    for (const auto& [key, entry] : rungs_) {
        if (entry.until > now) rows.push_back({key, entry.kind, entry.until - now});
    }
    return rows;
}

void RungMemory::make_room(Instant now)
{
    std::erase_if(rungs_, [&](const auto& each) { return each.second.until <= now; });
    // All alive: forgetting any of them costs one failed handshake.
    if (rungs_.size() >= max_entries_) rungs_.erase(rungs_.begin());
}

}  // namespace hermetic::policy
