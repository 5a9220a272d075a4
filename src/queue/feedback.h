// What a destination's answers teach about it: how many connections it takes, and when it backs
// off.
//
// Pure. Concurrency grows by one for each full round of good answers and halves when the peer asks
// for less, as TCP does, and is then slow to grow; a destination where no host can be used backs
// off, longer each time.
#pragma once

#include "core/random.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "queue/settings.h"

#include <cstdint>
#include <optional>

namespace hermetic::queue {

struct Feedback {
    double limit = 0;            // connections; its whole part counts
    double known_good = 1e9;     // what it took when it last asked for less: growth is slow above
    std::uint32_t failures = 0;  // of the destination as a whole, in a row
    WallTime back_off_until{};
    facts::Reason back_off_reason{};  // None: last_failure has it
    std::optional<facts::Outcome> last_failure;

    [[nodiscard]] bool backing_off(WallTime now) const { return back_off_until > now; }
    // Why it backs off; None: it does not.
    [[nodiscard]] facts::Reason why_backing_off(WallTime now) const;
    [[nodiscard]] std::uint32_t connections() const { return static_cast<std::uint32_t>(limit); }
};

[[nodiscard]] Feedback make_feedback(const Settings& settings);

// The peer answered. A limit that was not used up is no evidence that more would be taken.
enum class LimitUsed : bool { No, Yes };
void on_answers(Feedback& feedback, LimitUsed used, const Settings& settings);

// The peer asked for less; `settled` of the grant's messages had an answer all the same.
void on_slow_down(Feedback& feedback, std::uint32_t settled, const Settings& settings, WallTime now,
                  Random& random);

// A grant came back as it went: a short back-off, no conclusion about the peer.
void on_nothing_done(Feedback& feedback, const Settings& settings, WallTime now, Random& random);

// No host could be used. While it backs off for a failure already, late reports of other
// connections neither count nor prolong that; the last of them says why it backs off.
void on_failure(Feedback& feedback, const facts::Outcome& outcome, const Settings& settings,
                WallTime now, Random& random);

// An operator, or a change of configuration, says that it may work now.
void forget(Feedback& feedback, const Settings& settings);

}  // namespace hermetic::queue
