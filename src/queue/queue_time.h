// The queue's own time: wall time as it was at the start, plus what has gone by since. It never
// jumps, whatever the wall clock does.
//
// Pure. The scheduler lives by it alone; times of the outside world are translated on their way in
// and out. What claims to lie in the future is taken as now: a clock was wrong when it was written.
#pragma once

#include "core/time.h"

#include <algorithm>

namespace hermetic::queue {

// One moment, by both clocks.
struct Moment {
    WallTime queue{};
    WallTime wall{};

    // WallTime::max() stays what it is.
    [[nodiscard]] WallTime from_wall(WallTime at) const
    {
        return at == WallTime::max() ? at : queue + (at - wall);
    }
    [[nodiscard]] WallTime to_wall(WallTime at) const
    {
        return at == WallTime::max() ? at : wall + (at - queue);
    }
    // Of something that has happened.
    [[nodiscard]] WallTime past(WallTime at) const { return std::min(at, wall); }
    // Of something that nobody plans further ahead than `longest`.
    [[nodiscard]] WallTime planned(WallTime at, Duration longest) const
    {
        const auto ahead = std::chrono::ceil<WallTime::duration>(longest);
        return at > wall + ahead ? wall : at;
    }
};

class QueueClock {
public:
    // The clocks as they are at the start.
    QueueClock(Instant now, WallTime wall) : start_{now}, origin_{wall} {}

    [[nodiscard]] Moment at(Instant now, WallTime wall) const
    {
        return {origin_ + std::chrono::floor<WallTime::duration>(now - start_), wall};
    }

private:
    Instant start_;
    WallTime origin_;
};

}  // namespace hermetic::queue
