#include "outbound/host_memory.h"

#include "core/assert.h"
#include "outbound/remembered_hosts.h"

#include <algorithm>
#include <iterator>

namespace hermetic::outbound {
namespace {

using policy::StepKind;

// Those that were noted longest ago. Forgetting one costs an attempt, or an hour. A part of what
// there is place for, at once: a full memory is not searched for each that comes.
template <typename AnyEntries, typename Position>
void forget_oldest(AnyEntries& entries, Position first, Position last, std::size_t place)
{
    constexpr std::size_t kPart = 8;
    std::vector<Position> all;
    for (; first != last; ++first) all.push_back(first);
    const std::size_t some = std::min(all.size(), place / kPart + 1);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(some);
    if (end != all.end()) {
        std::nth_element(all.begin(), end, all.end(), [](Position one, Position other) {
            return one->second.until < other->second.until;
        });
    }
    std::for_each(all.begin(), end, [&](Position each) { entries.erase(each); });
}

}  // namespace

template <typename AnyEntries>
void HostMemory::make_room(AnyEntries& entries, const HostKey& key, Instant now) const
{
    if (entries.contains(key)) return;
    // A domain's owner chooses how many hosts it names; ours are as many as are configured.
    if (!key.destination.empty()) {
        const std::size_t share = max_entries_ / kShares + 1;
        const auto first = entries.lower_bound(HostKey{key.destination, {}});
        auto last = first;
        std::size_t count = 0;
        for (; last != entries.end() && last->first.destination == key.destination; ++last) ++count;
        if (count >= share) forget_oldest(entries, first, last, share);
    }
    if (entries.size() < max_entries_) return;
    std::erase_if(entries, [&](const auto& each) { return each.second.until <= now; });
    if (entries.size() < max_entries_) return;
    forget_oldest(entries, entries.begin(), entries.end(), max_entries_);
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

void HostMemory::note_finding(const HostKey& key, policy::HopFinding finding, Instant now,
                              std::optional<smtp::Offer> lacking)
{
    const std::lock_guard lock{mutex_};
    make_room(found_, key, now);
    found_[key] = {finding, now, now + kFindingKept, lacking};
}

std::optional<HostMemory::Finding> HostMemory::finding(const HostKey& key, Instant now) const
{
    const std::lock_guard lock{mutex_};
    const auto found = found_.find(key);
    if (found == found_.end() || found->second.until <= now) return std::nullopt;
    return Finding{found->second.what, found->second.since, found->second.lacking};
}

bool HostMemory::has_finding(const HostKey& key, Instant now) const
{
    const std::lock_guard lock{mutex_};
    auto found = found_.lower_bound({key.destination, key.host, key.address, {}});
    for (; found != found_.end(); ++found) {
        const HostKey& each = found->first;
        if (each.destination != key.destination || each.host != key.host ||
            each.address != key.address)
            return false;
        if (found->second.until > now) return true;
    }
    return false;
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

void DeadHosts::mark(const std::string& key, Instant until, Instant now)
{
    if (dead_.size() >= max_entries_ && !dead_.contains(key)) {
        std::erase_if(dead_, [&](const auto& each) { return each.second <= now; });
        // Still full of dead ones: forgetting one costs one connection attempt.
        if (dead_.size() >= max_entries_) dead_.erase(dead_.begin());
    }
    dead_[key] = until;
}

std::size_t DeadHosts::forget_host(std::string_view host)
{
    return std::erase_if(dead_, [&](const auto& each) { return is_of(each.first, host); });
}

std::vector<DeadHosts::Row> DeadHosts::list(Instant now) const
{
    std::vector<Row> rows;
    for (const auto& [key, until] : dead_) {
        if (until > now) rows.push_back({key, until - now});
    }
    return rows;
}

bool DeadHosts::is_dead(const std::string& key, Instant now) const
{
    const auto found = dead_.find(key);
    return found != dead_.end() && found->second > now;
}

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

}  // namespace hermetic::outbound
