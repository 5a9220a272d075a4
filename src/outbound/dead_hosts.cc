#include "outbound/dead_hosts.h"

#include "outbound/remembered_hosts.h"

namespace hermetic::outbound {

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

}  // namespace hermetic::outbound
