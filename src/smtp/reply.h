// Reply: what a server answers, and how it is written on the wire.
//
// Pure. RFC 5321 §4.2, RFC 2034 (enhanced codes), §4.5.3.1.5 (512 octets a line). Refusals end in
// "[host time session]" (specification §2.2), so that administrators of both sides find the same.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/attempt.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// One way of refusing (docs/policy/receiving.md). `text` says what was wrong and what would be
// right.
struct RefusalKind {
    facts::Reason reason{};
    std::uint16_t code = 550;
    facts::EnhancedStatus enhanced;
    std::string_view text;
};

// A refusal of one thing. `subject` is what it is about ("<user@example.org>"): it may be foreign
// and is escaped when it is written.
struct Refusal {
    const RefusalKind* kind = nullptr;
    std::string subject;
};

// What the end of every refusal shows.
struct RefusalMark {
    std::string_view hostname;
    WallTime time{};
    SessionId session;
};

// Appends "250 2.1.0 text", on several lines where it is longer than one may be. An enhanced status
// of class 0 is left out (greetings, EHLO, 354). `text` is printable ASCII.
void append_reply(std::string& out, int code, const facts::EnhancedStatus& enhanced,
                  std::string_view text);

void append_refusal(std::string& out, const RefusalKind& kind, std::string_view subject,
                    const RefusalMark& mark);

// The words of a refusal as append_refusal writes them, without code and mark: for logs.
[[nodiscard]] std::string format_refusal(const RefusalKind& kind, std::string_view subject);

}  // namespace hermetic::smtp
