// What an operator may do to a message of the queue, and what becomes of it in the spool.
//
// Pure: what the queue knows and the message as it was read in; an answer or one atomic change out.
// Specification §6.1; docs/guides has the operator's view.
#pragma once

#include "core/ids.h"
#include "core/random.h"
#include "events/events.h"
#include "queue/item.h"
#include "queue/selection.h"
#include "settlement/settle.h"
#include "spool/spool.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::dispatch {

using settlement::TellSender;

// What became of an operator's request.
struct OperatorAnswer {
    enum class Kind : std::uint8_t {
        Done,          // durable, where it changes anything
        AfterAttempt,  // under way: will be done when the attempt ends, unless that ends the
                       // message
        NotFound,
        Starting,     // not among what has been read from the spool so far
        Refused,      // makes no sense for its state: `words` say why
        NotRecorded,  // the disk did not take it: `words` say why
        Stopping,
    };
    Kind kind = Kind::Done;
    std::uint64_t count = 0;  // messages affected
    std::string words;        // one sentence for people
    std::string warning{};    // what is hardly meant, though it is done
};

struct MessageChange {
    enum class Kind : std::uint8_t { Retry, Hold, Release, Approve, Remove };  // Retry: not stored
    Kind kind = Kind::Hold;
    TellSender tell = TellSender::No;  // of Remove
    spool::Approval approval;          // of Approve
    events::Actor by{};                // who asked
};

// What the queue knows when it is asked.
struct QueueFacts {
    enum class Reading : std::uint8_t { Going, Over, Stopping };  // of the spool, at start
    Reading reading = Reading::Over;
    std::optional<queue::State> state;  // of the message; nullopt: not in the queue
    // Its recipients go different ways: it counts as held until it has been split.
    bool awaits_split = false;
    bool paused = false;                            // its destination is
    std::optional<MessageChange::Kind> promised{};  // under way: what its attempt's end waits for
};

// Whether a change may begin: now (nullopt), when the attempt has ended (AfterAttempt), or never.
[[nodiscard]] std::optional<OperatorAnswer> refuse_change(const MessageChange& change,
                                                          const QueueFacts& facts);

// The same of what only the message itself tells, once it is read. REQUIRETLS is its sender's to
// lift, no operator's (specification §6).
[[nodiscard]] std::optional<OperatorAnswer> refuse_change(const MessageChange& change,
                                                          const mail::Envelope& envelope);

// Whether it takes back a hold that was promised for the end of the attempt. refuse_change() has
// the answer.
[[nodiscard]] bool withdraws_hold(const MessageChange& change, const QueueFacts& facts);

// The states in which a message can be meant by a selection for this change: those in which
// refuse_change() begins it, now or after the attempt.
[[nodiscard]] queue::StateSet concerned_states(MessageChange::Kind kind);

// Of an id that the queue does not have.
[[nodiscard]] OperatorAnswer answer_unknown(QueueFacts::Reading reading);
[[nodiscard]] OperatorAnswer answer_stopping();

// The change for the spool, and its notices. `known`: the message as it was read, its lease, the
// objects and the time as they are now; of a removal that tells its sender what is to be quoted.
[[nodiscard]] settlement::Settlement apply_change(const MessageChange& change,
                                                  settlement::Settlement known, Random& random,
                                                  IdSource& ids);

// For people, and as an event, once it is durable.
[[nodiscard]] std::string_view describe_done(MessageChange::Kind kind, const QueueFacts& facts);
[[nodiscard]] events::QueueOperation::Kind operation_of(MessageChange::Kind kind);

}  // namespace hermetic::dispatch
