// From the outcomes of an attempt to one atomic change in the spool: what is done, what waits until
// when, and who is told.
//
// Pure. Specification §6: retry times, expiry, notices. A notice and the end of what it is about
// are one change: no notice twice, none forgotten.
#pragma once

#include "core/ids.h"
#include "core/random.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "ledger/log.h"
#include "objects/snapshot.h"
#include "queue/retry.h"
#include "report/notice.h"
#include "report/notice_limit.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::delivery {

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

struct SettleInput {
    const spool::StoredMessage* message = nullptr;
    spool::Lease lease;
    std::vector<RecipientEnd> ends;  // of recipients that had not finished; none: nobody was tried
    // Recipients whose mail goes another way now, and the messages they travel in.
    std::vector<std::uint32_t> moved;
    std::vector<std::shared_ptr<const spool::StoredMessage>> splits;
    const objects::Snapshot* snapshot = nullptr;
    std::string_view hostname;
    // For notices: what was tried. Nullopt: nobody, the destination's last failure is settled with.
    std::optional<facts::Attempt> attempt;
    std::string_view headers;   // of the message, where it is at hand
    std::optional<Bytes> body;  // whole, where it is in memory
    WallTime now{};
    // From when its times count, where the queue knows better than the envelope, whose clock may
    // have been wrong.
    std::optional<WallTime> accepted_at;
    report::NoticeLimit* limit = nullptr;
    bool approval_used = false;  // the attempt went below policy, as an operator had approved
    // What the attempt's decisions asked for; kept with what was asked before.
    std::optional<mail::RequiredTls> required_tls{};
};

struct Settlement {
    spool::Change change;
    std::vector<ledger::NoticeFacts> notices;
    // What each end has become: a temporary outcome whose time is over has its permanent form.
    std::vector<facts::Outcome> outcomes;  // in the order of SettleInput::ends
    std::uint32_t delivered = 0;           // recipients
    std::uint32_t deferred = 0;
    std::uint32_t failed = 0;
};

[[nodiscard]] Settlement settle(SettleInput input, Random& random, IdSource& ids);

// True where settle() may want to quote the message: something failed, waits or asked for success.
[[nodiscard]] bool may_make_notice(const mail::Envelope& envelope,
                                   const std::vector<RecipientEnd>& ends);

}  // namespace hermetic::delivery
