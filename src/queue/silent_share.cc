#include "queue/silent_share.h"

#include <utility>

namespace hermetic::queue {

void SilentShare::add(std::uint64_t grant, std::uint32_t destination, Peer peer)
{
    const auto known = members_.find(grant);
    const std::uint64_t age = known == members_.end() ? next_age_++ : known->second.age;
    remove(grant);
    members_.emplace(grant, Member{destination, age});
    OfDestination& of = destinations_[destination];
    ++of.members;
    if (peer == Peer::Silent) of.endable.emplace(age, grant);
}

void SilentShare::remove(std::uint64_t grant)
{
    const auto found = members_.find(grant);
    if (found == members_.end()) return;
    const Member member = found->second;
    members_.erase(found);
    const auto of = destinations_.find(member.destination);
    of->second.endable.erase(member.age);
    if (--of->second.members == 0) destinations_.erase(of);
}

// Costs a look at every destination that has a silent connection, hence at most the share.
std::optional<std::uint64_t> SilentShare::end_one(std::size_t most)
{
    if (members_.size() <= most) return std::nullopt;
    const OfDestination* chosen = nullptr;
    for (const auto& [destination, of] : destinations_) {
        if (of.endable.empty()) continue;
        const bool gives_first = chosen == nullptr || of.members > chosen->members ||
                                 (of.members == chosen->members &&
                                  of.endable.begin()->first < chosen->endable.begin()->first);
        if (gives_first) chosen = &of;
    }
    if (chosen == nullptr) return std::nullopt;
    const std::uint64_t grant = chosen->endable.begin()->second;
    remove(grant);
    return grant;
}

}  // namespace hermetic::queue
