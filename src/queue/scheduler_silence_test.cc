// Peers that keep silent: how many connections they may have, and what is left to the others.
#include "queue/fixture_for_tests.h"

#include <algorithm>
#include <functional>

namespace hermetic::queue {
namespace {

using std::chrono::minutes;

class SchedulerSilence : public QueueFixture {};

// Hosts that accept and never greet: half of the connections is the others', within two rounds.
TEST_F(SchedulerSilence, SilentDestinationsLeaveHalfOfTheConnectionsToTheOthers)
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
    EXPECT_TRUE(served) << "it had its turn while the unreachable ones back off";
    EXPECT_LE(rounds, 3);
}

TEST_F(SchedulerSilence, WhoIsHeardAgainDoesNotEnd)
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

TEST_F(SchedulerSilence, ADestinationWithASilentConnectionGetsNoFurtherOne)
{
    const auto first = say(mail(1, "mx:a.test"));
    ASSERT_EQ(first.size(), 1U);
    (void)say(PeerChanged{first[0].id, Peer::Silent});
    EXPECT_TRUE(say(mail(2, "mx:a.test")).empty());
    EXPECT_EQ(say(PeerChanged{first[0].id, Peer::Speaks}).size(), 1U);
}

TEST_F(SchedulerSilence, ADestinationThatThinksLongAboutEachMessageGetsFurtherConnections)
{
    const auto first = say(mail(1, "mx:a.test"));
    ASSERT_EQ(first.size(), 1U);
    (void)say(PeerChanged{first[0].id, Peer::SilentAfterDot});
    EXPECT_EQ(say(mail(2, "mx:a.test")).size(), 1U);
}

// A stranger who takes messages and never answers cannot be cut, so the last connections are not
// for strangers.
class TakersOfMessages : public SchedulerSilence {
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

}  // namespace
}  // namespace hermetic::queue
