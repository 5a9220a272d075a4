// Which messages are live, which body each has, and how many share it. Pure; not thread-safe.
//
// About 60 octets per message, and 40 per body that several live messages share. Changes are
// staged: a group that could not be written is rolled back, one that is durable is accepted.
#pragma once

#include "core/ids.h"

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <unordered_map>
#include <vector>

namespace hermetic::spool {

struct IndexEntry {
    BodyId body;
    bool body_in_file = false;
    bool has_state = false;  // a state record is stored
    bool held = false;       // somebody has the lease

    bool operator==(const IndexEntry&) const = default;
};

class MessageIndex {
public:
    enum class BodyIs : std::uint8_t { New, SharedWithLive };
    enum class BodyUse : std::uint8_t { Ended, GoesOn };

    MessageIndex();

    // Fills the index at opening: insert each message, then count the bodies once.
    void insert_found(const MessageId& id, const IndexEntry& entry);
    void count_shared_bodies();

    // Null where the message is not live. Valid until the next change.
    [[nodiscard]] const IndexEntry* find(const MessageId& id) const;
    [[nodiscard]] std::size_t size() const { return messages_.size(); }

    // Not staged: a lease is held or not, whatever the disk does. False: held already, or not live.
    bool hold(const MessageId& id);

    void add(const MessageId& id, const IndexEntry& entry, BodyIs body);
    // The message must be live.
    BodyUse remove(const MessageId& id);
    void set_has_state(const MessageId& id);

    void accept() { undo_.clear(); }
    void rollback();

    // Ids of the bodies that lie in files, ascending.
    [[nodiscard]] std::vector<BodyId> file_bodies() const;

private:
    struct Undo {
        enum class Kind : std::uint8_t { Added, Removed, StateSet, Count } kind;
        MessageId message;
        BodyId body;
        IndexEntry entry;         // Removed
        std::uint32_t count = 0;  // Count: before; 0 means that there was none
    };

    void set_count(const BodyId& body, std::uint32_t count);
    [[nodiscard]] std::uint32_t count_of(const BodyId& body) const;

    // Nodes are pooled: no call to the allocator per message.
    std::unique_ptr<std::pmr::unsynchronized_pool_resource> pool_;
    std::pmr::unordered_map<MessageId, IndexEntry> messages_;
    std::pmr::unordered_map<BodyId, std::uint32_t> shared_;  // only counts above one
    std::vector<Undo> undo_;
};

}  // namespace hermetic::spool
