// What the attempts at one message came to, in brief: the first, the last, each distinct cause.
//
// Pure. Kept with the message while it waits, and told to administrators (specification §6.2).
#pragma once

#include "core/time.h"
#include "facts/attempt.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hermetic::facts {

// Attempts that ended alike: for the same reason, at the same host.
struct AttemptCause {
    std::uint32_t first = 0;  // their numbers; 1 is the message's first attempt
    std::uint32_t last = 0;
    std::uint32_t count = 0;
    WallTime first_at{};
    WallTime last_at{};
    RecordedReason reason;
    std::string host;  // empty where nobody was reached
    std::string text;  // of the last of them: "450 4.2.1 busy"

    bool operator==(const AttemptCause&) const = default;
};

// Texts are printable and bounded.
struct AttemptHistory {
    static constexpr std::size_t kMaxCauses = 8;

    std::vector<AttemptCause> causes;  // as they came up: the first stays, whatever follows
    std::uint32_t left_out = 0;        // attempts of causes that made room for later ones

    bool operator==(const AttemptHistory&) const = default;
};

// What attempt `number` came to for one of its recipients. The same of several counts once; an
// attempt out of its time has the number of the next one.
void note(AttemptHistory& history, std::uint32_t number, WallTime at, const Outcome& outcome,
          const std::string& host);

// "450 4.2.1 busy": the peer's reply with its code, or our own words. Printable, bounded.
[[nodiscard]] std::string format_words(const Outcome& outcome, std::size_t max);

}  // namespace hermetic::facts
