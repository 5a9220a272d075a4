#include "core/time.h"

#include <array>
#include <cstdio>
#include <limits>
#include <utility>

namespace hermetic {
namespace {

using std::chrono::duration_cast;

class SystemClock final : public Clock {
public:
    Instant now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override
    {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
    }
};

struct Civil {
    std::chrono::year_month_day date;
    std::chrono::weekday weekday;
    std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

Civil to_civil(WallTime time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    return {std::chrono::year_month_day{day}, std::chrono::weekday{day},
            std::chrono::hh_mm_ss{time - day}};
}

struct Unit {
    std::string_view name;
    Duration length;
};

// Longest first, so that format_duration finds the shortest text.
constexpr std::array<Unit, 7> kUnits{{
    {"d", std::chrono::days{1}},
    {"h", std::chrono::hours{1}},
    {"m", std::chrono::minutes{1}},
    {"s", std::chrono::seconds{1}},
    {"ms", std::chrono::milliseconds{1}},
    {"us", std::chrono::microseconds{1}},
    {"ns", std::chrono::nanoseconds{1}},
}};

std::optional<Duration> unit_length(std::string_view name)
{
    for (const Unit& unit : kUnits) {
        if (unit.name == name) return unit.length;
    }
    return std::nullopt;
}

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

}  // namespace

const Clock& system_clock()
{
    static const SystemClock clock;
    return clock;
}

std::string format_rfc3339(WallTime time)
{
    const Civil civil = to_civil(time);
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int{civil.date.year()},
                  unsigned{civil.date.month()}, unsigned{civil.date.day()},
                  static_cast<int>(civil.clock.hours().count()),
                  static_cast<int>(civil.clock.minutes().count()),
                  static_cast<int>(civil.clock.seconds().count()),
                  static_cast<int>(civil.clock.subseconds().count()));
    return text;
}

std::string format_rfc5322(WallTime time)
{
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const Civil civil = to_civil(time);
    char text[48];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d +0000",
                  kDays[civil.weekday.c_encoding()], unsigned{civil.date.day()},
                  kMonths[unsigned{civil.date.month()} - 1], int{civil.date.year()},
                  static_cast<int>(civil.clock.hours().count()),
                  static_cast<int>(civil.clock.minutes().count()),
                  static_cast<int>(civil.clock.seconds().count()));
    return text;
}

std::optional<Duration> parse_duration(std::string_view text)
{
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (text.empty()) return std::nullopt;
    std::int64_t total = 0;
    while (!text.empty()) {
        std::int64_t count = 0;
        std::size_t digits = 0;
        for (; digits < text.size() && is_digit(text[digits]); ++digits) {
            if (count > (kMax - 9) / 10) return std::nullopt;
            count = count * 10 + (text[digits] - '0');
        }
        std::size_t end = digits;
        while (end < text.size() && !is_digit(text[end])) ++end;
        const auto unit = unit_length(text.substr(digits, end - digits));
        if (digits == 0 || !unit || count > kMax / unit->count()) return std::nullopt;
        const std::int64_t part = count * unit->count();
        if (part > kMax - total) return std::nullopt;
        total += part;
        text.remove_prefix(end);
    }
    return Duration{total};
}

std::string format_duration(Duration duration)
{
    std::string text;
    if (duration < Duration::zero()) {
        text = "-";
        duration = -duration;
    }
    for (const Unit& unit : kUnits) {
        const auto count = duration / unit.length;
        if (count == 0) continue;
        text += std::to_string(count);
        text += unit.name;
        duration -= count * unit.length;
    }
    return text.empty() ? "0s" : text;
}

}  // namespace hermetic
