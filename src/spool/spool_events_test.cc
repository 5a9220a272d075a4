// What the spool tells of records and logs that it cannot read, and of a store that cannot take
// more (docs/policy/spool.md). Failing disks: tests/crash/spool_events_test.cc.
#include "spool/database.h"
#include "spool/file_system_seam.h"
#include "spool/record.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <future>
#include <thread>

namespace hermetic::spool {
namespace {

using ::testing::Contains;
using testing::Driver;
using ::testing::HasSubstr;
using testing::make_text;
using testing::MessageMaker;

// Tables are written only while it is open: a flush waits, as on a disk that is much too slow.
class SlowTables final : public rocksdb::FileSystemWrapper {
public:
    SlowTables() : rocksdb::FileSystemWrapper{rocksdb::FileSystem::Default()} {}
    static const char* kClassName() { return "HermeticSlowTables"; }
    const char* Name() const override { return kClassName(); }

    void set_open(bool open)
    {
        open_ = open;
        open_.notify_all();
    }
    rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override
    {
        if (path.ends_with(".sst")) open_.wait(false);
        return rocksdb::FileSystemWrapper::NewWritableFile(path, options, file, debug);
    }

private:
    std::atomic<bool> open_ = true;
};

// A disk on which body files take what they take, and nothing else does.
class SmallDisk final : public rocksdb::FileSystemWrapper {
public:
    SmallDisk(std::string bodies, std::uint64_t size)
        : rocksdb::FileSystemWrapper{rocksdb::FileSystem::Default()},
          bodies_{std::move(bodies)},
          size_{size}
    {
    }
    static const char* kClassName() { return "HermeticSmallDisk"; }
    const char* Name() const override { return kClassName(); }

    rocksdb::IOStatus GetFreeSpace(const std::string& /*path*/, const rocksdb::IOOptions&,
                                   std::uint64_t* free, rocksdb::IODebugContext*) override
    {
        std::uint64_t taken = 0;
        std::error_code error;
        for (std::filesystem::recursive_directory_iterator at{bodies_, error}, end; at != end;
             at.increment(error)) {
            if (at->is_regular_file(error)) taken += at->file_size(error);
        }
        *free = size_ - taken;
        return {};
    }

private:
    std::string bodies_;
    std::uint64_t size_;
};

class SpoolEvents : public ::testing::Test {
protected:
    SpoolEvents()
    {
        settings.directory = directory.path() + "/spool";
        settings.high_water = 0;
        settings.low_water = 0;
        settings.ballast = 0;
        settings.on_event = [this](const SpoolEvent& event) {
            const std::lock_guard lock{mutex_};
            events_.push_back(std::string{event.id} + ": " + event.words);
        };
    }

    void open()
    {
        auto opened = make_rocksdb_spool(settings, listener, system_clock());
        ASSERT_TRUE(opened) << opened.error().words;
        spool = std::move(*opened);
        driver.emplace(*spool);
    }
    void close()
    {
        spool->close();
        driver.reset();
        spool.reset();
    }
    // "id: words"
    [[nodiscard]] std::vector<std::string> events() const
    {
        const std::lock_guard lock{mutex_};
        return events_;
    }

    testing::TemporaryDirectory directory;
    testing::RememberingListener listener;
    MessageMaker maker;
    SpoolSettings settings;
    std::unique_ptr<Spool> spool;
    std::optional<Driver> driver;

private:
    mutable std::mutex mutex_;
    std::vector<std::string> events_;
};

// Instead of the envelope of `id`.
void put_envelope(const SpoolSettings& settings, MessageId id, const std::string& record)
{
    Reporter silent{{}};
    Database database{settings.directory + "/db", rocksdb::FileSystem::Default(), silent};
    ASSERT_TRUE(database.open().ok());
    rocksdb::WriteBatch batch;
    const auto key = to_slice(id.as_key());
    ASSERT_TRUE(batch.SingleDelete(database.column(Column::Envelope), key).ok());
    ASSERT_TRUE(batch.Put(database.column(Column::Envelope), key, record).ok());
    ASSERT_TRUE(database.write(batch).ok());
}

TEST_F(SpoolEvents, ARecordThatCannotBeReadIsToldAndLeft)
{
    open();
    const auto broken = maker.message("one");
    const auto sound = maker.message("two");
    ASSERT_EQ(driver->commit({broken, sound}), Durability::Durable);
    close();
    put_envelope(settings, broken->id, "no record");
    for (int start = 1; start <= 2; ++start) {
        open();
        EXPECT_EQ(driver->claim_all().size(), 1U);
        EXPECT_EQ(driver->load(sound->id)->body.bytes.view(), "two");
        close();
        const auto told = events();
        EXPECT_EQ(std::ranges::count_if(told,
                                        [&](const auto& each) {
                                            return each.starts_with("spool.record-unreadable") &&
                                                   each.find(format_id(broken->id)) !=
                                                       std::string::npos;
                                        }),
                  start)
            << "was not changed";
    }
}

// After a downgrade: mail whose record this version cannot read waits for the one that wrote it.
TEST_F(SpoolEvents, ARecordOfANewerVersionIsToldAndKeptForIt)
{
    open();
    const auto newer = maker.message("one");
    ASSERT_EQ(driver->commit({newer, maker.message("two")}), Durability::Durable);
    close();
    const BodyReference body{newer->body.id, newer->body.size, newer->body.in_file};
    std::string record;
    append_envelope_record(record, body, *newer->envelope);
    std::string as_newer = record;
    as_newer[0] = static_cast<char>(kEnvelopeRecordVersion + 1);
    put_envelope(settings, newer->id, as_newer + "what it added");
    open();
    EXPECT_EQ(driver->claim_all().size(), 1U);
    close();
    EXPECT_THAT(events(), Contains(HasSubstr("written by a newer version")));
    put_envelope(settings, newer->id, record);
    open();
    EXPECT_EQ(driver->claim_all().size(), 2U) << "with its body";
    EXPECT_EQ(driver->load(newer->id)->body.bytes.view(), "one");
    close();
}

// Body files that arrive are bounded by the disk, so that what has arrived can be delivered: in
// all, and one client's.
TEST_F(SpoolEvents, WhatArrivesNeverFillsTheDisk)
{
    constexpr std::uint64_t kMebi = 1 << 20;
    auto seam = std::make_shared<FileSystemSeam>();
    seam->file_system = std::make_shared<SmallDisk>(settings.directory + "/bodies", 12 * kMebi);
    settings.file_system = seam;
    settings.high_water = 10 * kMebi;
    settings.low_water = 11 * kMebi;
    open();
    ASSERT_EQ(driver->commit(maker.message("x")), Durability::Durable);
    const std::string piece(kMebi, 'x');
    const auto append = [&](const std::unique_ptr<BodyWriter>& writer) {
        return driver->append(*writer, piece);
    };
    {
        const auto first = spool->write_body(maker.body_id(), "client");
        const auto second = spool->write_body(maker.body_id(), "client");
        EXPECT_EQ(append(first), "");
        EXPECT_EQ(append(first), "");
        EXPECT_EQ(append(second), "");
        EXPECT_THAT(append(second), HasSubstr("this client")) << "half of seven MiB";
        EXPECT_EQ(spool->status().arriving_bytes, 3 * kMebi);
        const auto other = spool->write_body(maker.body_id(), "other");
        const auto third = spool->write_body(maker.body_id(), "third");
        for (int i = 0; i < 3; ++i) EXPECT_EQ(append(other), "") << i;
        (void)append(third);
        EXPECT_THAT(append(third), HasSubstr("nearly full"))
            << "half of the high-water mark stays free";
    }
    // They are gone: there is room again.
    std::string error;
    do {
        error = append(spool->write_body(maker.body_id(), "client"));
    } while (!error.empty());
    close();
}

// Who waits for an operation may end it the moment that it is done.
class EndingPort final : public CompletionPort {
public:
    BodyOperation& operation() { return *new Ended{*this}; }
    void post(std::vector<Completion*> done) override
    {
        auto* operation = static_cast<BodyOperation*>(done.front());
        const BodyFailure failure = operation->failure;
        delete operation;
        failure_.set_value(failure);
    }
    BodyFailure wait() { return failure_.get_future().get(); }

private:
    struct Ended final : BodyOperation {
        using BodyOperation::BodyOperation;
        void complete() override {}
    };
    std::promise<BodyFailure> failure_;
};

TEST_F(SpoolEvents, WhyABodyHasNoRoomIsKnownBeforeItsWriterIsAnswered)
{
    constexpr std::uint64_t kMebi = 1 << 20;
    auto seam = std::make_shared<FileSystemSeam>();
    seam->file_system = std::make_shared<SmallDisk>(settings.directory + "/bodies", 12 * kMebi);
    settings.file_system = seam;
    settings.high_water = 10 * kMebi;
    settings.low_water = 11 * kMebi;
    open();
    ASSERT_EQ(driver->commit(maker.message("x")), Durability::Durable);
    std::deque<EndingPort> ports;
    const auto append = [&](BodyWriter& writer, std::uint64_t octets) {
        EndingPort& port = ports.emplace_back();
        writer.append(Bytes{std::string(octets, 'x')}, port.operation());
        return port.wait();
    };
    EXPECT_EQ(append(*spool->write_body(maker.body_id(), "client"), 5 * kMebi),
              BodyFailure::DiskShare);
    const auto first = spool->write_body(maker.body_id(), "first");
    EXPECT_EQ(append(*first, 3 * kMebi), BodyFailure::Other) << "it has arrived";
    const auto second = spool->write_body(maker.body_id(), "second");
    EXPECT_EQ(append(*second, 3 * kMebi), BodyFailure::Other);
    const auto third = spool->write_body(maker.body_id(), "third");
    EXPECT_EQ(append(*third, 3 * kMebi), BodyFailure::DiskFull);
    close();
}

TEST_F(SpoolEvents, AStoreThatCannotTakeMoreRefusesMailAndSaysSo)
{
    auto tables = std::make_shared<SlowTables>();
    auto seam = std::make_shared<FileSystemSeam>();
    seam->file_system = tables;
    seam->write_buffer = 64 << 10;
    settings.file_system = seam;
    open();
    tables->set_open(false);
    const auto first = maker.message("first");
    ASSERT_EQ(driver->commit(first), Durability::Durable);
    Durability result = Durability::Durable;
    for (std::uint64_t i = 0; i < 40 && result == Durability::Durable; ++i) {
        result = driver->commit(maker.message(make_text(60'000, i)));
    }
    EXPECT_EQ(result, Durability::Refused);
    EXPECT_THAT(events(), Contains(HasSubstr("spool.write-stalled")));

    tables->set_open(true);
    EXPECT_EQ(driver->record(driver->finished(first->id)), Durability::Durable)
        << "outcomes wait until there is room";
    EXPECT_EQ(driver->commit(maker.message("later")), Durability::Durable);
    close();
}

}  // namespace
}  // namespace hermetic::spool
