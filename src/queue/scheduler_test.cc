// Grants: what is granted, in which order, to how many connections.
#include "queue/fixture_for_tests.h"

#include <algorithm>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SchedulerTest : public QueueFixture {};

TEST_F(SchedulerTest, GrantsFreshMailAtOnceAndNeverTwice)
{
    const auto grants = say(mail(1, "mx:a.test"));
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_EQ(grants[0].route->label, "mx:a.test");
    EXPECT_EQ(numbers(grants[0]), std::vector<std::uint64_t>{1});
    EXPECT_FALSE(grants[0].settle);

    EXPECT_TRUE(say(mail(1, "mx:a.test")).empty())
        << "known already: start and listener may overlap";
    EXPECT_TRUE(wait(hours{1}).empty()) << "under way until its record comes";
    EXPECT_EQ(queue_.find(message(1))->state, State::UnderWay);
}

TEST_F(SchedulerTest, GrantsNothingWhileItIsNotTo)
{
    queue_.set_granting(Scheduler::Granting::Off);
    EXPECT_TRUE(say(mail(1, "mx:a.test")).empty());
    EXPECT_TRUE(say(mail(2, "mx:b.test")).empty());
    EXPECT_TRUE(wait(hours{1}).empty());
    EXPECT_FALSE(queue_.next_wake()) << "only events can change anything";
    EXPECT_EQ(queue_.totals().waiting, 2U);
    queue_.set_granting(Scheduler::Granting::On);
    EXPECT_EQ(wait(hours{}).size(), 2U);
}

TEST_F(SchedulerTest, SettlesNothingEitherWhileItIsNotToGrant)
{
    const auto grants = say(mail(1, "mx:a.test"));
    ASSERT_EQ(grants.size(), 1U);
    queue_.set_granting(Scheduler::Granting::Off);
    EXPECT_TRUE(say(unreachable_host(grants[0])).empty());
    for (int hour = 0; hour < 6; ++hour) EXPECT_TRUE(wait(hours{1}).empty()) << hour;
}

TEST_F(SchedulerTest, KeepsTheLease)
{
    auto arrived = mail(1, "mx:a.test");
    arrived.lease = {42, kStart + hours{1}};
    EXPECT_EQ(say(arrived)[0].messages[0].lease, (LeaseMark{42, kStart + hours{1}}));
}

TEST_F(SchedulerTest, FinishedMessageIsGone)
{
    const auto grants = say(mail(1, "mx:a.test"));
    EXPECT_TRUE(deliver(grants[0]).empty());
    EXPECT_EQ(queue_.totals(), Totals{});
    EXPECT_FALSE(queue_.find(message(1)));
    EXPECT_FALSE(queue_.next_wake());
}

TEST_F(SchedulerTest, DeferredMessageComesBackAtItsTime)
{
    const auto grants = say(mail(1, "mx:a.test"));
    (void)say(deferred(1, minutes{1}));
    (void)say(all_well(grants[0]));
    EXPECT_EQ(queue_.next_wake(), now_ + minutes{1});
    EXPECT_TRUE(wait(seconds{59}).empty());
    const auto again = wait(seconds{1});
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(numbers(again[0]), std::vector<std::uint64_t>{1});
}

TEST_F(SchedulerTest, RecordMayComeAfterTheGrantsEnd)
{
    const auto grants = say(mail(1, "mx:a.test"));
    EXPECT_TRUE(say(all_well(grants[0])).empty()) << "its outcome is still being recorded";
    EXPECT_EQ(queue_.find(message(1))->state, State::UnderWay);
    (void)say(deferred(1, minutes{1}));
    EXPECT_EQ(queue_.find(message(1))->state, State::Deferred);
}

TEST_F(SchedulerTest, UntouchedMessagesGoFirstInTheirOldOrder)
{
    settings_.connections_per_destination = 1;
    queue_.configure(settings_);
    std::vector<Event> events;
    for (std::uint64_t i = 1; i <= 3; ++i) events.emplace_back(mail(i, "mx:a.test"));
    auto grants = queue_.on(events, now_);
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_TRUE(say(mail(4, "mx:a.test")).empty());
    auto ended = all_well(grants[0]);
    ended.settled = 1;
    ended.untouched = {message(2), message(3)};
    const Event report[] = {Finished{message(1)}, ended};
    grants = queue_.on(report, now_);
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_EQ(numbers(grants[0]), (std::vector<std::uint64_t>{2, 3, 4}));
}

TEST_F(SchedulerTest, UntouchedOfAnotherGrantIsIgnored)
{
    const auto first = say(mail(1, "mx:a.test"));
    (void)say(deferred(1, seconds{0}));  // granted again, under another number
    auto ended = all_well(first[0]);
    ended.untouched = {message(1)};
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(queue_.find(message(1))->state, State::UnderWay);
}

TEST_F(SchedulerTest, HeldMessageWaitsForItsRelease)
{
    auto arrived = mail(1, "mx:a.test");
    arrived.held = true;
    EXPECT_TRUE(say(arrived).empty());
    EXPECT_TRUE(wait(hours{100}).empty());
    EXPECT_EQ(queue_.totals().held, 1U);
    EXPECT_FALSE(queue_.retry(message(1), now_)) << "release comes first";

    ASSERT_TRUE(queue_.reserve(message(1), now_));
    EXPECT_EQ(say(deferred(1, seconds{0})).size(), 1U);
    EXPECT_EQ(queue_.totals().held, 0U);
}

TEST_F(SchedulerTest, ReservedMessageIsNotGrantedAndReturnsAsItWas)
{
    const auto grants = say(mail(1, "mx:a.test"));
    EXPECT_FALSE(queue_.reserve(message(1), now_)) << "under way";
    (void)say(deferred(1, minutes{1}));
    (void)say(all_well(grants[0]));
    ASSERT_TRUE(queue_.reserve(message(1), now_));
    EXPECT_FALSE(queue_.reserve(message(1), now_));
    EXPECT_TRUE(wait(hours{1}).empty());
    queue_.release(message(1), now_);
    EXPECT_EQ(wait(seconds{0}).size(), 1U);
    EXPECT_FALSE(queue_.reserve(message(9), now_)) << "unknown";
}

TEST_F(SchedulerTest, OneGrantHasSeveralMessagesAndABoundOfOctets)
{
    auto big = mail(1, "mx:a.test");
    big.size = settings_.grant_octets;
    const Event events[] = {big, mail(2, "mx:a.test"), mail(3, "mx:a.test")};
    const auto grants = queue_.on(events, now_);
    ASSERT_EQ(grants.size(), 2U);
    EXPECT_EQ(numbers(grants[0]), std::vector<std::uint64_t>{1})
        << "a large one keeps nobody waiting";
    EXPECT_EQ(numbers(grants[1]), (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(SchedulerTest, ConcurrencyGrowsWithSuccessUpToTheCap)
{
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 20000; ++i) events.emplace_back(mail(i, "mx:a.test"));
    auto grants = queue_.on(events, now_);
    EXPECT_EQ(grants.size(), 3U) << "a destination nothing is known about";
    std::uint32_t most = 0;
    for (int round = 0; round < 300 && !grants.empty(); ++round) {
        auto more = deliver(grants.front());
        grants.erase(grants.begin());
        grants.insert(grants.end(), more.begin(), more.end());
        most = std::max(most, queue_.totals().connections);
    }
    EXPECT_EQ(most, settings_.connections_per_destination);
}

TEST_F(SchedulerTest, SlowDownHalvesConcurrency)
{
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 1000; ++i) events.emplace_back(mail(i, "mx:a.test"));
    const auto grants = queue_.on(events, now_);
    ASSERT_EQ(grants.size(), 3U);
    auto ended = all_well(grants[0]);
    ended.slow_down = true;
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(queue_.destinations()[0].limit, 1U);
    EXPECT_TRUE(deliver(grants[1]).empty());
    EXPECT_EQ(deliver(grants[2]).size(), 1U) << "one connection stays";
}

TEST_F(SchedulerTest, SlowDownWithoutAnyAnswerBacksOffBriefly)
{
    const auto grants = say(mail(1, "mx:a.test"));
    GrantEnded ended;
    ended.id = grants[0].id;
    ended.slow_down = true;
    ended.untouched = {message(1)};
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(wait(settings_.slow_down_back_off * 2).size(), 1U);
}

TEST_F(SchedulerTest, GrantThatCameBackAsItWentIsNoBusyLoop)
{
    const auto grants = say(mail(1, "mx:a.test"));
    GrantEnded ended;
    ended.id = grants[0].id;
    ended.untouched = {message(1)};
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(wait(settings_.slow_down_back_off * 2).size(), 1U);
    EXPECT_EQ(queue_.destinations()[0].limit, 3U) << "which says nothing about the peer";
}

TEST_F(SchedulerTest, ReroutedMailFollowsItsDomain)
{
    (void)say(mail(1, "mx:a.test"));
    (void)say(deferred(1, hours{1}));
    (void)say(mail(2, "mx:a.test"));  // under way while the route changes
    const auto grants =
        say(Rerouted{{{question("mx:a.test"), route("hosts:smtp://relay.test:25")}}});
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_EQ(grants[0].route->label, "hosts:smtp://relay.test:25");
    EXPECT_EQ(numbers(grants[0]), std::vector<std::uint64_t>{1});

    const auto later = say(deferred(2, seconds{0}));
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].route->label, "hosts:smtp://relay.test:25");
    EXPECT_EQ(queue_.questions(), std::vector{question("mx:a.test")});
    EXPECT_EQ(queue_.with({question("mx:b.test"), question("mx:a.test")}).size(), 2U);
    EXPECT_TRUE(queue_.with({question("mx:b.test")}).empty());
}

TEST_F(SchedulerTest, PrefersTheCoreThatServedTheDestination)
{
    settings_.cores = 4;
    queue_.configure(settings_);
    const auto first = say(mail(1, "mx:a.test"));
    const auto other = say(mail(2, "mx:b.test"));
    EXPECT_NE(first[0].core, other[0].core) << "the least loaded";
    (void)deliver(first[0]);
    EXPECT_EQ(say(mail(3, "mx:a.test"))[0].core, first[0].core) << "its connection is kept there";
}

TEST_F(SchedulerTest, IdleDestinationsAreForgottenOldestFirst)
{
    settings_.idle_destinations = 2;
    queue_.configure(settings_);
    for (std::uint64_t i = 0; i < 10; ++i) {
        const auto grants = say(mail(i, "mx:d" + std::to_string(i) + ".test"));
        ASSERT_EQ(grants.size(), 1U);
        (void)deliver(grants[0]);
    }
    EXPECT_EQ(queue_.totals(), Totals{});
    EXPECT_TRUE(queue_.destinations().empty());
}

TEST_F(SchedulerTest, MemoryOfALongQueueThatHasDrainedIsGivenBackAndMailGoesOn)
{
    for (int round = 0; round < 2; ++round) {
        std::vector<Event> events;
        std::vector<std::string> senders;
        constexpr std::uint64_t kMany = 12'000;  // several chunks, each message a flow of its own
        for (std::uint64_t i = 0; i < kMany; ++i) senders.push_back(std::to_string(i) + "@x.test");
        for (std::uint64_t i = 0; i < kMany; ++i) {
            events.emplace_back(mail(i, "mx:a.test", senders[i]));
        }
        std::uint64_t delivered = 0;
        auto grants = queue_.on(events, now_);
        while (!grants.empty()) {
            std::vector<GrantAction> more;
            for (const GrantAction& grant : grants) {
                delivered += grant.messages.size();
                for (GrantAction& one : deliver(grant)) more.push_back(std::move(one));
            }
            grants = std::move(more);
        }
        EXPECT_EQ(delivered, kMany);
        EXPECT_EQ(queue_.totals(), Totals{});
        EXPECT_FALSE(queue_.find(message(1)).has_value());
    }
}

TEST_F(SchedulerTest, TotalIsCappedAndFreshDestinationsComeBeforeSecondConnections)
{
    settings_.connections = 8;
    settings_.share_for_more = 0.5;
    queue_.configure(settings_);
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 1000; ++i) events.emplace_back(mail(i, "mx:a.test"));
    for (std::uint64_t i = 0; i < 1000; ++i) events.emplace_back(mail(1000 + i, "mx:b.test"));
    EXPECT_EQ(queue_.on(events, now_).size(), 4U) << "half of the connections for second ones";
    for (std::uint64_t i = 0; i < 10; ++i) {
        (void)say(mail(5000 + i, "mx:d" + std::to_string(i) + ".test"));
    }
    EXPECT_EQ(queue_.totals().connections, 8U);
}

}  // namespace
}  // namespace hermetic::queue
