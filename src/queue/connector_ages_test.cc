#include "queue/fixture_for_tests.h"

#include <gmock/gmock.h>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

routing::RoutePointer by_connector(std::string_view domain, std::string_view connector,
                                   std::string_view organization = "Us")
{
    auto made = std::make_shared<routing::Route>(*route(domain));
    made->connector = connector;
    made->organization = organization;
    return made;
}

class ConnectorAgesTest : public QueueFixture {
protected:
    ConnectorAgesTest() { queue_.set_granting(Scheduler::Granting::Off); }

    void arrive(std::uint64_t id, const routing::RoutePointer& to, bool held = false)
    {
        Arrived event = mail(id, to->domain);
        event.route = to;
        event.held = held;
        say(event);
    }
    // "organization/connector" and the age of the oldest.
    std::vector<std::pair<std::string, Duration>> oldest()
    {
        std::vector<std::pair<std::string, Duration>> all;
        for (const OldestRow& each : queue_.oldest_by_connector()) {
            all.emplace_back(each.name->organization + "/" + each.name->connector,
                             now_ - each.accepted_at);
        }
        return all;
    }
};

TEST_F(ConnectorAgesTest, TheOldestOfAllItsDestinationsCounts)
{
    arrive(1, by_connector("a.test", "bank"));
    arrive(2, route("mx:other.test"));
    wait(minutes{10});
    arrive(3, by_connector("b.test", "bank"));
    arrive(4, by_connector("a.test", "bank", "Others"));
    EXPECT_THAT(oldest(), UnorderedElementsAre(Pair("Us/bank", minutes{10}),
                                               Pair("Others/bank", minutes{0})));
    say(Finished{message(4)});
    say(Finished{message(1)});
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/bank", minutes{0})));
    say(Finished{message(3)});
    EXPECT_THAT(oldest(), IsEmpty());
}

// An age that began anew with each attempt would never say that mail is stuck.
TEST_F(ConnectorAgesTest, AnAttemptDoesNotMakeAMessageYounger)
{
    queue_.set_granting(Scheduler::Granting::On);
    arrive(1, by_connector("a.test", "bank"));
    wait(minutes{40});
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/bank", minutes{40}))) << "under way";
    say(deferred(1, hours{1}));
    wait(minutes{20});
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/bank", hours{1}))) << "deferred";
}

TEST_F(ConnectorAgesTest, WhatAnOperatorHoldsDoesNotCountUntilItIsReleased)
{
    arrive(1, by_connector("a.test", "bank"), true);
    wait(minutes{5});
    EXPECT_THAT(oldest(), IsEmpty());
    ASSERT_TRUE(queue_.reserve(message(1), now_));
    EXPECT_THAT(oldest(), IsEmpty());
    say(deferred(1, minutes{0}));
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/bank", minutes{5})));
    ASSERT_TRUE(queue_.reserve(message(1), now_));
    Deferred hold = deferred(1, minutes{0});
    hold.held = true;
    say(hold);
    EXPECT_THAT(oldest(), IsEmpty());
}

TEST_F(ConnectorAgesTest, FollowsAMessageToItsNewRoute)
{
    arrive(1, by_connector("a.test", "bank"));
    wait(minutes{5});
    const auto moved = by_connector("a.test", "new");
    const std::vector<std::pair<routing::RouteQuestion, routing::RoutePointer>> answers{
        {question("a.test"), moved}};
    say(Rerouted{answers});
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/new", minutes{5})));
}

// What has left stays in the heap until it comes to the top; it must not be taken for another's
// message that has its place in memory, and must not pile up behind one old message.
TEST_F(ConnectorAgesTest, HoldsWhenManyComeAndGoBehindAnOldOne)
{
    arrive(1, by_connector("a.test", "bank"));
    for (std::uint64_t id = 2; id < 2000; ++id) {
        wait(minutes{1});
        arrive(id, by_connector("b.test", "bank"));
        ASSERT_THAT(oldest(), ElementsAre(Pair("Us/bank", minutes{id - 1})));
        say(Finished{message(id)});
    }
    say(Finished{message(1)});
    arrive(3000, by_connector("c.test", "slow"));
    wait(minutes{1});
    EXPECT_THAT(oldest(), ElementsAre(Pair("Us/slow", minutes{1})));
}

}  // namespace
}  // namespace hermetic::queue
