// The spool: durable messages. What it has called durable is never lost.
//
// Free of Asio and of RocksDB: a shared database fits behind this interface later. The format on
// disk and the crash argument are docs/formats/spool.md.
//
// Threading: every function may be called from any thread. Calls that wait for the disk take an
// Operation: it is completed exactly once, on the thread of its CompletionPort.
#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "facts/attempt_history.h"
#include "mail/envelope.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hermetic::spool {

// Something that waits for the spool. Lives, untouched by others, until complete() has been called.
class Completion {
public:
    virtual void complete() = 0;

protected:
    // Virtual only so that operations may be derived from: nobody deletes through this.
    virtual ~Completion() = default;
};

// Where one thread's results go. post() is called on the spool's threads, once per group commit; it
// must make complete() of each run on the port's own thread, in order.
class CompletionPort {
public:
    virtual void post(std::vector<Completion*> done) = 0;

protected:
    ~CompletionPort() = default;
};

// A body: bytes in memory, or (above the threshold) a file that a BodyWriter has finished.
struct Body {
    BodyId id;
    std::uint64_t size = 0;
    Bytes bytes;  // empty where in_file
    bool in_file = false;
};

// The octets of a body that is no file should be there, and cannot be read.
[[nodiscard]] inline bool lacks_octets(const Body& body)
{
    return !body.in_file && body.bytes.size() != body.size;
}

// An operator lets one attempt at one message go below its TLS policy.
struct Approval {
    std::string by;      // the operator: a user of the machine; printable
    std::string reason;  // in the operator's words; printable
    WallTime at{};
    bool operator==(const Approval&) const = default;
};

// What an operator did to a message last, beside trying it again.
struct Handled {
    std::string what;  // "held" or "released"
    std::string by;    // a user of the machine; printable
    WallTime at{};
    bool operator==(const Handled&) const = default;
};

// What changes while a message waits. The envelope never does.
struct MessageState {
    std::uint32_t attempts = 0;
    WallTime next_attempt{};
    bool held = false;
    bool delay_notified = false;  // a delay notice was committed with some earlier state
    // When the first attempt failed for TLS, if all since then have (queue/retry.h).
    std::optional<WallTime> tls_failing_since;
    // For the next attempt at hosts alone: whether that succeeds or not, it is used up.
    std::optional<Approval> approval;
    std::optional<Handled> handled;
    // The strongest protection that was asked for it so far, by an inbound connector or for a hop;
    // never less than before: what may be quoted of the message (specification §6.2).
    std::optional<mail::RequiredTls> required_tls;
    // For notices (specification §6.2): the attempts in brief, and the last that was made as
    // administrators read it; lines, printable and bounded.
    facts::AttemptHistory history;
    std::string last_attempt;
    std::vector<std::uint32_t> finished;  // indexes of recipients that need nothing more, ascending
    std::string last_reason;              // dotted id, host and words of the last outcome, for
    std::string last_host;                // people: printable, each at most 500 octets
    std::string last_text;
    bool operator==(const MessageState&) const = default;
};

// A message as it is offered or as it was read back. Immutable, shared between threads.
struct StoredMessage {
    MessageId id;
    std::shared_ptr<const mail::Envelope> envelope;
    Body body;
    MessageState state;
};

// The right to change a message. In RocksDB the epoch is this opening and leases never expire; in a
// shared database they end at `until` unless renewed.
struct Lease {
    MessageId id;
    std::uint64_t epoch = 0;
    WallTime until = WallTime::max();
};

struct Change {
    enum class Kind : std::uint8_t {
        Finished,  // the message is gone; its body too when no other message shares it
        Deferred,  // `state` replaces the stored one
    };
    Kind kind = Kind::Finished;
    Lease lease;
    MessageState state;  // for Deferred (also hold and release)
    // Notices and splits: in the same atomic change. A split may share the body of its origin.
    std::vector<std::shared_ptr<const StoredMessage>> new_messages;
};

enum class Durability : std::uint8_t {
    Durable,  // on stable storage
    Refused,  // nothing of it is, nor ever will be: 452
    Unknown,  // the sync failed under it; resolved later by id: 451
};

// The high-water marks, and what the disk says (back pressure, specification §2.2).
enum class Pressure : std::uint8_t { None, DiskFull, DiskFailing, QueueFull };

struct CommitOperation : Completion {
    explicit CommitOperation(CompletionPort& completion_port) : port{completion_port} {}
    CompletionPort& port;
    Durability result = Durability::Unknown;
};

struct LoadOperation : Completion {
    explicit LoadOperation(CompletionPort& completion_port) : port{completion_port} {}
    CompletionPort& port;
    // Null: gone (`error` is empty), or not to be read now (`error` says why: not a reason to think
    // that it is gone). Without body bytes where the body is a file; with an `error` where the
    // body, and nothing else, cannot be read.
    std::shared_ptr<const StoredMessage> message;
    std::string error;
};

// Why a body could not be read or written.
enum class BodyFailure : std::uint8_t {
    Other,
    DiskFull,   // for whoever writes
    DiskShare,  // half of what may arrive at a time is this client's already
};

// Reading and writing body files.
struct BodyOperation : Completion {
    explicit BodyOperation(CompletionPort& completion_port) : port{completion_port} {}
    CompletionPort& port;
    std::string error;  // empty: done
    BodyFailure failure = BodyFailure::Other;
    std::string bytes;  // read: what was read; empty at the end of the body
};

// One body file being written while it arrives. Not thread-safe; one operation at a time. Destroyed
// before a message with this body was offered to commit(), it removes the file. From commit() on
// the spool owns the file, and removes it too where the commit is not Durable: such a body is to be
// written anew before it is offered again.
class BodyWriter {
public:
    virtual ~BodyWriter() = default;
    virtual void append(Bytes bytes, BodyOperation& done) = 0;
    // Syncs file and directory; afterwards body() may stand in a NewMessage.
    virtual void finish(BodyOperation& done) = 0;
    [[nodiscard]] virtual Body body() const = 0;
};

class BodyReader {
public:
    virtual ~BodyReader() = default;
    // At most `limit` octets from `offset`, as they were written: what was altered is an error. One
    // operation at a time.
    virtual void read(std::uint64_t offset, std::size_t limit, BodyOperation& done) = 0;
};

// Told on the commit thread, once per group, after the sync and before the operations complete:
// every stored message is known to the queue, whoever stored it (on_stored comes first, and has the
// new_messages of the changes too).
class SpoolListener {
public:
    virtual void on_stored(std::vector<std::shared_ptr<const StoredMessage>> messages) = 0;
    virtual void on_recorded(std::vector<Change> changes) = 0;

protected:
    ~SpoolListener() = default;
};

struct Claimed {
    Lease lease;
    std::shared_ptr<const mail::Envelope> envelope;
    Body body;  // bytes empty: loaded when they are needed
    MessageState state;
};

struct SpoolStatus {
    Pressure pressure = Pressure::None;
    std::string words;  // for people: "12.3 GiB free, high-water mark 1 GiB"
    std::uint64_t messages = 0;
    std::uint64_t free_bytes = 0;
    std::uint64_t arriving_bytes = 0;  // in body files whose messages are not stored yet
    std::uint64_t commits = 0;         // group commits since opening
    std::uint64_t committed_messages = 0;
};

class Spool {
public:
    virtual ~Spool() = default;

    // Stores all of them or none, shared bodies once: messages share a body with messages of the
    // same commit() only. Repeatable by id: a message that is stored already is Durable. `done`
    // outlives the completion.
    virtual void commit(std::vector<std::shared_ptr<const StoredMessage>> messages,
                        CommitOperation& done) = 0;

    // Atomic per Change. Without `done` the change rides along with the next group; either way the
    // listener is told when it is durable. A change under a lease that is no longer held is dropped
    // (Refused). While pressure() is DiskFailing changes wait in memory, bounded by what was given
    // out before: give out no new work then.
    virtual void record(Change change, CommitOperation* done = nullptr) = 0;

    // The epoch of this opening: it holds the lease {id, epoch()} of every message it has stored.
    [[nodiscard]] virtual std::uint64_t epoch() const = 0;

    // The messages that nobody holds, by id from after `after` on, at most `limit`; for start and
    // takeover. Blocks. The queue never assumes that it holds every message.
    [[nodiscard]] virtual std::vector<Claimed> claim(std::size_t limit,
                                                     std::optional<MessageId> after) = 0;
    virtual void renew(std::span<const Lease> leases) = 0;

    // Reads a message back: envelope, state, and the body where it is stored inline. While the
    // store is being reopened nothing can be read.
    virtual void load(MessageId id, LoadOperation& done) = 0;

    // `client`: whose octets they are while they arrive. What one client's files and all together
    // take of the disk is bounded (BodyFailure), so that receiving never fills it. Empty: nobody's.
    [[nodiscard]] virtual std::unique_ptr<BodyWriter> write_body(BodyId id, std::string client) = 0;
    [[nodiscard]] virtual std::unique_ptr<BodyReader> open_body(const Body& body) = 0;

    // Bodies longer than this are to be written as files (octets).
    [[nodiscard]] virtual std::size_t body_file_threshold() const = 0;

    // Cheap: read before every message.
    [[nodiscard]] virtual Pressure pressure() const = 0;
    [[nodiscard]] virtual SpoolStatus status() const = 0;

    // Commits what is pending, then closes. No call after it.
    virtual void close() = 0;
};

}  // namespace hermetic::spool
