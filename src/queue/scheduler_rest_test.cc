// Destinations that fail: how long they rest, what mail behind them says, and what ends the rest.
#include "queue/fixture_for_tests.h"

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SchedulerRest : public QueueFixture {};

TEST_F(SchedulerRest, FailedDestinationRestsLongerEachTime)
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

TEST_F(SchedulerRest, MailThatNobodyAnsweredEndsNoRest)
{
    auto grants = say(mail(1, "mx:a.test"));
    (void)say(unreachable_host(grants[0]));
    grants = wait(minutes{2});
    ASSERT_EQ(grants.size(), 1U);
    auto unanswered = all_well(grants[0]);
    unanswered.answered = false;
    const Event events[] = {deferred(1, minutes{1}), unanswered};
    (void)queue_.on(events, now_);
    EXPECT_EQ(queue_.destinations()[0].failures, 1U);
    grants = wait(minutes{2});
    ASSERT_EQ(grants.size(), 1U);
    (void)say(unreachable_host(grants[0]));
    EXPECT_EQ(queue_.destinations()[0].failures, 2U) << "and the next rest is longer";
}

TEST_F(SchedulerRest, LateReportsOfOneFailureCountOnce)
{
    std::vector<Event> events;
    for (std::uint64_t i = 0; i < 200; ++i) events.emplace_back(mail(i, "mx:a.test"));
    const auto grants = queue_.on(events, now_);
    ASSERT_EQ(grants.size(), 3U);
    for (const auto& grant : grants) (void)say(unreachable_host(grant));
    EXPECT_EQ(queue_.destinations()[0].failures, 1U);
    EXPECT_EQ(wait(minutes{2}).size(), 1U) << "one connection finds out whether it is back";
}

TEST_F(SchedulerRest, MailBehindARestingDestinationSaysWhyAndWhen)
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
    const WallTime until = *queue_.destinations()[0].back_off_until;
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

TEST_F(SchedulerRest, MailThatWaitsForAConnectionSaysForWhich)
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

TEST_F(SchedulerRest, AMomentsRestHasItsReason)
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

TEST_F(SchedulerRest, WhatIsUnderWayWhileItIsRetriedIsDueWhenItComesBack)
{
    const auto grants = say(mail(1, "mx:a.test"));
    const auto other = say(mail(2, "mx:b.test"));
    const auto all = [](const routing::Route&) { return true; };
    EXPECT_EQ(queue_.retry_destinations(all, now_), 2U);
    const Event report[] = {deferred(1, hours{1}), all_well(grants[0])};
    EXPECT_EQ(queue_.on(report, now_).size(), 1U);
    EXPECT_EQ(say(unreachable_host(other[0])).size(), 1U) << "a failure from before";
}

TEST_F(SchedulerRest, RetryNowEndsTheRest)
{
    const auto grants = say(mail(1, "mx:a.test"));
    const Event report[] = {deferred(1, minutes{30}), unreachable_host(grants[0])};
    EXPECT_TRUE(queue_.on(report, now_).empty());
    EXPECT_TRUE(queue_.retry(message(1), now_));
    EXPECT_EQ(wait(seconds{0}).size(), 1U);
    EXPECT_FALSE(queue_.retry(message(1), now_)) << "under way";
}

TEST_F(SchedulerRest, WhatIsMadeDueWaitsForTheEndOfItsDestinationsRest)
{
    const auto grants = say(mail(1, "mx:a.test"));
    (void)say(unreachable_host(grants[0]));
    auto later = mail(2, "mx:a.test");
    later.next_attempt = now_ + hours{5};
    EXPECT_TRUE(say(later).empty());
    queue_.make_due(message(2), now_);
    EXPECT_EQ(queue_.find(message(2))->state, State::Waiting);
    EXPECT_TRUE(wait(seconds{1}).empty()) << "it keeps backing off";
    EXPECT_EQ(numbers(wait(minutes{10}).at(0)), (std::vector<std::uint64_t>{1, 2}));
    queue_.make_due(message(3), now_);  // unknown: nothing
}

TEST_F(SchedulerRest, RetryOfChosenDestinationsWakesThemAndNoOther)
{
    for (std::uint64_t i = 1; i <= 2; ++i) {
        const auto grants = say(mail(i, i == 1 ? "mx:a.test" : "mx:b.test"));
        const Event report[] = {deferred(i, hours{1}), unreachable_host(grants[0])};
        (void)queue_.on(report, now_);
    }
    const auto is_a = [](const routing::Route& one) { return one == *route("mx:a.test"); };
    EXPECT_EQ(queue_.retry_destinations(is_a, now_), 1U);
    const auto grants = wait(seconds{0});
    ASSERT_EQ(grants.size(), 1U) << "it backs off no longer";
    EXPECT_EQ(grants[0].route->label, "mx:a.test");
    EXPECT_EQ(queue_.retry_destinations([](const routing::Route&) { return false; }, now_), 0U);
}

TEST_F(SchedulerRest, RestingDestinationStillLetsMessagesExpire)
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

}  // namespace
}  // namespace hermetic::queue
