#include "validation/schedule.h"

#include <cstdint>

namespace hermetic::validation {
namespace {

// FNV-1a: the same on every machine and in every version, unlike std::hash.
std::uint64_t hash(std::string_view text)
{
    std::uint64_t value = 14695981039346656037ULL;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 1099511628211ULL;
    }
    return value;
}

}  // namespace

WallTime last_turn(std::string_view connector, WallTime now)
{
    constexpr std::uint64_t kMinutes = 24 * 60;
    const auto minute = std::chrono::minutes{hash(connector) % kMinutes};
    const WallTime today{std::chrono::floor<std::chrono::days>(now)};
    const WallTime turn = today + minute;
    return turn <= now ? turn : turn - std::chrono::days{1};
}

bool is_due(std::string_view connector, std::optional<WallTime> last, WallTime known_since,
            WallTime now)
{
    return last.value_or(known_since) < last_turn(connector, now);
}

}  // namespace hermetic::validation
