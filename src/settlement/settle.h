// From the outcomes of an attempt, or an operator's removal, to one atomic change in the spool:
// what is done, what waits until when, and who is told.
//
// Pure. Specification §6: retry times, expiry, notices. A notice and the end of what it is about
// are one change: no notice twice, none forgotten.
#pragma once

#include "core/ids.h"
#include "core/random.h"
#include "core/time.h"
#include "events/publisher.h"
#include "facts/attempt.h"
#include "objects/snapshot.h"
#include "queue/retry.h"
#include "report/notice.h"
#include "report/notice_limit.h"
#include "settlement/split.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::settlement {

// Who has the message when a recipient's outcome is "delivered": decides which notice of success is
// ours to make (RFC 3461 §5.2.2 and §5.2.3).
enum class HandedTo : std::uint8_t {
    DsnRelay,    // a server that makes such notices itself
    PlainRelay,  // a server that does not: we say "relayed"
    Mailbox,     // an LMTP server without DSN: we say "delivered"
};

struct RecipientEnd {
    std::uint32_t index = 0;  // into the envelope's recipients
    facts::Outcome outcome;
    std::string host;
    HandedTo handed_to = HandedTo::PlainRelay;
};

enum class TellSender : std::uint8_t { No, Yes };

struct Counts {
    std::uint32_t delivered = 0;  // recipients
    std::uint32_t deferred = 0;
    std::uint32_t failed = 0;
};

// What is known of a message at the end of an attempt or removal, and what settle() makes of it:
// the counts, `change` and `notices`.
struct Settlement : Counts {
    const spool::StoredMessage* message = nullptr;
    // Of recipients that had not finished; none: nobody was tried. Settled, a temporary outcome
    // whose time is over has its permanent form.
    std::vector<RecipientEnd> ends;
    Split split;  // recipients whose mail goes another way now
    const objects::Snapshot* snapshot = nullptr;
    std::string_view hostname;
    // For notices: what was tried. Null: nobody, the destination's last failure is settled with.
    const facts::Attempt* attempt = nullptr;
    std::string_view headers;   // of the message, where it is at hand
    std::optional<Bytes> body;  // whole, where it is in memory
    WallTime now{};
    // From when its times count, where the queue knows better than the envelope, whose clock may
    // have been wrong.
    std::optional<WallTime> accepted_at;
    report::NoticeLimit* limit = nullptr;
    TellSender tell = TellSender::Yes;
    bool approval_used = false;  // the attempt went below policy, as an operator had approved
    // What the attempt's decisions asked for; kept with what was asked before.
    std::optional<mail::RequiredTls> required_tls{};

    spool::Change change;  // its lease is given
    std::vector<events::NoticeMade> notices;
};

[[nodiscard]] Settlement settle(Settlement known, Random& random, IdSource& ids);

// Of everybody who waits for it still: the same outcome, at no host.
[[nodiscard]] std::vector<RecipientEnd> end_all(const spool::StoredMessage& message,
                                                const facts::Outcome& outcome);

// Indexes of the recipients that need something still, in order.
[[nodiscard]] std::vector<std::uint32_t> waiting_recipients(const spool::StoredMessage& message);

// True where settle() may want to quote the message: something failed, waits or asked for success.
[[nodiscard]] bool may_make_notice(const mail::Envelope& envelope,
                                   const std::vector<RecipientEnd>& ends);

}  // namespace hermetic::settlement
