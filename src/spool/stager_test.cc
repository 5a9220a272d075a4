// What a group writes, and in which order.
#include "spool/stager.h"

#include "spool/reporter.h"
#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <rocksdb/file_system.h>

#include <string>
#include <vector>

namespace hermetic::spool {
namespace {

using ::testing::ElementsAre;
using testing::MessageMaker;
using testing::TemporaryDirectory;

constexpr std::uint64_t kEpoch = 1;

// The entries of a batch in their order: "put 0", "remove 1" by the position of the key.
class Entries final : public rocksdb::WriteBatch::Handler {
public:
    explicit Entries(const std::vector<std::string>& keys) : keys_{keys} {}

    rocksdb::Status PutCF(std::uint32_t /*column*/, const rocksdb::Slice& key,
                          const rocksdb::Slice& /*value*/) override
    {
        return note("put", key);
    }
    rocksdb::Status SingleDeleteCF(std::uint32_t /*column*/, const rocksdb::Slice& key) override
    {
        return note("remove", key);
    }
    rocksdb::Status DeleteCF(std::uint32_t /*column*/, const rocksdb::Slice& key) override
    {
        return note("remove", key);
    }

    std::vector<std::string> seen;

private:
    rocksdb::Status note(const std::string& what, const rocksdb::Slice& key)
    {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            if (to_view(key) == keys_[i]) seen.push_back(what + " " + std::to_string(i));
        }
        return rocksdb::Status::OK();
    }
    const std::vector<std::string>& keys_;
};

class StagerTest : public ::testing::Test {
protected:
    StagerTest()
    {
        EXPECT_TRUE(database_.open(Database::Files::Make).ok());
        stager_.begin();
    }

    std::shared_ptr<const StoredMessage> make()
    {
        auto message = maker_.message("text");
        keys_.emplace_back(message->id.as_key());
        return message;
    }
    void store(const std::shared_ptr<const StoredMessage>& message)
    {
        Submission submission = make_submission(std::vector{message}, nullptr);
        stager_.stage(submission);
        EXPECT_EQ(submission.staged, Staged::Written);
    }
    void finish(const std::shared_ptr<const StoredMessage>& message)
    {
        Change change;
        change.lease = {message->id, kEpoch};
        Submission submission = make_submission(std::move(change), nullptr);
        stager_.stage(submission);
        EXPECT_EQ(submission.staged, Staged::Written);
    }
    // Of the envelopes: those of states and bodies are not looked for.
    std::vector<std::string> write()
    {
        Entries entries{keys_};
        EXPECT_TRUE(stager_.batch().Iterate(&entries).ok());
        EXPECT_TRUE(database_.write(stager_.batch()).ok());
        index_.accept();
        stager_.begin();
        return entries.seen;
    }
    bool is_there(const std::shared_ptr<const StoredMessage>& message)
    {
        std::string ignored;
        const Database::Reader reader = database_.read();
        return reader.get(Column::Envelope, message->id.as_key(), ignored).ok() &&
               reader.get(Column::Body, message->body.id.as_key(), ignored).ok();
    }

    TemporaryDirectory directory_;
    Reporter silent_{{}};
    Database database_{directory_.path() + "/db", rocksdb::FileSystem::Default(), silent_};
    MessageIndex index_;
    Stager stager_{database_, index_, kEpoch};
    MessageMaker maker_;
    std::vector<std::string> keys_;
};

// RocksDB finds the place of a key from that of the one before it.
TEST_F(StagerTest, WritesWhatIsNewBeforeWhatEndsAndBothInTheOrderOfTheirKeys)
{
    const auto first = make();
    const auto second = make();
    store(first);
    store(second);
    (void)write();
    const auto third = make();
    const auto fourth = make();
    finish(second);
    store(third);
    finish(first);
    store(fourth);
    EXPECT_THAT(write(), ElementsAre("put 2", "put 3", "remove 0", "remove 1"));
    EXPECT_FALSE(is_there(first));
    EXPECT_TRUE(is_there(fourth));
}

TEST_F(StagerTest, WhatComesAgainInTheGroupThatEndedItIsThereAfterwards)
{
    const auto first = make();
    store(first);
    (void)write();
    finish(first);
    store(first);
    EXPECT_THAT(write(), ElementsAre("remove 0", "put 0"));
    EXPECT_TRUE(is_there(first));
}

}  // namespace
}  // namespace hermetic::spool
