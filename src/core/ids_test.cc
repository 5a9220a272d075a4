#include "core/ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace hermetic {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds{1'469'918'176'385}};

TEST(Ids, AreOrderedAndNeverRepeatEvenWhenTheClockGoesBack)
{
    IdSource source{42, 1};
    MessageId last{};
    for (int i = 0; i < 1000; ++i) {
        const auto id = source.next<MessageId>(kNow - std::chrono::milliseconds{i});
        EXPECT_LT(last, id);
        last = id;
    }
}

TEST(Ids, OfTwoLanesDiffer)
{
    IdSource a{42, 1};
    IdSource b{42, 2};
    EXPECT_NE(a.next<MessageId>(kNow), b.next<MessageId>(kNow));
    std::set<SessionId> seen;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(a.next_session()).second);
}

// A million queued messages: ids that stood in a row in a table made each look-up read thousands.
TEST(Ids, OfOneMomentSpreadOverATable)
{
    constexpr std::size_t kCells = 1U << 17U;
    constexpr int kIds = 100'000;
    for (const unsigned shift : {0U, 20U, 40U}) {
        IdSource source{42, 1};
        std::set<std::size_t> cells;
        for (int i = 0; i < kIds; ++i) {
            const auto hash = std::hash<MessageId>{}(source.next<MessageId>(kNow));
            cells.insert((hash >> shift) & (kCells - 1));
        }
        // Chance alone gives 70,000.
        EXPECT_GT(cells.size(), 68'000U) << shift;
    }
}

TEST(Ids, AreWrittenAsUlids)
{
    IdSource source{7, 0};
    const auto id = source.next<MessageId>(kNow);
    const std::string text = format_id(id);
    EXPECT_EQ(text.size(), 26U);
    EXPECT_TRUE(text.starts_with("01ARYZ6S41")) << "the time part is the ULID's";
    EXPECT_EQ(parse_id<MessageId>(text), id);
    EXPECT_EQ(id_from_key<MessageId>(id.as_key()), id);
}

TEST(Ids, HaveOneDigitForEachFiveBits)
{
    std::array<std::uint8_t, 16> octets{};
    octets.fill(0xff);
    EXPECT_EQ(format_ulid(octets), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    for (std::size_t bit = 0; bit < 128; ++bit) {
        octets.fill(0);
        octets[bit / 8] = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        const std::string text = format_ulid(octets);
        EXPECT_EQ(std::ranges::count(text, '0'), 25) << bit << ": " << text;
        EXPECT_EQ(text[(bit + 2) / 5], "G8421"[(bit + 2) % 5]) << bit << ": " << text;
        EXPECT_EQ(parse_ulid(text), octets) << bit;
    }
}

TEST(Ids, RefuseWhatIsNoUlid)
{
    for (const char* bad :
         {"", "01ARYZ6S41", "81ARYZ6S410000000000000000", "01ARYZ6S41000000000000000U"}) {
        EXPECT_FALSE(parse_id<MessageId>(bad).has_value()) << bad;
    }
}

TEST(SessionId, IsSixteenHexadecimalDigits)
{
    EXPECT_EQ(format_id(SessionId{0xabc}), "0000000000000ABC");
}

}  // namespace
}  // namespace hermetic
