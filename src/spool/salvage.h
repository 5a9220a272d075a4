// Reads the spool of a server that is stopped, or a copy of one, whatever is damaged in it; and
// makes one of it that a server opens. No RocksDB header is needed to use it.
//
// docs/guides/damaged-spool.md is the operator's side.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "spool/opening.h"
#include "spool/rocksdb_spool.h"
#include "spool/spool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

// A message as far as it can be read.
struct SalvagedMessage {
    MessageId id;
    std::shared_ptr<const mail::Envelope> envelope;
    Body body;  // `bytes` empty: read_body()
    MessageState state;
    std::string state_error;  // empty: `state` is what was stored
    std::string body_error;   // empty: every octet of the body can be read
};

struct SalvageReport {
    std::vector<Damage> damage;           // why a server does not open it; empty: it does
    std::uint64_t messages = 0;           // whose envelope can be read
    std::vector<std::string> unreadable;  // one line each: what cannot be read, and why
    std::vector<MessageId> without_body;
    std::vector<MessageId> without_state;  // it cannot be read, or may be among what is lost
    std::uint64_t bodies_without_message = 0;
    std::string aside;  // where repair() has put the rest; empty: it was not asked

    [[nodiscard]] bool is_sound() const { return !needs_repair() && without_body.empty(); }
    // Messages without a body alone do not: nothing more can be kept of them.
    [[nodiscard]] bool needs_repair() const
    {
        return !damage.empty() || !unreadable.empty() || !without_state.empty();
    }
};

class StoppedSpool {
public:
    // `work` is a folder for files that are needed meanwhile; it is made, and removed with this.
    // Locked: a server has the spool open.
    [[nodiscard]] static Result<std::unique_ptr<StoppedSpool>, OpenError> open(
        const std::string& directory, const std::string& work);
    virtual ~StoppedSpool() = default;

    // Every message whose envelope can be read, in the order of their ids, with its body read once
    // to see whether it can be. Called once. Bodies that no message has are counted.
    virtual SalvageReport read(const std::function<void(const SalvagedMessage&)>& use) = 0;

    // Hands the body out in pieces. Empty: all of it; or why it cannot be read.
    [[nodiscard]] virtual std::string read_body(
        const Body& body, const std::function<void(std::string_view)>& use) = 0;
};

// Makes a new database of every message that can be read, and puts the damaged one, what it holds
// besides, and bodies without a message into a folder of the spool named by `clock`'s time. A
// message whose body cannot be read stays in the queue, so that its sender hears of it. One whose
// state cannot be read is held, since some of its recipients may have it; where a table, the list
// of them or a part of the log is lost, so is one that has none. Interrupted at any moment, the
// spool is as before, or it is repaired, or asks for a repair again.
[[nodiscard]] Result<SalvageReport, OpenError> repair_spool(const std::string& directory,
                                                            const Clock& clock);

}  // namespace hermetic::spool
