#include "outbound/host_memory.h"

#include "outbound/remembered_hosts.h"

#include <iterator>

namespace hermetic::outbound {

template <typename AnyEntries>
void HostMemory::make_room(AnyEntries& entries, const HostKey& key, Instant now) const
{
    if (entries.size() < max_entries_ || entries.contains(key)) return;
    std::erase_if(entries, [&](const auto& each) { return each.second.until <= now; });
    if (entries.size() < max_entries_) return;
    // Forgetting one costs an attempt, or an hour. Some at once: a full memory is not searched for
    // each that comes.
    constexpr std::size_t kPart = 8;
    const auto some = static_cast<std::ptrdiff_t>(max_entries_ / kPart + 1);
    entries.erase(entries.begin(), std::next(entries.begin(), some));
}

void HostMemory::note(Entries& entries, const HostKey& key, Instant now) const
{
    make_room(entries, key, now);
    auto& entry = entries[key];
    if (entry.until <= now) entry.since = now;
    entry.until = now + kKept;
}

void HostMemory::note_silent(const HostKey& key, Instant now)
{
    const std::lock_guard lock{mutex_};
    note(silent_, key, now);
}

void HostMemory::note_greeted(const HostKey& key)
{
    const std::lock_guard lock{mutex_};
    silent_.erase(key);
}

bool HostMemory::is_long_silent(const HostKey& key, Instant now) const
{
    const std::lock_guard lock{mutex_};
    const auto found = silent_.find(key);
    return found != silent_.end() && found->second.until > now &&
           now - found->second.since >= kCounts;
}

void HostMemory::note_untried(const HostKey& key, Instant now)
{
    const std::lock_guard lock{mutex_};
    note(untried_, key, now);
}

void HostMemory::note_tried(const HostKey& key)
{
    const std::lock_guard lock{mutex_};
    untried_.erase(key);
}

bool HostMemory::is_left_untried(const HostKey& key, Instant now) const
{
    const std::lock_guard lock{mutex_};
    const auto found = untried_.find(key);
    return found != untried_.end() && found->second.until > now;
}

void HostMemory::note_finding(const HostKey& key, policy::HopFinding finding, Instant now)
{
    const std::lock_guard lock{mutex_};
    make_room(found_, key, now);
    found_[key] = {finding, now, now + kFindingKept};
}

std::optional<HostMemory::Finding> HostMemory::finding(const HostKey& key, Instant now) const
{
    const std::lock_guard lock{mutex_};
    const auto found = found_.find(key);
    if (found == found_.end() || found->second.until <= now) return std::nullopt;
    return Finding{found->second.what, found->second.since};
}

std::vector<HostMemory::Row> HostMemory::list(Instant now) const
{
    using What = Row::What;
    const std::lock_guard lock{mutex_};
    std::vector<Row> rows;
    for (const auto& [key, entry] : silent_) {
        const bool is_long = now - entry.since >= kCounts;
        if (entry.until <= now) continue;
        rows.push_back({key, is_long ? What::LongSilent : What::Silent, entry.until - now});
    }
    for (const auto& [key, entry] : untried_) {
        if (entry.until > now) rows.push_back({key, What::Untried, entry.until - now});
    }
    for (const auto& [key, entry] : found_) {
        if (entry.until > now) rows.push_back({key, What::Found, entry.until - now, entry.what});
    }
    return rows;
}

std::size_t HostMemory::forget(std::string_view host)
{
    const std::lock_guard lock{mutex_};
    const auto meant = [&](const auto& each) {
        return is_of(each.first.host, host) || is_of(each.first.address, host);
    };
    return std::erase_if(silent_, meant) + std::erase_if(untried_, meant) +
           std::erase_if(found_, meant);
}

std::size_t HostMemory::size() const
{
    const std::lock_guard lock{mutex_};
    return silent_.size() + untried_.size() + found_.size();
}

}  // namespace hermetic::outbound
