#include "queue/pauses.h"

#include "queue/fixture_for_tests.h"

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Pauses, TextComesBackAsItWas)
{
    const WallTime at{hours{24 * 365 * 50}};
    Pauses pauses;
    EXPECT_EQ(parse_pauses(format_pauses(pauses)), pauses);
    pauses["mx:a.test"] = {"alice", "moving house", at};
    pauses["hosts:smtp://relay.test:25;connector=big bank"] = {"bob", "", at + seconds{1}};
    EXPECT_EQ(parse_pauses(format_pauses(pauses)), pauses);
    EXPECT_EQ(describe(pauses["mx:a.test"]),
              "paused by alice since " + format_rfc3339(at) + ": moving house");
}

TEST(Pauses, DamagedTextIsRefused)
{
    Pauses pauses;
    pauses["mx:a.test"] = {"alice", "moving house", WallTime{hours{24 * 365 * 50}}};
    const std::string text = format_pauses(pauses);
    // Up to here it has every line, and is as an earlier version wrote it.
    const std::size_t whole = text.rfind("crc32c ");
    ASSERT_NE(whole, std::string::npos);
    for (std::size_t length = 0; length < text.size(); ++length) {
        const bool complete = length == whole || length + 1 == whole;
        EXPECT_EQ(parse_pauses(text.substr(0, length)).has_value(), complete) << length;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char other : {static_cast<char>(text[at] ^ 1), '\0', '\n'}) {
            std::string altered = text;
            altered[at] = other;
            EXPECT_EQ(parse_pauses(altered).has_value(), altered == text) << at;
        }
    }
    EXPECT_EQ(parse_pauses("hermetic paused destinations 1\nend\ncrc32c 1\n").error(),
              "line 3: the checksum is not that of the lines before it");
    EXPECT_FALSE(parse_pauses("hermetic paused destinations 2\nend\n"));
    EXPECT_EQ(parse_pauses("hermetic paused destinations 1\nmx:a\nend\n").error(),
              "line 2: not a destination, time, account and reason");
}

TEST(Pauses, ATextWithoutChecksumIsOfAnEarlierVersion)
{
    const auto pauses = parse_pauses(
        "hermetic paused destinations 1\nmx:a.test\t2026-11-30T12:00:00.000Z\talice\t\nend\n");
    ASSERT_TRUE(pauses);
    EXPECT_EQ(pauses->at("mx:a.test").by, "alice");
}

TEST(Pauses, DestinationsAreLabelsOrDomains)
{
    EXPECT_EQ(parse_destination("A.test"), "mx:a.test");
    EXPECT_EQ(parse_destination("mx:a.test;connector=big bank"), "mx:a.test;connector=big bank");
    EXPECT_EQ(parse_destination("A.test."), "mx:a.test") << "as DNS writes it";
    EXPECT_EQ(parse_destination("bücher.test"), "mx:xn--bcher-kva.test");
    EXPECT_EQ(parse_destination(""), "");
    EXPECT_EQ(parse_destination("."), "");
    EXPECT_EQ(parse_destination("a.test.."), "");
    EXPECT_EQ(parse_destination("no domain"), "");
    EXPECT_EQ(parse_destination("mx:A.Test;organization=Big"), "mx:a.test;organization=Big");
    EXPECT_EQ(parse_destination("[192.0.2.1]"), "mx:[192.0.2.1]");
    EXPECT_EQ(parse_destination("mx:[IPv6:2001:DB8::1]"), "mx:[IPv6:2001:db8::1]");
    EXPECT_EQ(parse_destination("hosts:smtp://Relay.test,lmtp+unix:/run/a;;b;connector=c"),
              "hosts:smtp://relay.test:25,lmtp+unix:/run/a;;b;connector=c");
    EXPECT_EQ(parse_destination("max:a.test"), "") << "no route has such a label";
    EXPECT_EQ(parse_destination("hosts:relay.test"), "");
    EXPECT_EQ(parse_destination("mx:a.test;conector=bank"), "");
    EXPECT_EQ(parse_destination("mx:a.test\nmx:b.test"), "");
    EXPECT_EQ(parse_destination("mx:" + std::string(5000, 'a')), "");
}

TEST(Pauses, LabelsOfEarlierFilesBecomeKeys)
{
    Pauses pauses;
    pauses["mx:a.test"] = {"alice", "", {}};
    pauses["mx:b.test;organization=Big"] = {"bob", "", {}};
    const Pauses complete = complete_keys(pauses, "First");
    ASSERT_EQ(complete.size(), 2U);
    EXPECT_EQ(complete.at("mx:a.test;organization=First").by, "alice");
    EXPECT_EQ(complete.at("mx:b.test;organization=Big").by, "bob");
}

class PauseTest : public QueueFixture {
protected:
    void pause(const std::string& label)
    {
        Pauses pauses = queue_.pauses();
        pauses[label] = {"alice", "moving", now_};
        queue_.set_pauses(std::move(pauses), now_);
    }
    void resume(const std::string& label)
    {
        Pauses pauses = queue_.pauses();
        pauses.erase(label);
        queue_.set_pauses(std::move(pauses), now_);
    }
};

TEST_F(PauseTest, NothingGoesToAPausedDestinationUntilItIsResumed)
{
    pause("mx:a.test");
    EXPECT_TRUE(say(mail(1, "mx:a.test")).empty());
    EXPECT_EQ(say(mail(2, "mx:b.test")).size(), 1U) << "others go on";
    EXPECT_TRUE(wait(hours{1}).empty());
    const auto row = queue_.find(message(1));
    EXPECT_EQ(row->waits_for, "queue.paused");
    EXPECT_EQ(row->pause->by, "alice");
    EXPECT_FALSE(queue_.find(message(2))->pause);
    EXPECT_TRUE(queue_.retry(message(1), now_));
    EXPECT_TRUE(wait(seconds{1}).empty()) << "a retry does not resume it";
    resume("mx:a.test");
    EXPECT_EQ(numbers(wait(seconds{0}).at(0)), std::vector<std::uint64_t>{1});
}

// The label of an organization's routes changes when another comes to be the first.
TEST_F(PauseTest, IsOfTheRouteWhateverItsLabelIs)
{
    const auto of = [](const char* organization, const char* label) {
        routing::Route one;
        one.domain = "a.test";
        one.organization = organization;
        one.label = label;
        return std::make_shared<const routing::Route>(one);
    };
    const auto arrive = [&](std::uint64_t number, const routing::RoutePointer& route) {
        Arrived event = mail(number, "mx:a.test");
        event.question.organization = route->organization;
        event.route = route;
        return say(event);
    };
    pause("mx:a.test;organization=B");
    EXPECT_TRUE(arrive(1, of("B", "mx:a.test")).empty());
    EXPECT_TRUE(arrive(2, of("B", "mx:a.test;organization=B")).empty());
    EXPECT_EQ(arrive(3, of("A", "mx:a.test")).size(), 1U) << "another's, with the label of before";
    EXPECT_EQ(queue_.find(message(1))->pause->by, "alice");
    EXPECT_EQ(queue_.find(message(2))->pause->by, "alice");
    EXPECT_FALSE(queue_.find(message(3))->pause);
    EXPECT_EQ(queue_.destinations().size(), 2U) << "the pause is listed with its mail";
}

// Mail that comes again to a destination that is known brings the label of its own time.
TEST_F(PauseTest, AKnownDestinationTakesTheLabelOfNewMail)
{
    const auto labelled = [](const char* label) {
        auto one = std::make_shared<routing::Route>(*route("mx:a.test"));
        one->label = label;
        return routing::RoutePointer{one};
    };
    Arrived event = mail(1, "mx:a.test");
    event.route = labelled("mx:a.test");
    const auto grants = say(event);
    ASSERT_EQ(grants.size(), 1U);
    (void)say(Finished{message(1)});
    (void)say(all_well(grants.at(0)));
    pause("mx:a.test");
    event = mail(2, "mx:a.test");
    event.route = labelled("mx:a.test;organization=B");
    EXPECT_TRUE(say(event).empty());
    EXPECT_EQ(queue_.find(message(2))->route->label, "mx:a.test;organization=B");
    EXPECT_EQ(queue_.find(message(2))->pause->by, "alice");
    ASSERT_EQ(queue_.destinations().size(), 1U);
    EXPECT_TRUE(queue_.destinations()[0].pause);
}

TEST_F(PauseTest, WhatIsUnderWayComesBackAndWaits)
{
    const auto grants = say(mail(1, "mx:a.test"));
    pause("mx:a.test");
    EXPECT_EQ(queue_.find(message(1))->state, State::UnderWay);
    (void)say(deferred(1, minutes{1}));
    EXPECT_TRUE(say(all_well(grants.at(0))).empty());
    EXPECT_TRUE(wait(minutes{2}).empty());
    EXPECT_EQ(queue_.find(message(1))->state, State::Waiting);
    resume("mx:a.test");
    EXPECT_EQ(wait(seconds{0}).size(), 1U);
}

// Expiry and the notice of delay, without a connection.
TEST_F(PauseTest, MailForAPausedDestinationIsSettledInTime)
{
    pause("mx:a.test");
    for (std::uint64_t i = 0; i < 3; ++i) (void)say(mail(i, "mx:a.test"));
    std::size_t settled = 0;
    for (int minute = 0; minute < 5 * 60; ++minute) {
        for (const auto& grant : wait(minutes{1})) {
            ASSERT_TRUE(grant.settle);
            EXPECT_EQ(grant.settle->reason, facts::Reason::QueuePaused);
            EXPECT_GE(now_, kStart + hours{4});
            EXPECT_LE(now_, kStart + hours{4} + minutes{15});
            settled += grant.messages.size();
            for (const auto& one : grant.messages) (void)say(deferred(number(one.id), hours{20}));
            (void)say(all_well(grant));
        }
    }
    EXPECT_EQ(settled, 3U);
    EXPECT_EQ(queue_.totals().connections, 0U);
}

TEST_F(PauseTest, PausedDestinationsAreListedWithoutMailToo)
{
    pause("mx:a.test");
    pause("mx:b.test");
    (void)say(mail(1, "mx:a.test"));
    const auto rows = queue_.destinations();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].route->label, "mx:a.test");
    EXPECT_EQ(rows[0].messages, 1U);
    EXPECT_EQ(rows[0].pause->why, "moving");
    EXPECT_EQ(rows[1].route->label, "mx:b.test");
    EXPECT_TRUE(rows[1].pause);
    EXPECT_FALSE(queue_.next_wake() && *queue_.next_wake() <= now_) << "it would spin";
}

}  // namespace
}  // namespace hermetic::queue
