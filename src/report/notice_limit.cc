#include "report/notice_limit.h"

#include "core/text.h"

#include <algorithm>
#include <functional>

namespace hermetic::report {

bool NoticeLimit::allow(const mail::Mailbox& to, WallTime now)
{
    const std::size_t hash = std::hash<std::string>{}(to_lower(to.format()));
    Counter& counter = counters_[hash % counters_.size()];
    if (now < counter.since) counter.since = now;  // the wall clock was set back
    const auto regained = std::chrono::floor<Duration>(now - counter.since) / interval_;
    if (regained >= static_cast<std::int64_t>(counter.used)) {
        counter = {now, 0};
    } else {
        counter.used -= static_cast<std::uint32_t>(regained);
        counter.since += std::chrono::duration_cast<WallTime::duration>(regained * interval_);
    }
    if (counter.used >= burst_) return false;
    ++counter.used;
    return true;
}

}  // namespace hermetic::report
