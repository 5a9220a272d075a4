// Whether the test message came back: what a bounce says, and waiting for one.
//
// Specification §7 (accepted by the peer; and bounced or not within minutes). The message's
// envelope sender is an address of its own in the postmaster's domain, where that domain's mail
// comes here: inbound/bounce_watch.h.
#pragma once

#include "mail/address.h"
#include "net/task.h"
#include "validation/conversation.h"
#include "validation/step.h"
#include "validation/subject.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::validation {

// What a message that came back says (RFC 3464, of the first recipient; no more than its fields is
// believed). Pure; any bytes. The words are printable and bounded.
struct Returned {
    enum class Kind : std::uint8_t { Failed, Delayed, Succeeded, Other };
    Kind kind = Kind::Other;
    std::string words;
};
[[nodiscard]] Returned read_returned(std::string_view message);

// One test message's: from before it is sent until something came or the time is over.
class BounceWait {
public:
    // `token`: the message's id.
    BounceWait(const Environment& env, const Subject& subject, std::string token);
    ~BounceWait();
    BounceWait(const BounceWait&) = delete;
    BounceWait& operator=(const BounceWait&) = delete;

    // The envelope sender; nullopt: nothing is waited for, and why_not() says why.
    [[nodiscard]] const std::optional<mail::Mailbox>& sender() const { return sender_; }
    [[nodiscard]] const std::string& why_not() const { return why_not_; }
    // From now on for as long as the subject says. Tells of a running step now and then.
    [[nodiscard]] net::Task<Step> run(Sink sink);

private:
    const Environment& env_;
    Duration wait_;
    std::string token_;
    std::optional<mail::Mailbox> sender_;
    std::string why_not_;
};

}  // namespace hermetic::validation
