// What attempts at messages came to lately: so that who asks about a message that has left the
// queue is told.
//
// A subscriber of the stream of events. Thread-safe. Bounded: the last kMost messages that attempts
// were made at, since the start.
#pragma once

#include "events/publisher.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace hermetic::admin {

class RecentOutcomes final : public events::Subscriber {
public:
    static constexpr std::size_t kMost = 1000;

    struct Outcomes {
        std::uint32_t delivered = 0;  // recipients, of all attempts
        std::uint32_t failed = 0;
        std::uint32_t deferred = 0;  // of each part's last attempt
        // Of the last attempt: what is worst of it.
        WallTime at{};
        std::string host;  // empty where none was reached
        facts::Outcome outcome;
    };

    void take(events::Batch batch) override;
    // Of the message that was accepted with this id, whatever became of it since: all its parts
    // count.
    [[nodiscard]] std::optional<Outcomes> find(MessageId accepted_as) const;

private:
    struct Noted {
        Outcomes outcomes;
        // By the spool's id of a part, of which others know nothing: where some are deferred.
        std::map<MessageId, std::uint32_t> deferred;
    };
    void note(WallTime at, const facts::Attempt& attempt);

    mutable std::mutex mutex_;
    std::map<MessageId, Noted> noted_;  // by the id that it was accepted with
    std::deque<MessageId> order_;       // the oldest first
};

}  // namespace hermetic::admin
