// Two clocks and their types: Instant for waiting and deadlines, WallTime for what is kept or
// shown.
//
// Time is an argument everywhere: pure code never reads a clock. Adapters and services ask a Clock,
// so that tests inject theirs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Source of both times. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall() const = 0;
};

// The machine's clocks. Lives as long as the process.
[[nodiscard]] const Clock& system_clock();

// "2026-11-21T18:24:35.123Z": log lines, reply suffixes, the API.
[[nodiscard]] std::string format_rfc3339(WallTime time);

// The same back, also without fraction; nullopt for anything else, and for other zones than Z.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

// "Sat, 21 Nov 2026 18:24:35 +0000": header fields (RFC 5322 §3.3).
[[nodiscard]] std::string format_rfc5322(WallTime time);

// "90s", "5m", "4h", "5d", "250ms" and sums such as "1h30m"; nullopt for anything else.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

// The shortest text that parse_duration takes back: "1h30m".
[[nodiscard]] std::string format_duration(Duration duration);

}  // namespace hermetic
