#include "admin/recent_outcomes.h"

#include <variant>

namespace hermetic::admin {

void RecentOutcomes::take(events::Batch batch)
{
    const std::lock_guard lock{mutex_};
    for (const events::Event* each : batch) {
        if (const auto* attempt = std::get_if<facts::Attempt>(&each->what))
            note(each->time, *attempt);
    }
}

void RecentOutcomes::note(WallTime at, const facts::Attempt& attempt)
{
    if (attempt.parts.empty()) return;
    const auto [found, is_new] = noted_.try_emplace(attempt.accepted_as);
    if (is_new) order_.push_back(attempt.accepted_as);
    Outcomes& outcomes = found->second.outcomes;
    std::uint32_t deferred = 0;
    const facts::Outcome* worst = nullptr;
    for (const facts::Attempt::Part& part : attempt.parts) {
        const facts::Outcome& each = part.outcome;
        outcomes.delivered += each.result == facts::OutcomeClass::Delivered;
        deferred += each.result == facts::OutcomeClass::Deferred;
        outcomes.failed += each.result == facts::OutcomeClass::Failed;
        if (worst == nullptr || each.result > worst->result) worst = &each;
    }
    auto& of_parts = found->second.deferred;
    of_parts.erase(attempt.message);
    if (deferred > 0) of_parts.emplace(attempt.message, deferred);
    outcomes.deferred = 0;
    for (const auto& [part, count] : of_parts) outcomes.deferred += count;
    outcomes.at = at;
    outcomes.host = attempt.host;
    outcomes.outcome = *worst;
    if (order_.size() <= kMost) return;
    noted_.erase(order_.front());
    order_.pop_front();
}

std::optional<RecentOutcomes::Outcomes> RecentOutcomes::find(MessageId accepted_as) const
{
    const std::lock_guard lock{mutex_};
    const auto found = noted_.find(accepted_as);
    if (found == noted_.end()) return std::nullopt;
    return found->second.outcomes;
}

}  // namespace hermetic::admin
