// What waits for the commit thread: one call of commit() or record(), its records encoded already.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "spool/spool.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

// What staging made of a submission.
enum class Staged : std::uint8_t {
    Pending,        // not looked at yet
    Written,        // the group's batch holds it
    AlreadyStored,  // a repeated commit: durable before this group
    Dropped,        // nothing of it will be written: lost lease, body file gone
};

struct Submission {
    // For each new message its envelope record and its state record (empty: none), each after its
    // length as 8 octets; for Deferred the state record of the message follows. Encoded on the
    // thread of the caller, so that the commit thread only copies.
    std::string records;
    std::vector<std::shared_ptr<const StoredMessage>> messages;  // of commit()
    std::optional<Change> change;                                // of record()
    std::vector<BodyId> files;  // body files that came with it: the spool's from now on
    CommitOperation* done = nullptr;
    Instant arrived{};
    std::size_t octets = 0;  // what it adds to the batch
    Staged staged = Staged::Pending;

    [[nodiscard]] bool is_mail() const { return !change.has_value(); }
    [[nodiscard]] const std::vector<std::shared_ptr<const StoredMessage>>& new_messages() const
    {
        return change ? change->new_messages : messages;
    }
};

[[nodiscard]] Submission make_submission(std::vector<std::shared_ptr<const StoredMessage>> messages,
                                         CommitOperation* done);
[[nodiscard]] Submission make_submission(Change change, CommitOperation* done);

// Reads the records of a submission in the order in which they were encoded.
class RecordReader {
public:
    explicit RecordReader(const Submission& submission) : rest_{submission.records} {}
    [[nodiscard]] std::string_view next();

private:
    std::string_view rest_;
};

}  // namespace hermetic::spool
