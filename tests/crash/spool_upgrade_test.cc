// Mail that an earlier version has queued is all there, with every field (docs/formats/spool.md).
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace hermetic::crash {
namespace {

struct Fixture {
    const char* folder;
    std::vector<WaitingMail> (*mail)();
};
constexpr Fixture kFixtures[] = {
    {"spool-1", mail_of_version_1}, {"spool-2", mail_of_version_2}, {"spool-3", mail_of_version_3}};

class SpoolUpgrade : public testing::TestWithParam<Fixture> {
protected:
    SpoolUpgrade()
    {
        // A start changes its files.
        std::filesystem::copy(std::string{HERMETIC_SPOOL_FIXTURES "/"} + GetParam().folder,
                              directory.path() + "/spool",
                              std::filesystem::copy_options::recursive);
        settings.directory = directory.path() + "/spool";
        // Folders that git does not keep, as they are empty.
        for (unsigned folder = 0; folder < 256; ++folder) {
            std::filesystem::create_directories(
                fmt::format("{}/bodies/{:02x}", settings.directory, folder));
        }
        settings.high_water = settings.low_water = settings.ballast = 0;
        settings.body_file_threshold = kFixtureBodyThreshold;
        settings.on_event = [this](const spool::SpoolEvent& event) {
            const std::lock_guard lock{mutex};
            if (event.severity != spool::SpoolEvent::Severity::Info)
                complaints.emplace_back(std::string{event.id} + ": " + event.words);
        };
    }

    void open()
    {
        auto opened = spool::make_rocksdb_spool(settings, listener, system_clock());
        ASSERT_TRUE(opened) << opened.error().words;
        spool = *std::move(opened);
    }

    spool::testing::TemporaryDirectory directory;
    spool::testing::RememberingListener listener;
    spool::SpoolSettings settings;
    std::mutex mutex;
    std::vector<std::string> complaints;
    std::unique_ptr<spool::Spool> spool;
};

TEST_P(SpoolUpgrade, EveryMessageIsThereWithEveryField)
{
    open();
    ASSERT_NE(spool, nullptr);
    spool::testing::Driver driver{*spool};
    const auto claimed = driver.claim_all();
    const auto expected = GetParam().mail();
    EXPECT_EQ(claimed.size(), expected.size()) << "no more than that: what was over stays so";
    for (const WaitingMail& mail : expected) {
        SCOPED_TRACE(mail.what);
        const auto found = claimed.find(mail.message->id);
        ASSERT_NE(found, claimed.end());
        EXPECT_EQ(*found->second.envelope, *mail.message->envelope);
        EXPECT_EQ(found->second.state, mail.message->state);
        EXPECT_EQ(found->second.body.id, mail.message->body.id);

        const auto loaded = driver.load(mail.message->id);
        ASSERT_NE(loaded, nullptr);
        EXPECT_EQ(*loaded->envelope, *mail.message->envelope);
        EXPECT_EQ(loaded->state, mail.message->state);
        EXPECT_EQ(loaded->body.in_file, mail.message->body.in_file);
        EXPECT_EQ(loaded->body.in_file ? driver.read(loaded->body)
                                       : std::string{loaded->body.bytes.view()},
                  mail.body);
    }
    spool->close();
    EXPECT_TRUE(complaints.empty()) << complaints.front();
}

// What this version writes over it is read at the next start, and what is done with stays so.
TEST_P(SpoolUpgrade, ItsMailIsChangedAndEnds)
{
    const auto expected = GetParam().mail();
    open();
    ASSERT_NE(spool, nullptr);
    {
        spool::testing::Driver driver{*spool};
        (void)driver.claim_all();
        for (const WaitingMail& mail : expected) {
            spool::MessageState state = mail.message->state;
            ++state.attempts;
            const bool keep = mail.message->state.attempts != 0;
            auto change =
                keep ? driver.deferred(mail.message->id, state) : driver.finished(mail.message->id);
            EXPECT_EQ(driver.record(std::move(change)), spool::Durability::Durable) << mail.what;
        }
        spool->close();
    }
    open();
    ASSERT_NE(spool, nullptr);
    spool::testing::Driver driver{*spool};
    const auto claimed = driver.claim_all();
    for (const WaitingMail& mail : expected) {
        const auto found = claimed.find(mail.message->id);
        const bool kept = mail.message->state.attempts != 0;
        ASSERT_EQ(found != claimed.end(), kept) << mail.what;
        if (!kept) continue;
        EXPECT_EQ(found->second.state.attempts, mail.message->state.attempts + 1) << mail.what;
        EXPECT_EQ(*found->second.envelope, *mail.message->envelope) << mail.what;
    }
    spool->close();
    EXPECT_TRUE(complaints.empty()) << complaints.front();
}

INSTANTIATE_TEST_SUITE_P(Fixtures, SpoolUpgrade, testing::ValuesIn(kFixtures),
                         [](const auto& each) { return fmt::format("Spool{}", each.index + 1); });

}  // namespace
}  // namespace hermetic::crash
