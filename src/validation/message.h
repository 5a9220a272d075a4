// The test message: one small message to the given address, over a connection that the policy has
// already admitted.
//
// It says what the peer said. Whether the message comes back is bounce.h's.
#pragma once

#include "mail/address.h"
#include "net/task.h"
#include "validation/conversation.h"
#include "validation/findings.h"
#include "validation/step.h"

#include <optional>
#include <string>

namespace hermetic::validation {

struct TestMessage {
    std::string connector;
    std::string hostname;
    std::optional<mail::Mailbox> from;    // the postmaster; nullopt: there is none
    std::optional<mail::Mailbox> sender;  // of the envelope; nullopt: the null sender
    mail::Mailbox recipient;
    WallTime now{};
    std::string id;             // unique, for Message-ID: letters and digits
    Proof proof = Proof::None;  // of the host
};

// The text, with CRLF, without the final dot; ASCII, no line begins with a dot.
[[nodiscard]] std::string format_test_message(const TestMessage& message);

// MAIL, RCPT, DATA, QUIT; the step Message. The connection is closed then.
[[nodiscard]] net::Task<Step> send_test_message(const Environment& env, Call connection,
                                                TestMessage message);

}  // namespace hermetic::validation
