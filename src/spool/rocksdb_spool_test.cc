#include "spool/rocksdb_spool.h"

#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>
#include <thread>

namespace hermetic::spool {
namespace {

using testing::Driver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_text;
using testing::MessageMaker;
using ::testing::SizeIs;
using testing::Waitable;

struct RocksDbSpoolTest : ::testing::Test {
    testing::TemporaryDirectory directory;
    testing::RememberingListener listener;
    MessageMaker maker;
    std::vector<std::string> events;
    SpoolSettings settings;
    std::unique_ptr<Spool> spool;
    std::optional<Driver> driver;

    RocksDbSpoolTest()
    {
        settings.directory = directory.path() + "/spool";
        settings.high_water = 0;
        settings.low_water = 0;
        settings.ballast = 0;
        settings.on_event = [this](const SpoolEvent& event) {
            events.emplace_back(event.id);
            if (event.id == "spool.store-error") ADD_FAILURE() << event.words;
        };
        open();
    }

    void open()
    {
        auto opened = make_rocksdb_spool(settings, listener, system_clock());
        ASSERT_TRUE(opened) << opened.error().words;
        spool = std::move(*opened);
        driver.emplace(*spool);
    }
    void reopen()
    {
        spool->close();
        spool.reset();
        open();
    }

    [[nodiscard]] std::size_t body_files() const
    {
        std::size_t count = 0;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(settings.directory + "/bodies")) {
            count += entry.is_regular_file() ? 1U : 0U;
        }
        return count;
    }

    std::shared_ptr<const StoredMessage> write_large(const std::string& text)
    {
        const auto writer = spool->write_body(maker.body_id(), "client");
        for (std::size_t at = 0; at < text.size(); at += 1 << 20) {
            EXPECT_EQ(driver->append(*writer, text.substr(at, 1 << 20)), "");
        }
        EXPECT_EQ(driver->finish(*writer), "");
        auto message = maker.message(writer->body());
        EXPECT_EQ(driver->commit(message), Durability::Durable);
        return message;
    }
};

TEST_F(RocksDbSpoolTest, DurableMessageIsThereAfterReopening)
{
    const auto message = maker.message("Subject: x\r\n\r\nhello\r\n");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    EXPECT_THAT(listener.stored(), ElementsAre(message->id));
    reopen();

    const auto claimed = driver->claim_all();
    ASSERT_THAT(claimed, SizeIs(1));
    const Claimed& found = claimed.begin()->second;
    EXPECT_EQ(found.lease.id, message->id);
    EXPECT_EQ(*found.envelope, *message->envelope);
    EXPECT_EQ(found.state, MessageState{});
    EXPECT_EQ(driver->read(found.body, 3), "Subject: x\r\n\r\nhello\r\n");

    const auto loaded = driver->load(message->id);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->body.bytes.view(), "Subject: x\r\n\r\nhello\r\n");
    EXPECT_EQ(*loaded->envelope, *message->envelope);
}

TEST_F(RocksDbSpoolTest, EmptyBodyIsAMessageToo)
{
    const auto message = maker.message("");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    reopen();
    ASSERT_TRUE(driver->load(message->id));
    EXPECT_EQ(driver->read(message->body), "");
}

TEST_F(RocksDbSpoolTest, MessagesOfThisOpeningAreNotClaimedTwice)
{
    ASSERT_EQ(driver->commit(maker.message("a")), Durability::Durable);
    EXPECT_TRUE(spool->claim(10, std::nullopt).empty());
    reopen();
    EXPECT_THAT(spool->claim(10, std::nullopt), SizeIs(1));
    EXPECT_TRUE(spool->claim(10, std::nullopt).empty());
}

TEST_F(RocksDbSpoolTest, ClaimGoesThroughAllInOrderOfIds)
{
    std::vector<MessageId> ids;
    for (int i = 0; i < 25; ++i) {
        const auto message = maker.message("x");
        ids.push_back(message->id);
        ASSERT_EQ(driver->commit(message), Durability::Durable);
    }
    reopen();
    std::vector<MessageId> found;
    std::optional<MessageId> after;
    for (;;) {
        const auto page = spool->claim(7, after);
        if (page.empty()) break;
        for (const Claimed& one : page) found.push_back(one.lease.id);
        after = found.back();
    }
    EXPECT_EQ(found, ids);
}

TEST_F(RocksDbSpoolTest, FinishedMessageIsGoneForGood)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    EXPECT_EQ(driver->record(driver->finished(message->id)), Durability::Durable);
    EXPECT_THAT(listener.recorded(), ElementsAre(message->id));

    std::string error = "unset";
    EXPECT_FALSE(driver->load(message->id, &error));
    EXPECT_EQ(error, "") << "gone is not an error";
    EXPECT_THAT(driver->read({message->body.id, 1, {}, false}), HasSubstr("error:"));
    EXPECT_EQ(spool->status().messages, 0U);
    reopen();
    EXPECT_TRUE(driver->claim_all().empty());
}

TEST_F(RocksDbSpoolTest, DeferredStateReplacesTheOneBefore)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    MessageState state;
    state.attempts = 1;
    ASSERT_EQ(driver->record(driver->deferred(message->id, state)), Durability::Durable);
    state.attempts = 2;
    state.finished = {0};
    state.last_text = "451 later";
    ASSERT_EQ(driver->record(driver->deferred(message->id, state)), Durability::Durable);
    EXPECT_EQ(driver->load(message->id)->state, state);
    reopen();
    EXPECT_EQ(driver->claim_all().at(message->id).state, state);
}

TEST_F(RocksDbSpoolTest, FirstStateOfAMessageIsStoredWithIt)
{
    StoredMessage held = *maker.message("x");
    held.state.held = true;
    ASSERT_EQ(driver->commit(std::make_shared<StoredMessage>(held)), Durability::Durable);
    reopen();
    EXPECT_TRUE(driver->claim_all().at(held.id).state.held);
}

TEST_F(RocksDbSpoolTest, NoticeAndEndAreOneChange)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    const auto notice = maker.message("could not deliver");
    Change change = driver->finished(message->id);
    change.new_messages = {notice};
    ASSERT_EQ(driver->record(std::move(change)), Durability::Durable);
    EXPECT_THAT(listener.stored(), ElementsAre(message->id, notice->id));
    reopen();
    const auto claimed = driver->claim_all();
    ASSERT_THAT(claimed, SizeIs(1));
    EXPECT_EQ(driver->read(claimed.at(notice->id).body), "could not deliver");
}

TEST_F(RocksDbSpoolTest, SharedBodyStaysUntilTheLastMessageEnds)
{
    const Body body = maker.body("shared");
    const auto one = maker.message(body);
    const auto two = maker.message(body);
    ASSERT_EQ(driver->commit({one, two}), Durability::Durable);
    ASSERT_EQ(driver->record(driver->finished(one->id)), Durability::Durable);
    EXPECT_EQ(driver->load(two->id)->body.bytes.view(), "shared");
    reopen();
    ASSERT_THAT(driver->claim_all(), SizeIs(1));
    EXPECT_EQ(driver->load(two->id)->body.bytes.view(), "shared");
    ASSERT_EQ(driver->record(driver->finished(two->id)), Durability::Durable);
    EXPECT_THAT(driver->read({body.id, 6, {}, false}), HasSubstr("error:"));
}

TEST_F(RocksDbSpoolTest, SplitSharesTheBodyOfItsOriginWhateverEndsFirst)
{
    const auto origin = maker.message("shared");
    ASSERT_EQ(driver->commit(origin), Durability::Durable);
    reopen();
    ASSERT_THAT(driver->claim_all(), SizeIs(1));
    Body reference = origin->body;
    reference.bytes = {};  // the one who splits need not have it in memory
    const auto first = maker.message(reference);
    const auto second = maker.message(reference);
    Change split = driver->finished(origin->id);
    split.new_messages = {first, second};
    ASSERT_EQ(driver->record(std::move(split)), Durability::Durable);
    ASSERT_EQ(driver->record(driver->finished(first->id)), Durability::Durable);
    EXPECT_EQ(driver->load(second->id)->body.bytes.view(), "shared");
    ASSERT_EQ(driver->record(driver->finished(second->id)), Durability::Durable);
    EXPECT_THAT(driver->read(reference), HasSubstr("error:"));
}

TEST_F(RocksDbSpoolTest, RepeatedCommitIsDurableAndToldOnce)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    EXPECT_EQ(driver->commit(message), Durability::Durable);
    EXPECT_THAT(listener.stored(), SizeIs(1));
    EXPECT_EQ(spool->status().messages, 1U);
}

TEST_F(RocksDbSpoolTest, ChangeWithoutTheLeaseIsDropped)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    Change stale = driver->finished(message->id);
    stale.lease.epoch -= 1;
    EXPECT_EQ(driver->record(stale), Durability::Refused);

    reopen();
    EXPECT_EQ(driver->record(driver->finished(message->id)), Durability::Refused)
        << "not claimed yet";
    ASSERT_THAT(driver->claim_all(), SizeIs(1));
    EXPECT_EQ(driver->record(driver->finished(message->id)), Durability::Durable);
    EXPECT_EQ(driver->record(driver->finished(message->id)), Durability::Refused) << "ended";
    EXPECT_THAT(listener.recorded(), SizeIs(1));
}

TEST_F(RocksDbSpoolTest, ChangeWithoutWaiterIsSoonDurable)
{
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    spool->record(driver->finished(message->id));
    listener.wait_until_recorded(1);
    EXPECT_EQ(spool->status().commits, 2U);
}

TEST_F(RocksDbSpoolTest, ChangesRideAlongWithTheNextCommit)
{
    settings.idle_flush = std::chrono::hours{1};
    reopen();
    std::vector<std::shared_ptr<const StoredMessage>> messages;
    for (int i = 0; i < 20; ++i) messages.push_back(maker.message("x"));
    ASSERT_EQ(driver->commit(messages), Durability::Durable);
    for (const auto& message : messages) spool->record(driver->finished(message->id));
    EXPECT_EQ(spool->status().commits, 1U);
    ASSERT_EQ(driver->commit(maker.message("next")), Durability::Durable);
    EXPECT_EQ(spool->status().commits, 2U);
    EXPECT_THAT(listener.recorded(), SizeIs(20));
}

TEST_F(RocksDbSpoolTest, ClosingCommitsWhatWaits)
{
    settings.idle_flush = std::chrono::hours{1};
    reopen();
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    spool->record(driver->finished(message->id));
    reopen();
    EXPECT_TRUE(driver->claim_all().empty());
}

// Holds the first group up, so that what arrives meanwhile must share the second.
class GateListener final : public SpoolListener {
public:
    void on_stored(std::vector<std::shared_ptr<const StoredMessage>>) override
    {
        std::unique_lock lock{mutex_};
        entered_ = true;
        wake_.notify_all();
        wake_.wait(lock, [this] { return open_; });
    }
    void on_recorded(std::vector<Change>) override {}
    void wait_until_entered()
    {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [this] { return entered_; });
    }
    void open()
    {
        const std::lock_guard lock{mutex_};
        open_ = true;
        wake_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool entered_ = false;
    bool open_ = false;
};

TEST_F(RocksDbSpoolTest, WhatArrivesDuringASyncIsOneGroupAndOnePost)
{
    GateListener gate;
    settings.directory = directory.path() + "/gated";
    auto gated = make_rocksdb_spool(settings, gate, system_clock());
    ASSERT_TRUE(gated);

    testing::ImmediatePort port;
    Waitable<CommitOperation> first{port};
    (*gated)->commit({maker.message("first")}, first);
    gate.wait_until_entered();
    std::vector<std::unique_ptr<Waitable<CommitOperation>>> rest;
    for (int i = 0; i < 50; ++i) {
        rest.push_back(std::make_unique<Waitable<CommitOperation>>(port));
        (*gated)->commit({maker.message("x")}, *rest.back());
    }
    gate.open();
    for (const auto& operation : rest) EXPECT_EQ(operation->wait().result, Durability::Durable);
    EXPECT_EQ((*gated)->status().commits, 2U);
    EXPECT_THAT(port.batches(), ElementsAre(1, 50));
}

TEST_F(RocksDbSpoolTest, ManyThreadsLoseNothing)
{
    constexpr int kThreads = 4;
    constexpr int kEach = 50;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([this, t] {
            MessageMaker own{static_cast<std::uint64_t>(100 + t)};
            Driver driver_of_thread{*spool};
            for (int i = 0; i < kEach; ++i) {
                const auto message = own.message(make_text(2000, own.body_id().bytes[11]));
                EXPECT_EQ(driver_of_thread.commit(message), Durability::Durable);
                if (i % 2 == 0) spool->record(driver_of_thread.finished(message->id));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(spool->status().commits, std::uint64_t{kThreads * kEach * 2});
    reopen();
    EXPECT_THAT(driver->claim_all(), SizeIs(kThreads * kEach / 2));
}

TEST_F(RocksDbSpoolTest, LargeBodyIsAFileUntilItsMessageEnds)
{
    const std::string text = make_text(5'000'001, 7);
    const auto message = write_large(text);
    EXPECT_EQ(body_files(), 1U);
    EXPECT_TRUE(message->body.in_file);
    EXPECT_EQ(driver->read(message->body, 300'000), text);
    reopen();

    const auto claimed = driver->claim_all();
    ASSERT_THAT(claimed, SizeIs(1));
    EXPECT_EQ(driver->read(claimed.begin()->second.body), text);
    const auto loaded = driver->load(message->id);
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->body.in_file);
    EXPECT_TRUE(loaded->body.bytes.empty());

    ASSERT_EQ(driver->record(driver->finished(message->id)), Durability::Durable);
    spool->close();
    EXPECT_EQ(body_files(), 0U);
    open();
    EXPECT_TRUE(driver->claim_all().empty());
}

TEST_F(RocksDbSpoolTest, AbandonedBodyFileIsRemoved)
{
    const auto write = [this](bool finish) {
        const auto writer = spool->write_body(maker.body_id(), "client");
        ASSERT_EQ(driver->append(*writer, make_text(1000, 1)), "");
        if (finish) {
            ASSERT_EQ(driver->finish(*writer), "");
        }
        EXPECT_EQ(body_files(), 1U);
    };
    write(false);
    spool->close();
    EXPECT_EQ(body_files(), 0U);
    open();
    write(true);
    spool->close();
    EXPECT_EQ(body_files(), 0U) << "finished, but never offered to commit";
    open();
}

TEST_F(RocksDbSpoolTest, BodyFileWithoutAMessageIsAnOrphan)
{
    const std::string folder = settings.directory + "/bodies/00/";
    std::ofstream{folder + "01KAQW5Z9M0000000000000001"} << "left by a crash";
    std::ofstream{folder + "notes.txt"} << "not ours";
    const auto message = write_large(make_text(300'000, 3));
    reopen();
    EXPECT_EQ(body_files(), 2U);
    EXPECT_TRUE(std::filesystem::exists(folder + "notes.txt"));
    EXPECT_THAT(events, ::testing::Contains("spool.orphans-removed"));
    EXPECT_EQ(driver->read(message->body), make_text(300'000, 3));
}

TEST_F(RocksDbSpoolTest, CommitOfABodyFileThatIsNotThereIsRefused)
{
    Body body = maker.body("");
    body.size = 1'000'000;
    body.in_file = true;
    EXPECT_EQ(driver->commit(maker.message(body)), Durability::Refused);
    EXPECT_EQ(spool->status().messages, 0U);
}

TEST_F(RocksDbSpoolTest, MissingBodyFileIsToldAndNotInvented)
{
    const auto message = write_large(make_text(300'000, 3));
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(settings.directory + "/bodies")) {
        if (entry.is_regular_file()) std::filesystem::remove(entry.path());
    }
    reopen();
    EXPECT_THAT(events, ::testing::Contains("spool.body-missing"));
    EXPECT_THAT(driver->read(message->body), HasSubstr("error:"));
    EXPECT_THAT(driver->claim_all(), SizeIs(1)) << "the message itself is kept";
}

TEST_F(RocksDbSpoolTest, SecondOwnerIsRefusedByName)
{
    const auto second = make_rocksdb_spool(settings, listener, system_clock());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, OpenError::Kind::Locked);
    EXPECT_THAT(second.error().words, HasSubstr("(pid " + std::to_string(getpid()) + ")"));
}

TEST_F(RocksDbSpoolTest, DirectoryThatCannotBeMadeIsNamed)
{
    std::ofstream{directory.path() + "/file"} << "x";
    settings.directory = directory.path() + "/file/spool";
    const auto opened = make_rocksdb_spool(settings, listener, system_clock());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, OpenError::Kind::Unusable);
    EXPECT_THAT(opened.error().words, HasSubstr("/file/spool"));
}

TEST_F(RocksDbSpoolTest, TellsWhenTheQueueIsFull)
{
    settings.max_messages = 3;
    reopen();
    EXPECT_EQ(spool->pressure(), Pressure::None);
    std::vector<std::shared_ptr<const StoredMessage>> messages;
    for (int i = 0; i < 3; ++i) messages.push_back(maker.message("x"));
    ASSERT_EQ(driver->commit(messages), Durability::Durable);
    ASSERT_EQ(driver->commit(messages[0]), Durability::Durable);  // the loop has gone round
    EXPECT_EQ(spool->pressure(), Pressure::QueueFull);
    ASSERT_EQ(driver->record(driver->finished(messages[0]->id)), Durability::Durable);
    ASSERT_EQ(driver->commit(messages[1]), Durability::Durable);
    EXPECT_EQ(spool->pressure(), Pressure::None);
}

TEST_F(RocksDbSpoolTest, TellsWhenTheDiskIsBelowTheHighWaterMark)
{
    settings.high_water = spool->status().free_bytes + (1ULL << 40);
    settings.low_water = settings.high_water;
    spool->close();
    open();
    EXPECT_EQ(spool->pressure(), Pressure::DiskFull);
    EXPECT_THAT(spool->status().words, HasSubstr("high-water mark"));
    EXPECT_THAT(events, ::testing::Contains("spool.disk-full"));
}

TEST_F(RocksDbSpoolTest, KeepsBallastOfTheSizeAskedFor)
{
    settings.ballast = 1'500'000;
    reopen();
    EXPECT_EQ(std::filesystem::file_size(settings.directory + "/ballast"), 1'500'000U);
}

// Mail that is delivered soon costs a log, and nothing more (docs/formats/spool.md).
TEST_F(RocksDbSpoolTest, FinishedMailLeavesNoTableFile)
{
    const Bytes text{make_text(100'000, 1)};
    for (int round = 0; round < 40; ++round) {
        std::vector<std::shared_ptr<const StoredMessage>> messages;
        for (int i = 0; i < 10; ++i) {
            Body body;
            body.id = maker.body_id();
            body.size = text.size();
            body.bytes = text;
            messages.push_back(maker.message(body));
        }
        ASSERT_EQ(driver->commit(messages), Durability::Durable);
        for (const auto& message : messages) spool->record(driver->finished(message->id));
        listener.wait_until_recorded(static_cast<std::size_t>(round + 1) * messages.size());
    }
    spool->close();  // 40 MB went through buffers of 16 MiB
    std::uintmax_t octets = 0;
    for (const auto& entry : std::filesystem::directory_iterator(settings.directory + "/db")) {
        if (entry.path().extension() == ".sst") octets += entry.file_size();
    }
    EXPECT_LT(octets, 5'000'000U);
    open();
}

// The process ends without closing anything, right after its 250s.
TEST_F(RocksDbSpoolTest, SurvivesTheEndOfTheProcess)
{
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the thread sanitizer forbids threads after fork; the address one runs this";
#endif
    spool->close();
    spool.reset();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        open();
        bool durable = true;
        for (int i = 0; i < 100; ++i) {
            durable = durable && driver->commit(maker.message(make_text(
                                     3000, static_cast<std::uint64_t>(i)))) == Durability::Durable;
        }
        _exit(durable ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    open();
    const auto claimed = driver->claim_all();
    ASSERT_THAT(claimed, SizeIs(100));
    std::uint64_t seed = 0;
    for (const auto& [id, one] : claimed)
        EXPECT_EQ(driver->read(one.body), make_text(3000, seed++));
}

}  // namespace
}  // namespace hermetic::spool
