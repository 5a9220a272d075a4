#include "core/time.h"

#include <array>
#include <cstdio>
#include <limits>
#include <utility>

namespace hermetic {
namespace {

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

// Not std::snprintf: every log line and every Received field has a time.
template <int kDigits, typename Number>
void append_number(std::string& text, Number number)
{
    char digits[kDigits];
    auto rest = static_cast<unsigned>(number);
    for (int i = kDigits; i-- > 0; rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
    text.append(digits, kDigits);
}

void append_year(std::string& text, int year)
{
    if (year >= 0 && year <= 9999) {
        append_number<4>(text, year);
    } else {
        text += std::to_string(year);
    }
}

void append_clock(std::string& text, const Civil& civil)
{
    append_number<2>(text, civil.clock.hours().count());
    append_number<2>(text.append(1, ':'), civil.clock.minutes().count());
    append_number<2>(text.append(1, ':'), civil.clock.seconds().count());
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
    std::string text;
    text.reserve(sizeof "YYYY-MM-DDThh:mm:ss.mmmZ");
    append_year(text, int{civil.date.year()});
    append_number<2>(text.append(1, '-'), unsigned{civil.date.month()});
    append_number<2>(text.append(1, '-'), unsigned{civil.date.day()});
    append_clock(text.append(1, 'T'), civil);
    append_number<3>(text.append(1, '.'), civil.clock.subseconds().count());
    text += 'Z';
    return text;
}

std::optional<WallTime> parse_rfc3339(std::string_view text)
{
    // A pattern's digits are parts of the number that stands there; all else stands for itself.
    constexpr std::string_view kPattern = "0000-11-22T33:44:55Z";
    constexpr std::string_view kWithFraction = "0000-11-22T33:44:55.666Z";
    const std::string_view pattern = text.size() == kPattern.size() ? kPattern : kWithFraction;
    if (text.size() != pattern.size()) return std::nullopt;
    int parts[7] = {};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!is_digit(pattern[i])) {
            if (text[i] != pattern[i]) return std::nullopt;
            continue;
        }
        if (!is_digit(text[i])) return std::nullopt;
        int& part = parts[pattern[i] - '0'];
        part = part * 10 + (text[i] - '0');
    }
    const std::chrono::year_month_day date{std::chrono::year{parts[0]},
                                           std::chrono::month{static_cast<unsigned>(parts[1])},
                                           std::chrono::day{static_cast<unsigned>(parts[2])}};
    if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return std::nullopt;
    return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{parts[3]} +
           std::chrono::minutes{parts[4]} + std::chrono::seconds{parts[5]} +
           std::chrono::milliseconds{parts[6]};
}

std::string format_rfc5322(WallTime time)
{
    static constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const Civil civil = to_civil(time);
    std::string text;
    text.reserve(sizeof "Sun, 01 Jan 2026 00:00:00 +0000");
    text += kDays[civil.weekday.c_encoding()];
    append_number<2>(text.append(", "), unsigned{civil.date.day()});
    text.append(1, ' ').append(kMonths[unsigned{civil.date.month()} - 1]);
    append_year(text.append(1, ' '), int{civil.date.year()});
    append_clock(text.append(1, ' '), civil);
    text += " +0000";
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
