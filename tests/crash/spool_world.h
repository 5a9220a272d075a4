// One run of a workload on one faulty file system, and what the spool promised meanwhile
// (docs/formats/spool.md). For one thread. Ends itself where the power is off, or where nothing can
// be written any more: stopped().
#pragma once

#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fault_fs.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hermetic::crash {

constexpr auto kPatience = std::chrono::seconds{20};

class World {
public:
    explicit World(const std::string& directory);
    ~World() { close(); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    FaultFileSystem& faults() { return *faults_; }

    [[nodiscard]] bool open();
    void close();

    [[nodiscard]] const std::string& words() const { return words_; }
    [[nodiscard]] bool stopped() const { return spool_ == nullptr || stopped_by_fault(); }
    [[nodiscard]] bool stopped_by_fault() const
    {
        return faults_->is_off() || faults_->fails_for_good();
    }
    void set_write_buffer(std::size_t octets) { write_buffer_ = octets; }

    // A message of this length; above the threshold its body is a file, and it is committed. Null:
    // the body failed.
    std::shared_ptr<const spool::StoredMessage> make(std::size_t length);
    std::shared_ptr<const spool::StoredMessage> sharing(
        const std::shared_ptr<const spool::StoredMessage>& other);

    void commit(const std::vector<std::shared_ptr<const spool::StoredMessage>>& messages);
    // With a notice, or without where it is null.
    void finish(const MessageId& id, const std::shared_ptr<const spool::StoredMessage>& notice);
    void defer(const MessageId& id, std::uint32_t attempts);
    void note_notice(const MessageId& id) { notices_.insert(id); }

    // Until everything recorded is answered.
    void wait_for_records();
    void wait_until_healthy();

    [[nodiscard]] bool has(const MessageId& id) const { return promises_.at(id).must_be_there; }
    std::map<MessageId, spool::Claimed> claim_all() { return driver_->claim_all(3); }

    // The spool has been reopened: holds it what it promised?
    void check();
    // After everything: mail comes and goes, and nothing is left behind.
    void check_that_it_works();

private:
    // What is known about one message.
    struct Promise {
        std::shared_ptr<const spool::StoredMessage> message;
        std::string text;
        bool may_be_there = false;
        bool must_be_there = false;
        std::optional<MessageId> replaced_by;  // its notice, in the same change as its end
        std::optional<std::uint32_t> attempts_at_least;
        std::uint32_t attempts_at_most = 0;
    };
    struct PendingRecord {
        std::unique_ptr<spool::testing::Waitable<spool::CommitOperation>> done;
        MessageId id;
        bool finishes = false;
        std::uint32_t attempts = 0;
        std::optional<MessageId> notice;
    };

    std::shared_ptr<const spool::StoredMessage> remember(
        std::shared_ptr<const spool::StoredMessage> message, const std::string& text);
    void start(spool::Change change, PendingRecord record);
    void settle_records();
    void check_one(const MessageId& id, const Promise& promise,
                   const std::map<MessageId, spool::Claimed>& found);

    std::string directory_;
    std::shared_ptr<FaultFileSystem> faults_;
    spool::testing::RememberingListener listener_;
    spool::testing::ImmediatePort port_;
    spool::testing::MessageMaker maker_;
    std::uint64_t seed_ = 0;
    std::size_t write_buffer_ = 0;  // 0: as in service
    std::string words_;
    std::map<MessageId, Promise> promises_;
    std::set<MessageId> notices_;
    std::set<MessageId> finished_;
    std::deque<PendingRecord> records_;
    std::size_t recorded_expected_ = 0;
    std::unique_ptr<spool::Spool> spool_;
    std::optional<spool::testing::Driver> driver_;
};

}  // namespace hermetic::crash
