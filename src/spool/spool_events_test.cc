// What the spool tells of records and logs that it cannot read, and of a store that cannot take
// more (docs/policy/spool.md). Failing disks: tests/crash/spool_events_test.cc.
#include "spool/database.h"
#include "spool/file_system_seam.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <fstream>
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

TEST_F(SpoolEvents, ARecordThatCannotBeReadIsToldAndLeft)
{
    open();
    const auto broken = maker.message("one");
    const auto sound = maker.message("two");
    ASSERT_EQ(driver->commit({broken, sound}), Durability::Durable);
    close();
    {
        Reporter silent{{}};
        Database database{settings.directory + "/db", rocksdb::FileSystem::Default(), silent};
        ASSERT_TRUE(database.open().ok());
        rocksdb::WriteBatch batch;
        const auto key = to_slice(broken->id.as_key());
        ASSERT_TRUE(batch.SingleDelete(database.column(Column::Envelope), key).ok());
        ASSERT_TRUE(batch.Put(database.column(Column::Envelope), key, "no record").ok());
        ASSERT_TRUE(database.write(batch).ok());
    }
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
            << "left as it is";
    }
}

// Bit rot in the write-ahead log: what lies behind it cannot be trusted, and that is said.
TEST_F(SpoolEvents, OctetsThatAReplayLeavesOutAreTold)
{
    open();
    std::vector<std::shared_ptr<const StoredMessage>> messages;
    for (std::uint64_t i = 0; i < 6; ++i) {
        messages.push_back(maker.message(make_text(20'000, i)));
        ASSERT_EQ(driver->commit(messages.back()), Durability::Durable);
    }
    close();
    std::filesystem::path wal;
    for (const auto& entry : std::filesystem::directory_iterator(settings.directory + "/db")) {
        const bool larger = wal.empty() || entry.file_size() > std::filesystem::file_size(wal);
        if (entry.path().extension() == ".log" && larger) wal = entry.path();
    }
    ASSERT_FALSE(wal.empty());
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(wal) / 2);
    ASSERT_GT(middle, 30'000);
    std::fstream{wal, std::ios::in | std::ios::out | std::ios::binary}.seekp(middle) << "rotten";

    open();
    EXPECT_THAT(events(), Contains(HasSubstr("spool.replay-dropped")));
    const auto found = driver->claim_all();
    EXPECT_TRUE(found.contains(messages.front()->id)) << "before the damage";
    EXPECT_FALSE(found.contains(messages.back()->id));
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
