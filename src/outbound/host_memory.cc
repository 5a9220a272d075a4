#include "outbound/host_memory.h"

namespace hermetic::outbound {

void HostMemory::note(Entries& entries, const std::string& key, Instant now) const
{
    if (entries.size() >= max_entries_ && !entries.contains(key)) {
        std::erase_if(entries, [&](const auto& each) { return each.second.until <= now; });
        // Forgetting one costs an attempt, or an hour.
        if (entries.size() >= max_entries_) entries.erase(entries.begin());
    }
    auto& entry = entries[key];
    if (entry.until <= now) entry.since = now;
    entry.until = now + kKept;
}

void HostMemory::note_silent(const std::string& key, Instant now)
{
    note(silent_, key, now);
}

bool HostMemory::is_long_silent(const std::string& key, Instant now) const
{
    const auto found = silent_.find(key);
    return found != silent_.end() && found->second.until > now &&
           now - found->second.since >= kCounts;
}

void HostMemory::note_untried(const std::string& key, Instant now)
{
    note(untried_, key, now);
}

bool HostMemory::is_left_untried(const std::string& key, Instant now) const
{
    const auto found = untried_.find(key);
    return found != untried_.end() && found->second.until > now;
}

void HostMemory::clear()
{
    silent_.clear();
    untried_.clear();
}

}  // namespace hermetic::outbound
