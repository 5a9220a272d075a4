#include "spool/log_octets.h"

#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::spool {
namespace {

using ::testing::ElementsAre;
using testing::make_text;

// A batch of one entry, as far as a log looks into it.
std::string batch(std::uint64_t sequence, std::size_t length)
{
    std::string octets;
    for (int shift = 0; shift < 64; shift += 8) octets += static_cast<char>(sequence >> shift);
    octets += std::string{"\1\0\0\0", 4};
    return octets + make_text(length, sequence);
}

struct Log {
    std::string octets;
    std::vector<std::string> batches;
    std::vector<std::size_t> ends;

    explicit Log(std::initializer_list<std::size_t> lengths)
    {
        LogWriter writer;
        for (const std::size_t length : lengths) {
            batches.push_back(batch(batches.size() + 1, length));
            octets += writer.append(batches.back());
            ends.push_back(octets.size());
        }
    }
};

std::vector<std::string> read_batches(std::string_view octets)
{
    std::vector<std::string> batches;
    (void)read_log(octets, [&](std::string_view found) { batches.emplace_back(found); });
    return batches;
}

TEST(LogOctets, WhatIsWrittenIsRead)
{
    // Over the ends of blocks, in every distance from them.
    for (std::size_t length = 32'615; length < 32'645; ++length) {
        const Log log{100, length, 5, 70'000};
        const LogReading reading = read_log(log.octets);
        EXPECT_EQ(reading.records, 4U) << length;
        EXPECT_EQ(reading.sound, log.octets.size());
        EXPECT_FALSE(reading.has_torn_end);
        EXPECT_EQ(reading.first_sequence, 1U);
        EXPECT_EQ(reading.last_sequence, 4U);
        EXPECT_EQ(read_batches(log.octets), log.batches);
    }
}

TEST(LogOctets, OfNothingThereIsNothing)
{
    EXPECT_EQ(read_log(""), LogReading{});
    EXPECT_FALSE(read_log(std::string(5000, '\0')).has_torn_end) << "room that was set apart";
}

TEST(LogOctets, ATornEndIsToldFromDamageWithinAtEveryLength)
{
    const Log log{100, 300, 40'000};
    for (std::size_t length = 0; length < log.octets.size(); length += length < 600 ? 1 : 397) {
        const LogReading reading = read_log(log.octets.substr(0, length));
        EXPECT_EQ(reading.records_behind, 0U);
        const auto whole = static_cast<std::size_t>(
            std::ranges::count_if(log.ends, [&](std::size_t end) { return end <= length; }));
        ASSERT_EQ(reading.records, whole) << length;
        const std::size_t sound = whole == 0 ? 0 : log.ends[whole - 1];
        ASSERT_EQ(reading.sound, sound);
        ASSERT_EQ(reading.has_torn_end, length > sound);
    }
}

TEST(LogOctets, AnOctetThatIsFlippedLosesItsRecordAlone)
{
    const Log log{100, 70'000, 300, 400};
    for (std::size_t at = 0; at < log.octets.size(); at += at < 150 || at > 70'800 ? 1 : 3'499) {
        std::string damaged = log.octets;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        const auto hit = static_cast<std::size_t>(
            std::ranges::count_if(log.ends, [&](std::size_t end) { return end <= at; }));
        const LogReading reading = read_log(damaged);
        ASSERT_TRUE(reading.has_torn_end) << at;
        ASSERT_EQ(reading.records, hit) << at;
        ASSERT_EQ(reading.records_behind, log.ends.size() - hit - 1) << at;
        auto expected = log.batches;
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(hit));
        ASSERT_EQ(read_batches(damaged), expected) << at;
    }
}

TEST(LogOctets, SectorsOfZerosInTheLastRecordAreATornEnd)
{
    const Log log{100, 70'000};
    std::string torn = log.octets;
    for (std::size_t at = 512; at + 512 < torn.size(); at += 1024) torn.replace(at, 512, 512, '\0');
    const LogReading reading = read_log(torn);
    EXPECT_EQ(reading.records, 1U);
    EXPECT_TRUE(reading.has_torn_end);
    EXPECT_EQ(reading.records_behind, 0U);
}

// Somebody mails the log of another server.
TEST(LogOctets, WhatLooksLikeARecordInATornMessageIsNone)
{
    LogWriter other;
    const std::string foreign = other.append(batch(1'000'000, 200));
    LogWriter writer;
    std::string octets = writer.append(batch(1, 100));
    octets += writer.append(batch(2, 50) + foreign + make_text(500, 3));
    octets.resize(octets.size() - 100);
    EXPECT_EQ(read_log(octets).records_behind, 0U);
}

}  // namespace
}  // namespace hermetic::spool
