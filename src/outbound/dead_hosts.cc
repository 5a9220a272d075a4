#include "outbound/dead_hosts.h"

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

bool DeadHosts::is_dead(const std::string& key, Instant now) const
{
    const auto found = dead_.find(key);
    return found != dead_.end() && found->second > now;
}

}  // namespace hermetic::outbound
