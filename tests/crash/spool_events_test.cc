// What the spool tells an operator while a disk fails and when it works again
// (docs/policy/spool.md).
#include "spool/file_system_seam.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fault_fs.h"
#include "spool_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::crash {
namespace {

using spool::Durability;
using testing::Contains;
using testing::Not;

// The ids of what has been told, from whichever thread.
class Told {
public:
    void note(std::string_view id)
    {
        const std::lock_guard lock{mutex_};
        ids_.emplace_back(id);
        came_.notify_all();
    }
    [[nodiscard]] std::vector<std::string> ids() const
    {
        const std::lock_guard lock{mutex_};
        return ids_;
    }
    // False where it does not come.
    [[nodiscard]] bool wait_for(std::string_view id)
    {
        std::unique_lock lock{mutex_};
        return came_.wait_for(lock, kPatience,
                              [&] { return std::ranges::find(ids_, id) != ids_.end(); });
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable came_;
    std::vector<std::string> ids_;
};

class SpoolTells : public testing::Test {
protected:
    SpoolTells()
    {
        auto seam = std::make_shared<spool::FileSystemSeam>();
        seam->file_system = faults;
        settings.directory = directory.path() + "/spool";
        settings.high_water = 0;
        settings.low_water = 0;
        settings.ballast = 64 << 10;
        settings.reopen_back_off = std::chrono::milliseconds{1};
        settings.idle_flush = std::chrono::milliseconds{1};
        settings.file_system = seam;
        settings.on_event = [this](const spool::SpoolEvent& event) { told.note(event.id); };
    }

    void open()
    {
        auto opened = spool::make_rocksdb_spool(settings, listener, system_clock());
        ASSERT_TRUE(opened) << opened.error().words;
        spool = std::move(*opened);
        driver.emplace(*spool);
    }
    // The next write to the log is the first operation of `lasting` that fail.
    void fail_next_write(Effect effect, std::uint32_t lasting)
    {
        faults->arm({{FileKind::Wal, FileOperation::Append, 0}, effect, lasting, {}});
    }

    spool::testing::TemporaryDirectory directory;
    std::shared_ptr<FaultFileSystem> faults = std::make_shared<FaultFileSystem>(
        rocksdb::FileSystem::Default(), directory.path() + "/trash");
    Told told;
    spool::testing::RememberingListener listener;
    spool::testing::MessageMaker maker;
    spool::SpoolSettings settings;
    std::unique_ptr<spool::Spool> spool;
    std::optional<spool::testing::Driver> driver;
};

TEST_F(SpoolTells, OfAFullDiskOfItsBallastAndThatItWorksAgain)
{
    open();
    fail_next_write(Effect::NoSpace, 1);
    EXPECT_EQ(driver->commit(maker.message("x")), Durability::Unknown);
    ASSERT_TRUE(told.wait_for("spool.reopened"));
    EXPECT_THAT(told.ids(), Contains("spool.write-failed"));
    EXPECT_THAT(told.ids(), Contains("spool.ballast-released"));
    EXPECT_EQ(driver->commit(maker.message("y")), Durability::Durable);
    spool->close();
}

TEST_F(SpoolTells, OfABallastThatAStartOnAFullDiskNeeds)
{
    open();
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    spool->close();
    spool.reset();
    fail_next_write(Effect::NoSpace, 1);
    open();
    EXPECT_THAT(told.ids(), Contains("spool.ballast-released"));
    EXPECT_TRUE(driver->load(message->id));
    EXPECT_EQ(driver->commit(maker.message("y")), Durability::Durable);
    spool->close();
}

TEST_F(SpoolTells, OfEachAttemptToOpenThatFails)
{
    open();
    fail_next_write(Effect::IoError, 9);
    EXPECT_EQ(driver->commit(maker.message("x")), Durability::Unknown);
    ASSERT_TRUE(told.wait_for("spool.reopened"));
    EXPECT_THAT(told.ids(), Contains("spool.reopen-failed"));
    EXPECT_THAT(told.ids(), Not(Contains("spool.ballast-released"))) << "no room was missing";
    spool->close();
}

TEST_F(SpoolTells, OfOutcomesThatACloseLeavesUnrecorded)
{
    open();
    const auto message = maker.message("x");
    ASSERT_EQ(driver->commit(message), Durability::Durable);
    fail_next_write(Effect::IoError, kForGood);
    spool->record(driver->finished(message->id));
    ASSERT_TRUE(told.wait_for("spool.write-failed"));
    spool->close();
    EXPECT_THAT(told.ids(), Contains("spool.closed-failing"));
}

TEST_F(SpoolTells, OfADiskThatFillsAndHasRoomAgain)
{
    settings.high_water = 10 << 20;
    settings.low_water = 20 << 20;
    faults->set_free_space(4 << 20);
    open();
    EXPECT_TRUE(told.wait_for("spool.disk-full"));
    EXPECT_EQ(driver->commit(maker.message("too late")), Durability::Refused);
    EXPECT_THAT(told.ids(), Not(Contains("spool.disk-free-again")));
    faults->set_free_space(30 << 20);
    EXPECT_TRUE(told.wait_for("spool.disk-free-again"));
    EXPECT_EQ(driver->commit(maker.message("y")), Durability::Durable);
    spool->close();
}

}  // namespace
}  // namespace hermetic::crash
