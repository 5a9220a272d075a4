// Notices to senders (delivery status notifications): whether one is due, to whom, and its bytes.
//
// Pure. Specification §6.2; RFC 3464 (format), RFC 3461 §6 (what the sender asked for), RFC 6522
// (multipart/report), RFC 6533 (internationalised), RFC 3834 (Auto-Submitted). The reasons are
// those of docs/policy/notices.md.
#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "facts/attempt_history.h"
#include "mail/envelope.h"
#include "objects/snapshot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::report {

// Action of RFC 3464 §2.3.3, mildest first. `expanded` does not occur: we have no lists.
enum class Action : std::uint8_t { Delivered, Relayed, Delayed, Failed };

[[nodiscard]] std::string_view name(Action action);  // "delivered" …
// The kind of a notice in logs: "delivered", "relayed", "delay", "failure".
[[nodiscard]] std::string_view notice_kind(Action action);

// What became of one recipient.
struct RecipientReport {
    mail::Recipient recipient;
    Action action = Action::Failed;
    // Of the last attempt. Failed with a Deferred outcome means that the time to try was over; the
    // temporary status then becomes its permanent form.
    facts::Outcome outcome{};
    std::string host{};  // whose reply it is, or who was tried last; empty where nobody was reached
    WallTime attempted_at{};  // the last attempt's end; the epoch where none was made
};

class NoticeLimit;

struct NoticeInput {
    MessageId id;  // of the notice to be made
    WallTime now{};
    std::string_view hostname;                    // Reporting-MTA
    const objects::Snapshot* snapshot = nullptr;  // whose organization speaks; never null
    const mail::Envelope* about = nullptr;        // never null
    std::vector<RecipientReport> recipients;  // all that has become of them now, successes included
    facts::AttemptHistory history;            // for administrators: all attempts in brief
    std::string last_attempt;                 // and the last that was made, by format_attempt()
    WallTime expires_at{};                    // Will-Retry-Until of delayed recipients
    std::string_view headers;                 // of the message: up to and without the empty line
    std::optional<Bytes> message;  // the whole message; nullopt: only `headers` are at hand
    // What was asked for the message so far, as it is kept with it.
    std::optional<mail::RequiredTls> required_tls{};
    NoticeLimit* limit = nullptr;             // for senders outside; null: no bound
    std::uint64_t max_returned = 128U << 10;  // octets of a message that is returned whole
};

struct Notice {
    mail::Envelope envelope;       // null sender, one recipient, is_notice
    std::string bytes;             // header and body; CRLF; no Received field
    Action kind = Action::Failed;  // the gravest of those reported
    facts::Reason reason{};        // why it was made
    facts::Reason content{};       // why it has of a message that required TLS what it has; None:
                                   // it required none
};

// To whom, about which recipients, and why; or why there is none.
struct NoticeDecision {
    std::optional<mail::Mailbox> to;  // nullopt: no notice
    bool to_postmaster = false;       // the sender cannot be answered
    // Of an accepted domain of the message's organization, or its postmaster: may see
    // administrators' details.
    bool own_sender = false;
    std::vector<std::size_t> reported;  // indexes into NoticeInput::recipients
    Action kind = Action::Failed;
    facts::Reason reason{};  // never None
};

[[nodiscard]] NoticeDecision decide_notice(const NoticeInput& input);

// Of an accepted domain of the message's organization. Another organization's senders are as
// foreign as the Internet's: next hops, ports and policies are not theirs to see.
[[nodiscard]] bool is_own_sender(const objects::Snapshot& snapshot, const mail::Envelope& envelope);

// nullopt where decide_notice has nobody to tell, or where the limit does not allow it: then the
// reason is "notice.limited".
[[nodiscard]] std::optional<Notice> make_notice(const NoticeInput& input);

// The header fields of a message: up to and without the empty line that ends them. A view into it.
[[nodiscard]] std::string_view header_of(std::string_view message);

}  // namespace hermetic::report
