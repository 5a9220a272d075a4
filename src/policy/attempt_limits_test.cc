#include "policy/attempt_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace hermetic::policy {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;

const Instant kStart{std::chrono::hours{1000}};

AttemptCandidate found(HopFinding finding, int minute = 0)
{
    return {false, finding, kStart + minutes{minute}};
}

AttemptCandidate left_untried(AttemptCandidate candidate)
{
    candidate.left_untried = true;
    return candidate;
}

constexpr auto kUnsettled = HopFinding::Unsettled;
constexpr auto kRefused = HopFinding::Refused;
constexpr auto kFailed = HopFinding::HandshakesFailed;
constexpr auto kSilent = HopFinding::Silent;
constexpr auto kNoHost = HopFinding::NoHost;
const AttemptCandidate kUnknown{};

TEST(AttemptLimits, WhereTheyAreFewAllAreTriedInTheirOrder)
{
    const std::vector<AttemptCandidate> few{found(kNoHost), found(kFailed), kUnknown};
    const auto choice = choose_candidates(few, 3);
    EXPECT_THAT(choice.tried, ElementsAre(0, 1, 2));
    EXPECT_EQ(choice.left_out, LeftOut{});
}

TEST(AttemptLimits, OfManyTheFirstAreTriedAndTheOthersBarClearText)
{
    const std::vector<AttemptCandidate> many(5);
    const auto choice = choose_candidates(many, 3);
    EXPECT_THAT(choice.tried, ElementsAre(0, 1, 2));
    EXPECT_EQ(choice.left_out, (LeftOut{true, true}));
}

TEST(AttemptLimits, WhatNobodyHasTriedYetComesFirst)
{
    const std::vector<AttemptCandidate> many{found(kFailed), found(kUnsettled), kUnknown, kUnknown};
    EXPECT_THAT(choose_candidates(many, 3).tried, ElementsAre(2, 3, 1));
    const std::vector<AttemptCandidate> late{found(kFailed), kUnknown,
                                             left_untried(found(kSilent))};
    EXPECT_THAT(choose_candidates(late, 2).tried, ElementsAre(1, 2)) << "there was no time for it";
}

TEST(AttemptLimits, OfThoseThatWereTriedTheOldestAreChosenAndKeepTheirOrder)
{
    const std::vector<AttemptCandidate> many{found(kFailed, 3), found(kFailed, 1),
                                             found(kFailed, 4), found(kFailed, 2)};
    EXPECT_THAT(choose_candidates(many, 3).tried, ElementsAre(0, 1, 3));
}

// So that one attempt has all that can decide about clear text, whatever else there is.
TEST(AttemptLimits, WhoCanBeReachedIsTriedBeforeWhoCannot)
{
    const std::vector<AttemptCandidate> many{found(kNoHost, 0), found(kSilent, 1),
                                             found(kFailed, 9), found(kUnsettled, 9)};
    EXPECT_THAT(choose_candidates(many, 2).tried, ElementsAre(2, 3));
}

// Every attempt takes others, until all have been tried.
TEST(AttemptLimits, EveryOneHasItsTurn)
{
    std::vector<AttemptCandidate> many(10);
    for (int attempt = 0; attempt < 4; ++attempt) {
        const auto choice = choose_candidates(many, 3);
        EXPECT_EQ(choice.left_out.bars_clear, attempt < 3) << attempt;
        for (const auto index : choice.tried) many[index] = found(kFailed, attempt);
    }
}

TEST(AttemptLimits, WhatFollowsEnoughCandidatesChangesNothing)
{
    std::vector<AttemptCandidate> many;
    for (int i = 0; i < 100; ++i) {
        many.push_back(i % 3 == 0 ? found(kFailed, i) : kUnknown);
        if (i % 5 == 0) many.push_back(left_untried(found(kRefused, i)));
    }
    EnoughCandidates enough{8};
    std::size_t examined = 0;
    while (!enough.after(many[examined++])) {
    }
    EXPECT_LT(examined, 20U);
    const auto choice = choose_candidates({many.data(), examined}, 8);
    const auto of_all = choose_candidates(many, 8);
    EXPECT_EQ(choice.tried, of_all.tried);
    EXPECT_EQ(choice.left_out, of_all.left_out);

    EnoughCandidates of_known{2};
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(of_known.after(found(kFailed, i))) << "all count";
}

AttemptCandidate lacking(const smtp::Offer& offer)
{
    auto candidate = found(kUnsettled);
    candidate.lacking = offer;
    return candidate;
}

// Hosts that offered a message too little may take another one, and are not waited for with it.
TEST(AttemptLimits, WhatIsLeftOutMayTakeWhatItOffersEnoughFor)
{
    const std::vector<AttemptCandidate> many{kUnknown, lacking({100, false, false}),
                                             lacking({300, true, false})};
    const auto left_out = choose_candidates(many, 1).left_out;
    EXPECT_EQ(left_out, (LeftOut{true, false, smtp::Offer{300, true, false}}));
    EXPECT_TRUE(may_take(left_out)) << "nothing is known of the mail";
    EXPECT_TRUE(may_take(left_out, {300, true, {}, false}));
    EXPECT_FALSE(may_take(left_out, {301, false, {}, false}));
    EXPECT_FALSE(may_take(left_out, {10, false, {}, true}));
    const std::vector<AttemptCandidate> more{kUnknown, lacking({100, false, false}),
                                             found(kUnsettled)};
    EXPECT_TRUE(may_take(choose_candidates(more, 1).left_out, {301, false, {}, false}))
        << "another one failed otherwise";
}

struct Row {
    const char* name;
    AttemptCandidate left_out;
    LeftOut expected;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class LeftOutCandidate : public testing::TestWithParam<Row> {};

TEST_P(LeftOutCandidate, CountsByWhatIsKnownOfIt)
{
    const auto& row = GetParam();
    // The last one, whatever it is: the others have not been tried.
    const std::vector<AttemptCandidate> many{left_untried({}), left_untried({}), row.left_out};
    EXPECT_EQ(choose_candidates(many, 2).left_out, row.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, LeftOutCandidate,
    testing::Values(
        Row{"Unknown", kUnknown, {true, true}}, Row{"Unsettled", found(kUnsettled), {true, true}},
        Row{"Lacking", lacking({100, false, false}), {true, false, smtp::Offer{100, false, false}}},
        Row{"LackingLongAgo", left_untried(lacking({100, false, false})), {true, true}},
        Row{"Refused", found(kRefused), {true, false}},
        Row{"HandshakesFailed", found(kFailed), {false, true}},
        Row{"Silent", found(kSilent), {false, true}}, Row{"NoHost", found(kNoHost), {false, false}},
        Row{"NoTime", left_untried(found(kFailed)), {true, true}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace hermetic::policy
