#include "validation/schedule.h"

#include "validation/name_hash.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace hermetic::validation {

WallTime last_turn(std::string_view connector, WallTime now)
{
    constexpr std::uint64_t kMinutes = 24 * 60;
    const auto minute = std::chrono::minutes{name_hash(connector) % kMinutes};
    const WallTime today{std::chrono::floor<std::chrono::days>(now)};
    const WallTime turn = today + minute;
    return turn <= now ? turn : turn - std::chrono::days{1};
}

std::vector<std::size_t> due(const std::vector<Turn>& turns, WallTime known_since, WallTime now)
{
    std::vector<std::pair<WallTime, std::size_t>> waiting;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        const WallTime turn = last_turn(turns[i].connector, now);
        const WallTime last = std::min(turns[i].last.value_or(known_since), now);
        if (last < turn) waiting.emplace_back(turn, i);
    }
    std::ranges::sort(waiting);
    std::vector<std::size_t> places;
    places.reserve(waiting.size());
    for (const auto& [turn, place] : waiting) places.push_back(place);
    return places;
}

}  // namespace hermetic::validation
