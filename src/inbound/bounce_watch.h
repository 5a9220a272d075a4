// Bounces of test messages: which are waited for, and what came.
//
// A test message has an envelope sender of its own, "connector-test-TOKEN@" the postmaster's
// domain. What comes back to it, from the null sender, goes to the postmaster (recipient_policy.h),
// whenever it comes; while somebody waits for the token its beginning is kept here, too: a
// subscriber of the stream of events. Thread-safe. Bounded in number and octets; what nobody takes
// goes when its time is over.
#pragma once

#include "core/time.h"
#include "events/publisher.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::inbound {

// The local part, and back: nullopt where it is none. Tokens are letters and digits; case does not
// count.
[[nodiscard]] std::string test_sender(std::string_view token);
[[nodiscard]] std::optional<std::string> token_of(std::string_view local);

class BounceWatch final : public events::Subscriber {
public:
    static constexpr std::size_t kMaxWaiting = 16;
    static constexpr std::size_t kMaxOctets = 64 * 1024;

    // False: too many are waited for.
    [[nodiscard]] bool expect(std::string_view token, WallTime now, WallTime until);
    // Cheap where nobody waits for anything.
    [[nodiscard]] bool is_expected(std::string_view token, WallTime now);
    // The messages that came, cut to kMaxOctets. The first one counts until it is taken.
    void take(events::Batch batch) override;
    void note(const events::TestReturned& returned, WallTime now);
    // What came; nullopt: nothing yet.
    [[nodiscard]] std::optional<std::string> take(std::string_view token);
    void forget(std::string_view token);

private:
    struct Waiting {
        WallTime until{};
        std::optional<std::string> message;
    };
    void drop_late(WallTime now);

    std::mutex mutex_;
    std::map<std::string, Waiting, std::less<>> waiting_;
    std::atomic<bool> any_ = false;
};

}  // namespace hermetic::inbound
