// Carries out one grant: its messages, one after the other, over as few connections as possible.
#pragma once

#include "delivery/grant.h"
#include "net/task.h"

namespace hermetic::report {
class NoticeLimit;
}

namespace hermetic::delivery {

class Office;

// Every message is recorded in the spool, or is among the report's untouched ones. `office` and
// `limit` outlive the task.
[[nodiscard]] net::Task<GrantReport> carry_out(Office& office, report::NoticeLimit& limit,
                                               Grant grant);

}  // namespace hermetic::delivery
