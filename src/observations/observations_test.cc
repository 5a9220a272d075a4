#include "observations/observations.h"

#include "directory/sqlite.h"
#include "observations/keeper.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hermetic::observations {
namespace {

using facts::TlsVersion;
using objects::RatchetMode;
using objects::RatchetSettings;
using policy::ChosenBy;
using policy::Sighting;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const WallTime kBegin = *parse_rfc3339("2026-11-01T08:00:00Z");
const WallTime kNow = kBegin + days{30};
constexpr Sighting kGood{TlsVersion::Tls13, true, true};
constexpr Sighting kStripped{TlsVersion::None, false, false};

RatchetSettings mode(RatchetMode mode)
{
    RatchetSettings settings;
    settings.mode = mode;
    return settings;
}

DestinationKey key(const std::string& destination)
{
    return {"Example", destination};
}

class ObservationsTest : public testing::Test {
protected:
    ObservationsTest()
    {
        path_ = std::filesystem::temp_directory_path() /
                ("hermetic-observations-" + std::to_string(::getpid()) + "-" +
                 testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::create_directories(path_);
    }
    ~ObservationsTest() override { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string file() const { return path_ / "observations.sqlite"; }
    std::unique_ptr<Keeper> keep(Observations& observations)
    {
        auto keeper = Keeper::open(file(), observations, [&](const auto& what) { told = what; });
        if (!keeper) told = keeper.error();
        return keeper ? *std::move(keeper) : nullptr;
    }
    static void see_for_days(Observations& observations, const std::string& destination, int count,
                             ChosenBy by = ChosenBy::OwnSender)
    {
        const std::string host = "mx." + destination;
        for (int day = 0; day < count; ++day) {
            observations.note_session(key(destination), {host, kGood, by},
                                      mode(RatchetMode::Enforce), kBegin + days{day});
        }
    }
    // STARTTLS is gone: of how many sites this makes a mass stripping; 0: none, or told before.
    static std::size_t strip(Observations& observations, const std::string& destination,
                             ChosenBy by = ChosenBy::OwnSender)
    {
        const std::string host = destination.starts_with('[') ? destination : "mx." + destination;
        return observations
            .note_session(key(destination), {host, kStripped, by}, mode(RatchetMode::Enforce),
                          kBegin + days{3})
            .mass;
    }

    std::string told;

private:
    std::filesystem::path path_;
};

TEST_F(ObservationsTest, SurviveARestart)
{
    const auto enforce = mode(RatchetMode::Enforce);
    {
        Observations observations;
        const auto keeper = keep(observations);
        ASSERT_NE(keeper, nullptr) << told;
        see_for_days(observations, "example.org", 15);
        see_for_days(observations, "fell.test", 15);
        const WallTime now = kBegin + days{15};
        const auto held = observations.held_to(key("fell.test"), enforce, now);
        ASSERT_TRUE(held);
        EXPECT_TRUE(
            observations.note_failure(key("fell.test"), {"mx.fell.test", kStripped}, *held, now)
                .fall);
        observations.note_client(*IpAddress::parse("192.0.2.1"), TlsVersion::Tls10, "old.test",
                                 "example.net", now);
    }
    Observations again;
    const auto keeper = keep(again);
    ASSERT_NE(keeper, nullptr) << told;
    const auto held = again.held_to(key("example.org"), enforce, kBegin + days{16});
    ASSERT_TRUE(held);
    EXPECT_EQ(held->expectation.min, TlsVersion::Tls13);
    EXPECT_TRUE(held->expectation.verified_name);
    const auto all = again.destinations(kBegin + days{16});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].host, "mx.example.org");
    EXPECT_EQ(all[0].history.first_seen, kBegin);
    ASSERT_TRUE(all[1].history.fall);
    EXPECT_EQ(all[1].history.fall->since, kBegin + days{15});
    EXPECT_EQ(all[1].history.fall->until, kBegin + days{15} + hours{4});
    EXPECT_TRUE(all[1].history.chosen);
    EXPECT_EQ(all[1].history.fall->is, kStripped);
    EXPECT_TRUE(all[1].history.fall->held);
    EXPECT_EQ(all[1].history.fall->over, kBegin + days{15} + hours{8}) << "its mail never came";
    EXPECT_TRUE(all[1].history.fall->was.verified_name);
    ASSERT_EQ(again.clients(kNow).size(), 1U);
    EXPECT_EQ(again.clients(kNow)[0].helo, "old.test");
    EXPECT_EQ(again.clients(kNow)[0].sessions, 1U);
}

TEST_F(ObservationsTest, AreBoundedAndForgetTheLongestUnseenOnDiskToo)
{
    const Limits limits{40, 40, days{1000}};
    {
        Observations observations{limits};
        const auto keeper = keep(observations);
        ASSERT_NE(keeper, nullptr) << told;
        for (int i = 0; i < 100; ++i) {
            observations.note_session(key("d" + std::to_string(i) + ".test"), {"mx.test", kGood},
                                      mode(RatchetMode::Observe), kBegin + minutes{i});
            observations.note_client(*IpAddress::parse("192.0.2." + std::to_string(i)),
                                     TlsVersion::Tls11, "h", "", kBegin + minutes{i});
        }
        EXPECT_LE(observations.destinations(kNow).size(), 40U);
        EXPECT_LE(observations.clients(kNow).size(), 40U);
    }
    Observations again;
    const auto keeper = keep(again);
    EXPECT_LE(again.destinations(kNow).size(), 40U);
    EXPECT_LE(again.clients(kNow).size(), 40U);
    EXPECT_FALSE(again.destinations(kNow).empty());
}

TEST_F(ObservationsTest, AFileThatIsNoneCostsTheObservationsOnly)
{
    std::ofstream{file()} << std::string(5000, 'x');
    Observations observations;
    EXPECT_EQ(keep(observations), nullptr);
    EXPECT_NE(told.find("observations.sqlite"), std::string::npos) << told;
}

TEST_F(ObservationsTest, WhoOnlyReadsTheFileChangesNothing)
{
    {
        Observations observations;
        const auto keeper = keep(observations);
        ASSERT_NE(keeper, nullptr) << told;
        see_for_days(observations, "example.org", 15);
    }
    const auto octets = [this] {
        std::ifstream in{file(), std::ios::binary};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    };
    const std::string before = octets();
    Observations seen;
    const auto loaded = load(file(), seen);
    ASSERT_TRUE(loaded) << loaded.error();
    const auto held = seen.held_to(key("example.org"), mode(RatchetMode::Enforce), kNow);
    ASSERT_TRUE(held);
    EXPECT_EQ(held->seen_since, kBegin);
    EXPECT_EQ(octets(), before);

    Observations none;
    EXPECT_TRUE(load(file() + ".missing", none)) << "no server has run yet";
    EXPECT_FALSE(std::filesystem::exists(file() + ".missing"));
    std::ofstream{file()} << std::string(5000, 'x');
    EXPECT_FALSE(load(file(), none)) << "unknown is not nothing";
}

TEST_F(ObservationsTest, ModernClientsAreNotKept)
{
    Observations observations;
    const auto client = *IpAddress::parse("192.0.2.1");
    observations.note_client(client, TlsVersion::Tls12, "h", "", kBegin);
    observations.note_client(client, TlsVersion::None, "h", "", kBegin);
    EXPECT_TRUE(observations.clients(kNow).empty());
    observations.note_client(client, TlsVersion::Tls11, "h\r\n", "", kBegin);
    observations.note_client(client, TlsVersion::Tls11, "h", "example.net", kBegin + minutes{1});
    ASSERT_EQ(observations.clients(kNow).size(), 1U);
    EXPECT_EQ(observations.clients(kNow)[0].sessions, 2U);
    EXPECT_EQ(observations.clients(kNow)[0].first_seen, kBegin);
}

TEST_F(ObservationsTest, AMassStrippingHoldsWhoeverHadTlsForTheTimeOfTheHold)
{
    const auto enforce = mode(RatchetMode::Enforce);
    Observations observations;
    for (int i = 0; i < 8; ++i) see_for_days(observations, "d" + std::to_string(i) + ".co.uk", 2);
    const WallTime now = kBegin + days{3};
    std::size_t mass = 0;
    for (int i = 0; i < 5; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".co.uk";
        EXPECT_FALSE(observations.held_to(key(domain), enforce, now));
        mass += strip(observations, domain);
    }
    EXPECT_EQ(mass, 5U) << "told once, with the number of sites";
    EXPECT_EQ(observations.mass_since(now + minutes{1}), now);
    const auto held = observations.held_to(key("d7.co.uk"), enforce, now + minutes{1});
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->expectation.tls);
    EXPECT_EQ(held->until, now + hours{4});
    EXPECT_FALSE(observations.held_to(key("d7.co.uk"), mode(RatchetMode::Observe), now));
    EXPECT_FALSE(observations.held_to(key("d7.co.uk"), enforce, now + minutes{16}));
}

TEST_F(ObservationsTest, BouncesToStrangersAndAddressLiteralsRaiseNoMassStripping)
{
    Observations observations;
    for (int i = 0; i < 20; ++i) {
        const std::string literal = "[192.0.2." + std::to_string(i) + "]";
        const std::string stranger = "stranger" + std::to_string(i) + ".test";
        see_for_days(observations, literal, 2);
        see_for_days(observations, stranger, 2, ChosenBy::Stranger);
        EXPECT_EQ(strip(observations, literal), 0U);
        EXPECT_EQ(strip(observations, stranger, ChosenBy::Stranger), 0U);
    }
    EXPECT_FALSE(observations.mass_since(kBegin + days{3}));
}

TEST_F(ObservationsTest, StrangersThatFillTheTableFlushNoExpectation)
{
    Observations observations{Limits{40, 40, days{1000}}};
    see_for_days(observations, "partner.test", 15);
    const WallTime later = kBegin + days{20};
    for (int i = 0; i < 200; ++i) {
        observations.note_session(key("d" + std::to_string(i) + ".test"), {"mx.test", kGood},
                                  mode(RatchetMode::Enforce), later + minutes{i});
    }
    EXPECT_TRUE(observations.held_to(key("partner.test"), mode(RatchetMode::Enforce), kNow));
}

TEST_F(ObservationsTest, WhatWasSeenInTheFutureWasSeenNow)
{
    Observations observations;
    see_for_days(observations, "example.org", 15);
    const auto client = *IpAddress::parse("192.0.2.1");
    const WallTime future = kBegin + days{400};
    observations.note_session(key("example.org"), {"mx.example.org", kGood},
                              mode(RatchetMode::Enforce), future);
    observations.note_client(client, TlsVersion::Tls10, "h", "", future);
    EXPECT_EQ(observations.destinations(kNow).at(0).history.last_seen, kNow);
    EXPECT_EQ(observations.clients(kNow).at(0).last_seen, kNow);
    observations.note_client(client, TlsVersion::Tls10, "h", "", kNow + minutes{1});
    EXPECT_EQ(observations.clients(future).at(0).last_seen, kNow + minutes{1});
}

// The file of the version before this one: no end of a hold, and nobody who chose.
TEST_F(ObservationsTest, ReadsFormat1)
{
    {
        Observations observations;
        const auto keeper = keep(observations);
        ASSERT_NE(keeper, nullptr) << told;
        see_for_days(observations, "fell.test", 15);
        const WallTime fell = kBegin + days{15};
        const auto held = observations.held_to(key("fell.test"), mode(RatchetMode::Enforce), fell);
        ASSERT_TRUE(held);
        observations.note_failure(key("fell.test"), {"mx.fell.test", kStripped}, *held, fell);
    }
    {
        auto connection = directory::Connection::open(file(), directory::Access::ReadWrite);
        ASSERT_TRUE(connection);
        ASSERT_TRUE(
            connection->run("ALTER TABLE destination DROP COLUMN fell_until;"
                            "ALTER TABLE destination DROP COLUMN chosen;"
                            "PRAGMA user_version = 1;"));
    }
    Observations again;
    const auto keeper = keep(again);
    ASSERT_NE(keeper, nullptr) << told;
    const auto all = again.destinations(kBegin + days{15});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].history.fall->until, kBegin + days{15} + hours{4});
    EXPECT_TRUE(all[0].history.chosen);
}

TEST_F(ObservationsTest, AcceptingNamesOneOrganizationOrAll)
{
    Observations observations;
    see_for_days(observations, "example.org", 15);
    const auto enforce = mode(RatchetMode::Enforce);
    const WallTime now = kBegin + days{15};
    EXPECT_EQ(observations.accept("Other", "example.org", now), 0U);
    EXPECT_TRUE(observations.held_to(key("example.org"), enforce, now));
    EXPECT_EQ(observations.accept("", "example.org", now), 1U);
    EXPECT_FALSE(observations.held_to(key("example.org"), enforce, now));
}

}  // namespace
}  // namespace hermetic::observations
