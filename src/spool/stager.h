// Turns submissions into one WriteBatch, and the index into what it will be once that is durable.
//
// Belongs to the commit thread. No I/O: the batch is written by others, who then accept or roll
// back the index.
#pragma once

#include "spool/database.h"
#include "spool/message_index.h"
#include "spool/submission.h"

#include <rocksdb/write_batch.h>

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace hermetic::spool {

class Stager {
public:
    Stager(const Database& database, MessageIndex& index, std::uint64_t epoch)
        : database_{database}, index_{index}, epoch_{epoch}
    {
    }

    // Begins a new group.
    void begin();
    // Sets submission.staged.
    void stage(Submission& submission);

    enum class Record : std::uint8_t { Present, Absent };
    // The message ends; `Absent`: its record is known not to be there, only the index has it.
    void stage_removal(const MessageId& id, Record record);

    // All that was staged. Removals come last, in the order of their keys: RocksDB finds the place
    // of a key in its write buffer from that of the last one, and new keys all belong at the end.
    [[nodiscard]] rocksdb::WriteBatch& batch();
    // New in this group, in order.
    [[nodiscard]] std::vector<std::shared_ptr<const StoredMessage>>& stored() { return stored_; }
    // Body files that nothing refers to once the group is durable.
    [[nodiscard]] std::vector<BodyId>& released_files() { return released_files_; }

private:
    using Key = std::array<std::uint8_t, 16>;
    struct Removal {
        Column column{};
        Key key{};
        auto operator<=>(const Removal&) const = default;
    };

    void remove(Column column, std::string_view key);
    void put_new(Column column, std::string_view key, std::string_view value);
    void write_removals();
    [[nodiscard]] bool has_lease(const Lease& lease) const;
    [[nodiscard]] bool files_are_there(const Submission& submission) const;
    [[nodiscard]] bool stage_messages(const Submission& submission, RecordReader& records);
    void put_message(const StoredMessage& message, std::string_view envelope,
                     std::string_view state);
    void collect_known_bodies(const Submission& submission);
    [[nodiscard]] bool is_known(const BodyId& body) const;

    const Database& database_;
    MessageIndex& index_;
    std::uint64_t epoch_;
    rocksdb::WriteBatch batch_;
    std::vector<Removal> removals_;  // not in the batch yet
    Key last_removed_{};             // the greatest key of these
    std::vector<std::shared_ptr<const StoredMessage>> stored_;
    std::vector<BodyId> released_files_;
    std::vector<BodyId> known_bodies_;  // live ones that this submission's messages may share
};

}  // namespace hermetic::spool
