#include "facts/attempt_history.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::facts {
namespace {

WallTime at(int minute)
{
    return WallTime{std::chrono::minutes{minute}};
}

Outcome outcome(Reason reason, std::string text = "words")
{
    Outcome made;
    made.reason = reason;
    made.text = std::move(text);
    return made;
}

TEST(AttemptHistory, CountsWhatEndsAlikeTogether)
{
    AttemptHistory history;
    note(history, 1, at(0), outcome(Reason::ConnectRefused), "mx1");
    note(history, 2, at(1), outcome(Reason::ConnectRefused, "again"), "mx1");
    note(history, 3, at(6), outcome(Reason::ConnectRefused), "mx2");
    note(history, 4, at(20), outcome(Reason::ConnectRefused, "still"), "mx1");
    ASSERT_EQ(history.causes.size(), 2U);
    EXPECT_EQ(history.causes[0],
              (AttemptCause{1, 4, 3, at(0), at(20), Reason::ConnectRefused, "mx1", "still"}));
    EXPECT_EQ(history.causes[1],
              (AttemptCause{3, 3, 1, at(6), at(6), Reason::ConnectRefused, "mx2", "words"}));
}

TEST(AttemptHistory, TheSameOfSeveralRecipientsIsOneAttempt)
{
    AttemptHistory history;
    for (int recipient = 0; recipient < 3; ++recipient) {
        note(history, 1, at(0), outcome(Reason::RcptDeferred), "mx");
    }
    EXPECT_EQ(history.causes.at(0).count, 1U);
}

TEST(AttemptHistory, AnAttemptThatWasMadeBeforeItsTimeIsOneMore)
{
    AttemptHistory history;
    note(history, 2, at(0), outcome(Reason::ConnectRefused), "mx");
    note(history, 2, at(5), outcome(Reason::ConnectRefused), "mx");
    EXPECT_EQ(history.causes.at(0).count, 2U);
    EXPECT_EQ(history.causes.at(0).last_at, at(5));
}

TEST(AttemptHistory, IsBoundedAndKeepsTheFirstAndTheLatest)
{
    AttemptHistory history;
    for (std::uint32_t number = 1; number <= 100; ++number) {
        note(history, number, at(0), outcome(Reason{static_cast<std::uint16_t>(number)}), "mx");
    }
    ASSERT_EQ(history.causes.size(), AttemptHistory::kMaxCauses);
    EXPECT_EQ(history.causes.front().reason, Reason{1});
    EXPECT_EQ(history.causes[1].reason, Reason{94});
    EXPECT_EQ(history.causes.back().reason, Reason{100});
    EXPECT_EQ(history.left_out, 92U);
}

TEST(AttemptHistory, WordsArePrintableBoundedAndTellWhoseTheyAre)
{
    AttemptHistory history;
    Outcome remote = outcome(Reason::RcptDeferred, "a\nb\x1b" + std::string(1000, 'x'));
    remote.origin = Origin::Remote;
    remote.code = 451;
    note(history, 1, at(0), remote, "evil\r\nhost");
    EXPECT_TRUE(history.causes[0].text.starts_with("451 a b\\x1B")) << history.causes[0].text;
    EXPECT_LE(history.causes[0].text.size(), 200U);
    EXPECT_EQ(history.causes[0].host.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hermetic::facts
