#include "policy/attempt_limits.h"

#include "core/assert.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hermetic::policy {
namespace {

// Nullopt: nothing is known of it.
std::optional<HopFinding> known(const AttemptCandidate& candidate)
{
    return candidate.left_untried ? std::nullopt : candidate.finding;
}

// Smaller comes first.
std::pair<int, Instant> turn_of(const AttemptCandidate& candidate)
{
    const auto finding = known(candidate);
    if (!finding) return {0, Instant{}};
    return {1 + static_cast<int>(*finding), candidate.found_at};
}

void leave_out(const AttemptCandidate& candidate, LeftOut& left_out)
{
    switch (known(candidate).value_or(HopFinding::Unsettled)) {
    case HopFinding::Unsettled:
        left_out.bars_clear = true;
        if (!is_known(candidate) || !candidate.lacking) {
            left_out.may_take = true;
        } else {
            left_out.lacking =
                smtp::most_of(left_out.lacking.value_or(*candidate.lacking), *candidate.lacking);
        }
        return;
    case HopFinding::Refused:
        left_out.bars_clear = true;
        return;
    case HopFinding::HandshakesFailed:
    case HopFinding::Silent:
        left_out.may_take = true;
        return;
    case HopFinding::NoHost:
        return;
    }
    unreachable("every HopFinding is handled above");
}

}  // namespace

std::string_view name(HopFinding finding)
{
    switch (finding) {
    case HopFinding::Unsettled:
        return "unsettled";
    case HopFinding::Refused:
        return "refused";
    case HopFinding::HandshakesFailed:
        return "handshakes-failed";
    case HopFinding::Silent:
        return "silent";
    case HopFinding::NoHost:
        return "no-host";
    }
    unreachable("every HopFinding is named above");
}

bool is_known(const AttemptCandidate& candidate)
{
    return known(candidate).has_value();
}

bool may_take(const LeftOut& left_out, const smtp::MessageNeeds& needs)
{
    return left_out.may_take || (left_out.lacking && !smtp::judge_offer(*left_out.lacking, needs));
}

bool EnoughCandidates::after(const AttemptCandidate& candidate)
{
    if (is_known(candidate)) return false;
    if (left_ == 0) return true;
    --left_;
    return false;
}

AttemptChoice choose_candidates(std::span<const AttemptCandidate> candidates, std::size_t most)
{
    AttemptChoice choice;
    auto& tried = choice.tried;
    tried.resize(candidates.size());
    std::iota(tried.begin(), tried.end(), std::size_t{0});
    if (candidates.size() <= most) return choice;
    std::stable_sort(tried.begin(), tried.end(), [&](std::size_t one, std::size_t other) {
        return turn_of(candidates[one]) < turn_of(candidates[other]);
    });
    for (std::size_t i = most; i < tried.size(); ++i)
        leave_out(candidates[tried[i]], choice.left_out);
    tried.resize(most);
    // Age decides who is tried; the order of the route decides who is tried first.
    const auto seen = std::find_if(tried.begin(), tried.end(), [&](std::size_t index) {
        return known(candidates[index]).has_value();
    });
    std::sort(seen, tried.end());
    return choice;
}

}  // namespace hermetic::policy
