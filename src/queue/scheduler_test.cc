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

TEST_F(SchedulerTest, SlowDownWithoutAnyAnswerRestsForAMoment)
{
    const auto grants = say(mail(1, "mx:a.test"));
    GrantEnded ended;
    ended.id = grants[0].id;
    ended.slow_down = true;
    ended.untouched = {message(1)};
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(wait(settings_.slow_down_rest * 2).size(), 1U);
}

TEST_F(SchedulerTest, GrantThatCameBackAsItWentIsNoBusyLoop)
{
    const auto grants = say(mail(1, "mx:a.test"));
    GrantEnded ended;
    ended.id = grants[0].id;
    ended.untouched = {message(1)};
    EXPECT_TRUE(say(ended).empty());
    EXPECT_EQ(wait(settings_.slow_down_rest * 2).size(), 1U);
    EXPECT_EQ(queue_.destinations()[0].limit, 3U) << "which says nothing about the peer";
}

TEST_F(SchedulerTest, FailedDestinationRestsLongerEachTime)
{
    auto grants = say(mail(1, "mx:a.test"));
    for (const Duration rest : {Duration{minutes{1}}, Duration{minutes{5}}, Duration{minutes{15}},
                                Duration{minutes{15}}}) {
        EXPECT_TRUE(say(unreachable_host(grants[0])).empty());
        EXPECT_TRUE(wait(rest * 8 / 10).empty());
        grants = wait(rest * 4 / 10);
        ASSERT_EQ(grants.size(), 1U);
    }
    EXPECT_TRUE(deliver(grants[0]).empty());
    EXPECT_EQ(say(mail(2, "mx:a.test")).size(), 1U);
    EXPECT_EQ(queue_.destinations()[0].failures, 0U) << "one success and it is as good as new";
}

TEST_F(SchedulerTest, LateReportsOfOneFailureCountOnce)
{
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 200; ++i) events.emplace_back(mail(i, "mx:a.test"));
    const auto grants = queue_.on(events, now_);
    ASSERT_EQ(grants.size(), 3U);
    for (const auto& grant : grants) (void)say(unreachable_host(grant));
    EXPECT_EQ(queue_.destinations()[0].failures, 1U);
    EXPECT_EQ(wait(minutes{2}).size(), 1U) << "one connection finds out whether it is back";
}

TEST_F(SchedulerTest, MailBehindARestingDestinationSaysWhyAndWhen)
{
    const auto grants = say(mail(1, "mx:a.test"));
    EXPECT_TRUE(say(unreachable_host(grants[0])).empty());
    (void)say(mail(2, "mx:a.test"));
    auto held = mail(3, "mx:a.test");
    held.held = true;
    (void)say(held);
    auto late = mail(4, "mx:a.test");
    late.next_attempt = now_ + hours{2};
    (void)say(late);
    const WallTime until = *queue_.destinations()[0].resting_until;
    for (const std::uint64_t waiting : {1, 2}) {
        EXPECT_EQ(queue_.find(message(waiting))->next_attempt, until);
        EXPECT_EQ(queue_.find(message(waiting))->waits_for, "connect.refused");
    }
    EXPECT_EQ(queue_.find(message(3))->waits_for, "");
    EXPECT_EQ(queue_.find(message(4))->waits_for, "") << "its own time is later";
    EXPECT_EQ(queue_.find(message(4))->next_attempt, late.next_attempt);
    EXPECT_EQ(wait(minutes{2}).size(), 1U);
    EXPECT_EQ(queue_.find(message(1))->waits_for, "");
}

TEST_F(SchedulerTest, MailThatWaitsForAConnectionSaysForWhich)
{
    settings_.connections = 2;
    settings_.connections_per_destination = 1;
    settings_.initial_concurrency = 1;
    queue_.configure(settings_);
    const auto grants = say(mail(1, "mx:a.test"));
    (void)say(mail(2, "mx:a.test"));
    EXPECT_EQ(queue_.find(message(1))->waits_for, "") << "it is under way";
    EXPECT_EQ(queue_.find(message(2))->waits_for, "queue.destination-busy");
    (void)say(mail(3, "mx:b.test"));
    (void)say(mail(4, "mx:c.test"));
    EXPECT_EQ(queue_.find(message(4))->waits_for, "queue.no-free-connection");
    EXPECT_EQ(queue_.find(message(4))->next_attempt, now_);
    (void)deliver(grants[0]);
    EXPECT_EQ(queue_.find(message(4))->waits_for, "");
    EXPECT_EQ(queue_.find(message(2))->waits_for, "queue.no-free-connection");
}

TEST_F(SchedulerTest, AMomentsRestHasItsReason)
{
    const auto grants = say(mail(1, "mx:a.test"));
    GrantEnded ended;
    ended.id = grants[0].id;
    ended.untouched = {message(1)};
    (void)say(ended);
    EXPECT_EQ(queue_.find(message(1))->waits_for, "queue.nothing-done");
    const auto other = say(mail(2, "mx:b.test"));
    ended.id = other[0].id;
    ended.untouched = {message(2)};
    ended.slow_down = true;
    (void)say(ended);
    EXPECT_EQ(queue_.find(message(2))->waits_for, "queue.asked-for-less");
}

TEST_F(SchedulerTest, WhatIsUnderWayWhileItIsRetriedIsDueWhenItComesBack)
{
    const auto grants = say(mail(1, "mx:a.test"));
    const auto other = say(mail(2, "mx:b.test"));
    const auto all = [](const routing::Route&) { return true; };
    EXPECT_EQ(queue_.retry_destinations(all, now_), 2U);
    const Event report[] = {deferred(1, hours{1}), all_well(grants[0])};
    EXPECT_EQ(queue_.on(report, now_).size(), 1U);
    EXPECT_EQ(say(unreachable_host(other[0])).size(), 1U) << "a failure from before";
}

TEST_F(SchedulerTest, RetryNowEndsTheRest)
{
    const auto grants = say(mail(1, "mx:a.test"));
    const Event report[] = {deferred(1, minutes{30}), unreachable_host(grants[0])};
    EXPECT_TRUE(queue_.on(report, now_).empty());
    EXPECT_TRUE(queue_.retry(message(1), now_));
    EXPECT_EQ(wait(seconds{0}).size(), 1U);
    EXPECT_FALSE(queue_.retry(message(1), now_)) << "under way";
}

TEST_F(SchedulerTest, WhatIsMadeDueWaitsForTheEndOfItsDestinationsRest)
{
    const auto grants = say(mail(1, "mx:a.test"));
    (void)say(unreachable_host(grants[0]));
    auto later = mail(2, "mx:a.test");
    later.next_attempt = now_ + hours{5};
    EXPECT_TRUE(say(later).empty());
    queue_.make_due(message(2), now_);
    EXPECT_EQ(queue_.find(message(2))->state, State::Waiting);
    EXPECT_TRUE(wait(seconds{1}).empty()) << "it rests on";
    EXPECT_EQ(numbers(wait(minutes{10}).at(0)), (std::vector<std::uint64_t>{1, 2}));
    queue_.make_due(message(3), now_);  // unknown: nothing
}

TEST_F(SchedulerTest, RetryOfChosenDestinationsWakesThemAndNoOther)
{
    for (std::uint64_t i = 1; i <= 2; ++i) {
        const auto grants = say(mail(i, i == 1 ? "mx:a.test" : "mx:b.test"));
        const Event report[] = {deferred(i, hours{1}), unreachable_host(grants[0])};
        (void)queue_.on(report, now_);
    }
    const auto is_a = [](const routing::Route& one) { return one == *route("mx:a.test"); };
    EXPECT_EQ(queue_.retry_destinations(is_a, now_), 1U);
    const auto grants = wait(seconds{0});
    ASSERT_EQ(grants.size(), 1U) << "it rests no longer";
    EXPECT_EQ(grants[0].route->label, "mx:a.test");
    EXPECT_EQ(queue_.retry_destinations([](const routing::Route&) { return false; }, now_), 0U);
}

TEST_F(SchedulerTest, RestingDestinationStillLetsMessagesExpire)
{
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 120; ++i) events.emplace_back(mail(i, "mx:a.test"));
    auto grants = queue_.on(events, now_);
    for (const auto& grant : grants) (void)say(unreachable_host(grant));
    bool settled = false;
    for (int minute = 0; minute < 24 * 60 && !settled; ++minute) {
        for (const auto& grant : wait(minutes{1})) {
            if (!grant.settle) {
                (void)say(unreachable_host(grant));
                continue;
            }
            settled = true;
            EXPECT_GE(now_, kStart + hours{4});
            EXPECT_LE(now_, kStart + hours{4} + minutes{15});
            EXPECT_EQ(grant.settle->reason, facts::Reason::ConnectRefused);
            for (const auto& one : grant.messages) (void)say(deferred(number(one.id), hours{1}));
            EXPECT_TRUE(say(all_well(grant)).empty());
        }
    }
    EXPECT_TRUE(settled);
    EXPECT_EQ(queue_.totals().deferred, 120U) << "all of them, and nothing connected for it";
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

// Hosts that accept and never greet: half of the connections is the others', within two rounds.
TEST_F(SchedulerTest, SilentDestinationsLeaveHalfOfTheConnectionsToTheOthers)
{
    settings_.connections = 10;
    queue_.configure(settings_);
    std::vector<GrantAction> open;
    for (std::uint64_t i = 0; i < 20; ++i) {
        for (auto& one : say(mail(i, "mx:dead" + std::to_string(i) + ".test"))) {
            open.push_back(std::move(one));
        }
    }
    ASSERT_EQ(open.size(), 9U) << "all but what is left to those that have answered";
    EXPECT_TRUE(say(mail(100, "mx:a.test")).empty());
    int rounds = 0;
    bool served = false;
    for (; rounds < 5 && !served; ++rounds) {
        std::vector<Event> silent;
        for (const auto& one : open) silent.emplace_back(PeerChanged{one.id, Peer::Silent});
        auto next = queue_.on(silent, now_);
        const auto ends = queue_.take_ends();
        EXPECT_EQ(ends.size(), open.size() - 5) << "more than half is not silent for long";
        for (const auto& end : ends) {
            const auto found = std::find_if(open.begin(), open.end(),
                                            [&](const auto& one) { return one.id == end.grant; });
            ASSERT_NE(found, open.end());
            for (auto& one : say(unreachable_host(*found))) next.push_back(std::move(one));
            open.erase(found);
        }
        for (auto& one : next) {
            served = served || one.route->label == "mx:a.test";
            open.push_back(std::move(one));
        }
        EXPECT_EQ(queue_.totals().connections, open.size());
        EXPECT_LE(open.size(), 10U);
    }
    EXPECT_TRUE(served) << "it had its turn while the dead ones rest";
    EXPECT_LE(rounds, 3);
}

TEST_F(SchedulerTest, WhoIsHeardAgainDoesNotEnd)
{
    settings_.connections = 2;
    queue_.configure(settings_);
    const auto one = say(mail(1, "mx:a.test"));
    const auto other = say(mail(2, "mx:b.test"));
    (void)say(PeerChanged{one[0].id, Peer::Silent});
    EXPECT_TRUE(queue_.take_ends().empty());
    (void)say(PeerChanged{one[0].id, Peer::Speaks});
    (void)say(PeerChanged{other[0].id, Peer::Silent});
    EXPECT_TRUE(queue_.take_ends().empty());
    (void)say(PeerChanged{one[0].id, Peer::SilentAfterDot});
    const auto ends = queue_.take_ends();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].grant, other[0].id) << "not who has the message already";
    EXPECT_EQ(ends[0].core, other[0].core);
    (void)say(PeerChanged{77, Peer::Silent});
    EXPECT_TRUE(queue_.take_ends().empty()) << "a grant that has ended meanwhile";
}

TEST_F(SchedulerTest, ADestinationWithASilentConnectionGetsNoFurtherOne)
{
    const auto first = say(mail(1, "mx:a.test"));
    ASSERT_EQ(first.size(), 1U);
    (void)say(PeerChanged{first[0].id, Peer::Silent});
    EXPECT_TRUE(say(mail(2, "mx:a.test")).empty());
    EXPECT_EQ(say(PeerChanged{first[0].id, Peer::Speaks}).size(), 1U);
}

TEST_F(SchedulerTest, ADestinationThatThinksLongAboutEachMessageGetsFurtherConnections)
{
    const auto first = say(mail(1, "mx:a.test"));
    ASSERT_EQ(first.size(), 1U);
    (void)say(PeerChanged{first[0].id, Peer::SilentAfterDot});
    EXPECT_EQ(say(mail(2, "mx:a.test")).size(), 1U);
}

// A stranger who takes messages and never answers cannot be cut, so the last connections are not
// for strangers.
class TakersOfMessages : public SchedulerTest {
protected:
    void SetUp() override
    {
        settings_.connections = 40;
        queue_.configure(settings_);
    }
    static Site site(int number)
    {
        return IpAddress::v4({198, 51, static_cast<std::uint8_t>(number), 0});
    }
    static std::string taker(std::uint64_t number) { return "mx:taker" + std::to_string(number); }

    // Mail to so many of them, and what is granted of it.
    std::vector<GrantAction> write_to_takers(std::uint64_t count)
    {
        std::vector<GrantAction> open;
        for (std::uint64_t i = 0; i < count; ++i) {
            for (auto& one : say(mail(++last_, taker(i)))) open.push_back(std::move(one));
        }
        return open;
    }
    void answer(const GrantAction& grant, const Site& from)
    {
        std::vector<Event> events;
        for (const auto& one : grant.messages) events.emplace_back(Finished{one.id});
        auto ended = all_well(grant);
        ended.site = from;
        events.emplace_back(ended);
        ASSERT_TRUE(queue_.on(events, now_).empty());
    }
    void keep_silent(const std::vector<GrantAction>& open,
                     const std::function<Site(std::size_t)>& at)
    {
        for (std::size_t i = 0; i < open.size(); ++i) {
            (void)say(PeerChanged{open[i].id, Peer::SilentAfterDot, at(i)});
        }
    }

    std::uint64_t last_ = 0;
};

TEST_F(TakersOfMessages, StrangersLeaveConnectionsToThoseThatHaveAnswered)
{
    for (const char* good : {"mx:good.test", "mx:better.test"}) {
        answer(say(mail(++last_, good)).at(0), site(200));
    }
    auto open = write_to_takers(100);
    EXPECT_EQ(open.size(), 36U);
    keep_silent(open, [](std::size_t i) { return site(static_cast<int>(i)); });
    EXPECT_TRUE(queue_.take_ends().empty()) << "none of them is ended";
    EXPECT_EQ(queue_.totals().connections, 36U);
    for (int round = 0; round < 3; ++round) {
        const auto good = say(mail(++last_, "mx:good.test"));
        ASSERT_EQ(good.size(), 1U);
        answer(good[0], site(200));
    }
    // One that takes its time before the final dot has a place too.
    const auto slow = say(mail(++last_, "mx:better.test"));
    ASSERT_EQ(slow.size(), 1U);
    (void)say(PeerChanged{slow[0].id, Peer::Silent, site(201)});
    EXPECT_TRUE(queue_.take_ends().empty());
}

TEST_F(TakersOfMessages, ManyDomainsOfOneSiteThatHadAnsweredOnceHaveAPartOfTheRest)
{
    for (std::uint64_t i = 0; i < 60; ++i) answer(say(mail(++last_, taker(i))).at(0), site(1));
    answer(say(mail(++last_, "mx:good.test")).at(0), site(2));
    auto open = write_to_takers(60);
    EXPECT_EQ(open.size(), 37U) << "a quarter of what is left to those that have answered";
    keep_silent(open, [](std::size_t) { return site(1); });
    EXPECT_EQ(say(mail(++last_, "mx:good.test")).size(), 1U);
}

TEST_F(TakersOfMessages, ASiteThatKeepsSilentHasNoneOfTheRest)
{
    for (std::uint64_t i = 0; i < 60; ++i) answer(say(mail(++last_, taker(i))).at(0), site(1));
    auto open = write_to_takers(1);
    keep_silent(open, [](std::size_t) { return site(1); });
    EXPECT_EQ(write_to_takers(60).size(), 36U) << "they count as strangers";
}

TEST_F(TakersOfMessages, WhoNeverAnsweredComesBehindStrangersTheNextTime)
{
    auto open = write_to_takers(40);
    ASSERT_EQ(open.size(), 36U);
    keep_silent(open, [](std::size_t i) { return site(static_cast<int>(i)); });
    std::vector<Event> events;
    for (const auto& one : open) {
        GrantEnded ended;
        ended.id = one.id;
        ended.settled = 1;
        events.emplace_back(deferred(number(one.messages[0].id), minutes{1}));
        events.emplace_back(ended);
    }
    EXPECT_EQ(queue_.on(events, now_).size(), 4U) << "the other strangers";
    EXPECT_EQ(wait(minutes{2}).size(), 28U) << "to four fifths in all";
    EXPECT_EQ(say(mail(++last_, "mx:new.test")).size(), 1U);
}

TEST_F(TakersOfMessages, NoDestinationFallsSilentOnMoreThanItsPart)
{
    settings_.connections = 8;
    settings_.grant_minimum = settings_.grant_maximum = 1;
    queue_.configure(settings_);
    std::vector<GrantAction> open;
    for (const char* destination : {"mx:a.test", "mx:a.test", "mx:b.test", "mx:b.test"}) {
        for (auto& one : say(mail(++last_, destination))) open.push_back(std::move(one));
    }
    ASSERT_EQ(open.size(), 4U);
    keep_silent(open, [](std::size_t i) { return site(i < 2 ? 1 : 2); });
    EXPECT_TRUE(say(mail(++last_, "mx:a.test")).empty()) << "two are its part of four";
    EXPECT_EQ(queue_.find(message(last_))->waits_for, "queue.destination-busy");
    EXPECT_EQ(say(PeerChanged{open[0].id, Peer::Speaks, site(1)}).size(), 1U);
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
