#include "cli/queue_words.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

using boost::json::parse;

TEST(QueueWords, AgesAreShort)
{
    EXPECT_EQ(format_age(-1), "0s");
    EXPECT_EQ(format_age(59), "59s");
    EXPECT_EQ(format_age(3599), "59m");
    EXPECT_EQ(format_age(3600), "1h");
    EXPECT_EQ(format_age(3 * 3600 + 12 * 60 + 5), "3h12m");
    EXPECT_EQ(format_age(5 * 86400 + 2 * 3600), "5d2h");
}

TEST(QueueWords, TheListHasRecipientsAgesAndWhyItWaits)
{
    const auto body = parse(R"({"messages": [{"id": "A", "state": "deferred", "age": 90,
        "from": "a@x.test", "to": ["b@y.test", "c@y.test"], "recipients": 2,
        "destination": "mx:y.test", "size": 12, "attempts": 1,
        "accepted_at": "2026-11-30T12:00:00.000Z", "next_attempt": "2026-11-30T12:06:30.000Z",
        "last_reason": "rcpt.deferred", "waits_for": "queue.paused"}], "cursor": 3})");
    const std::string text = format_list(body, "");
    for (const char* part : {"b@y.test +1", "1m", "in 5m", "queue.paused", "--limit"})
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
    EXPECT_EQ(text.find("rcpt.deferred"), std::string::npos);
    EXPECT_EQ(format_list(parse(R"({"messages": []})"), "none\n"), "none\n");
    EXPECT_EQ(format_recipients(parse(R"({"to": [], "recipients": 3})")), "3 recipients");
}

TEST(QueueWords, TheSummaryAddsUp)
{
    const auto body = parse(R"({"age_minutes": [5, 10], "rows": [{"destination": "mx:y.test",
        "reason": "connect.refused", "messages": 7, "held": 0, "oldest": 300, "by_age": [0, 7, 0]}],
        "others": {"messages": 2, "held": 1, "oldest": 60, "by_age": [2, 0, 0]}, "left_out": 2,
        "total": {"messages": 9, "size": 900, "held": 1, "oldest": 300, "by_age": [2, 7, 0]}})");
    const std::string text = format_summary(body, "");
    for (const char* part : {"10+", "connect.refused", "(2 more rows)", "TOTAL", "9 messages, 900"})
        EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
    EXPECT_EQ(format_summary(parse("{}"), "none\n"), "none\n");
}

TEST(QueueWords, AnEmptyListSaysWhetherTheQueueIs)
{
    EXPECT_EQ(format_nothing(Listed::Everything, 0), "the queue is empty\n");
    EXPECT_EQ(format_nothing(Listed::Selection, 0), "the queue is empty\n");
    EXPECT_EQ(format_nothing(Listed::Selection, 6), "no message matches (6 are queued)\n");
    EXPECT_EQ(format_nothing(Listed::Selection, 1), "no message matches (1 is queued)\n");
}

TEST(QueueWords, ACauseSaysWhichAttemptsEndedSo)
{
    const auto once = parse(R"({"attempts": 1, "first": 2, "last": 2, "host": "mx.y.test",
        "last_at": "2026-11-30T12:00:00.000Z", "reason": "connect.refused", "text": "no"})");
    EXPECT_EQ(format_cause(once),
              "attempt 2, at 2026-11-30T12:00:00.000Z, mx.y.test: connect.refused, no");
    const auto often = parse(R"({"attempts": 3, "first": 1, "last": 4, "host": "",
        "last_at": "2026-11-30T12:00:00.000Z", "reason": "connect.refused", "text": "no"})");
    EXPECT_EQ(format_cause(often),
              "3 attempts, from 1 to 4, last at 2026-11-30T12:00:00.000Z: connect.refused, no");
}

TEST(QueueWords, DestinationsSayWhoPausedThem)
{
    const auto body = parse(R"({"destinations": [{"destination": "mx:y.test", "paused_by": "alice",
        "paused_at": "2026-11-30T12:00:00.000Z", "paused_because": "moving"}]})");
    EXPECT_NE(format_destinations(body).find("by alice since 2026-11-30T12:00:00.000Z: moving"),
              std::string::npos)
        << format_destinations(body);
}

TEST(QueueWords, TheQuestionSaysWhatAndHowMany)
{
    EXPECT_EQ(format_question(QueueOperation::Hold, 37, Notify::Sender), "Hold 37 messages?");
    EXPECT_EQ(format_question(QueueOperation::Remove, 1, Notify::Nobody),
              "Remove 1 message without notices?");
}

TEST(QueueWords, ASelectionIsAQuery)
{
    QueueSelection selection;
    EXPECT_TRUE(selection.empty());
    selection.sender = "<>";
    selection.older_than = "4h";
    EXPECT_EQ(selection.query(), "&sender=%3C%3E&older_than=4h");
    EXPECT_FALSE(selection.empty());
}

}  // namespace
}  // namespace hermetic::cli
