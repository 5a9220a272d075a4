// Bounds the notices that senders outside get: forged senders must not make a flood out of us.
//
// Pure: time is an argument. Not thread-safe: one per core. Fixed memory: addresses share 4096
// counters by hash, so that a flood may also cost a few unlucky others their notices for a while.
#pragma once

#include "core/time.h"
#include "mail/address.h"

#include <array>
#include <cstdint>

namespace hermetic::report {

class NoticeLimit {
public:
    // `burst` at once, then one each `interval`.
    explicit NoticeLimit(std::uint32_t burst = 30, Duration interval = std::chrono::minutes{1})
        : burst_{burst}, interval_{interval}
    {
    }

    // Counts one notice to this address; false where it is one too many.
    [[nodiscard]] bool allow(const mail::Mailbox& to, WallTime now);

private:
    struct Counter {
        WallTime since{};
        std::uint32_t used = 0;
    };
    std::uint32_t burst_;
    Duration interval_;
    std::array<Counter, 4096> counters_{};
};

}  // namespace hermetic::report
