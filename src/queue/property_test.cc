// Random histories: whatever happens, no message is granted twice at a time and none is forgotten.
#include "queue/fixture_for_tests.h"

#include <map>
#include <set>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A world that answers grants at random, and checks each against what it knows.
class World {
public:
    explicit World(std::uint64_t seed) : random_{seed}, queue_{settings(), seed} {}

    void run(int steps)
    {
        for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) one_step();
    }

    // From here on everything is delivered: all that is left must come out.
    void drain()
    {
        queue_.set_pauses({}, now_);
        say();  // what is held must have arrived to be released
        for (int step = 0; step < 5000 && !(alive_.empty() && running_.empty()); ++step) {
            for (const auto& id : held_) {
                if (queue_.reserve(message(id), now_)) events_.emplace_back(defer(id, seconds{0}));
            }
            held_.clear();
            while (!running_.empty()) end_grant(running_.begin()->first, Mood::Delivers);
            say();
            now_ += minutes{20};
        }
        EXPECT_TRUE(alive_.empty()) << alive_.size() << " messages were forgotten";
        EXPECT_EQ(queue_.totals(), Totals{});
    }

    [[nodiscard]] const std::string& history() const { return history_; }

private:
    enum class Mood { Delivers, Defers, Mixed, Unreachable, SlowsDown };

    static Settings settings()
    {
        Settings settings;
        settings.cores = 3;
        settings.connections = 10;
        settings.connections_per_destination = 4;
        settings.grant_maximum = 6;
        settings.grant_minimum = 2;
        settings.idle_destinations = 3;
        return settings;
    }

    void one_step()
    {
        switch (random_.below(7)) {
        case 6:
            change_peer();
            break;
        case 0:
            arrive();
            break;
        case 1:
        case 2:
            end_some_grant();
            break;
        case 3:
            now_ += std::chrono::seconds{random_.below(600)};
            break;
        case 4:
            operate();
            break;
        default:
            break;
        }
        if (random_.below(2) == 0) say();
    }

    void arrive()
    {
        Arrived event;
        const std::uint64_t id = next_++;
        event.id = message(id);
        const std::string& name = kKeys[random_.below(kKeys.size())];
        event.question = question(name);
        event.route = route(name);
        event.sender = kSenders[random_.below(kSenders.size())];
        event.size = random_.below(10) == 0 ? 20U << 20 : 1000;
        event.accepted_at = now_;
        event.attention = now_ + hours{4};
        event.next_attempt = random_.below(4) == 0 ? now_ + minutes{random_.below(60)} : now_;
        event.held = random_.below(10) == 0;
        if (event.held) held_.insert(id);
        alive_.insert(id);
        events_.emplace_back(event);
        if (random_.below(10) == 0) events_.emplace_back(event);
    }

    Deferred defer(std::uint64_t id, Duration wait)
    {
        Deferred event;
        event.id = message(id);
        event.next_attempt = now_ + std::chrono::duration_cast<WallTime::duration>(wait);
        event.attention = now_ + hours{random_.below(100)};
        return event;
    }

    void finish(std::uint64_t id)
    {
        alive_.erase(id);
        under_way_.erase(id);
        events_.emplace_back(Finished{message(id)});
    }

    void change_peer()
    {
        if (running_.empty()) return;
        auto grant = running_.begin();
        std::advance(grant, static_cast<std::ptrdiff_t>(random_.below(running_.size())));
        events_.emplace_back(
            PeerChanged{grant->first, static_cast<Peer>(random_.below(3)), some_site()});
    }

    Site some_site()
    {
        const auto number = static_cast<std::uint8_t>(random_.below(4));
        return number == 0 ? Site{} : IpAddress::v4({198, 51, number, 0});
    }

    void end_some_grant()
    {
        if (running_.empty()) return;
        auto grant = running_.begin();
        std::advance(grant, static_cast<std::ptrdiff_t>(random_.below(running_.size())));
        end_grant(grant->first, static_cast<Mood>(random_.below(5)));
    }

    void end_grant(std::uint64_t id, Mood mood)
    {
        const auto messages = running_.extract(id).mapped();
        GrantEnded ended;
        ended.id = id;
        std::vector<std::uint64_t> recorded_later;
        for (const std::uint64_t one : messages) {
            if (mood == Mood::Unreachable || (mood != Mood::Delivers && random_.below(5) == 0)) {
                under_way_.erase(one);
                ended.untouched.push_back(message(one));
                continue;
            }
            ++ended.settled;
            if (random_.below(3) == 0) {
                recorded_later.push_back(one);
            } else {
                record(one, mood);
            }
        }
        if (mood == Mood::Unreachable) ended.destination_failure = refused();
        ended.answered = mood != Mood::Unreachable && random_.below(3) != 0;
        if (ended.answered) ended.site = some_site();
        ended.slow_down = mood == Mood::SlowsDown;
        events_.emplace_back(ended);
        for (const std::uint64_t one : recorded_later) record(one, mood);
    }

    void record(std::uint64_t id, Mood mood)
    {
        if (mood == Mood::Delivers || (mood == Mood::Mixed && random_.below(2) == 0)) {
            finish(id);
        } else {
            under_way_.erase(id);
            events_.emplace_back(defer(id, minutes{random_.below(90)}));
        }
    }

    void operate()
    {
        say();
        const std::uint64_t id = random_.below(next_ + 1);
        switch (random_.below(5)) {
        case 0:
            (void)queue_.retry(message(id), now_);
            break;
        case 1:
            pause_or_resume();
            break;
        case 2:
            if (!queue_.reserve(message(id), now_)) break;
            EXPECT_EQ(under_way_.count(id), 0U) << "reserved while it was granted";
            say();
            if (random_.below(2) == 0) {
                queue_.release(message(id), now_);
            } else {
                held_.erase(id);
                finish(id);
            }
            break;
        case 3:
            events_.emplace_back(
                Rerouted{{{question(kKeys[random_.below(kKeys.size())]), route("hosts:new")},
                          {question("mx:nowhere.test"), route("hosts:new")}}});
            break;
        default:
            EXPECT_EQ(count_all(), alive_.size());
            break;
        }
    }

    void pause_or_resume()
    {
        Pauses pauses = queue_.pauses();
        const std::string& one = kKeys[random_.below(kKeys.size())];
        if (pauses.erase(one) == 0) pauses.emplace(one, Pause{"alice", "", now_});
        queue_.set_pauses(std::move(pauses), now_);
    }

    // In parts.
    std::size_t count_all() const
    {
        Pass pass;
        std::size_t count = 0;
        while (!pass.over) count += queue_.select({}, 5, 3, pass).size();
        return count;
    }

    void say()
    {
        const auto actions = queue_.on(events_, now_);
        events_.clear();
        for (const GrantAction& grant : actions) {
            auto& messages = running_[grant.id];
            ASSERT_FALSE(grant.messages.empty());
            ASSERT_LE(grant.messages.size(), 6U);
            ASSERT_LT(grant.core, 3U);
            for (const auto& one : grant.messages) {
                const std::uint64_t id = number(one.id);
                ASSERT_EQ(alive_.count(id), 1U) << "granted after its end";
                ASSERT_TRUE(under_way_.insert(id).second) << "granted twice";
                ASSERT_EQ(held_.count(id), 0U) << "granted while held";
                messages.push_back(id);
            }
            EXPECT_TRUE(grant.settle ||
                        !queue_.pauses().contains(routing::format_key(*grant.route)))
                << "a connection to a paused destination";
            history_ += grant.route->label + "/" + std::to_string(messages.front()) + " ";
        }
        for (const EndAction& end : queue_.take_ends()) {
            ASSERT_EQ(running_.count(end.grant), 1U) << "ended what is not under way";
        }
        const Totals totals = queue_.totals();
        ASSERT_LE(totals.connections, 10U);
        ASSERT_EQ(totals.messages, alive_.size());
        ASSERT_EQ(totals.messages,
                  totals.waiting + totals.deferred + totals.held + totals.under_way);
        const auto wake = queue_.next_wake();
        ASSERT_TRUE(!wake || *wake > now_) << "it would spin";
    }

    static const inline std::vector<std::string> kKeys{"mx:a.test", "mx:b.test", "mx:c.test",
                                                       "mx:d.test", "mx:e.test"};
    static const inline std::vector<std::string> kSenders{"", "x@x.test", "y@x.test"};

    Random random_;
    Scheduler queue_;
    WallTime now_{hours{24 * 365 * 50}};
    std::uint64_t next_ = 1;
    std::vector<Event> events_;
    std::set<std::uint64_t> alive_;
    std::set<std::uint64_t> held_;
    std::set<std::uint64_t> under_way_;
    std::map<std::uint64_t, std::vector<std::uint64_t>> running_;
    std::string history_;
};

TEST(QueueProperty, NothingIsGrantedTwiceOrForgotten)
{
    for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world{seed};
        world.run(1500);
        world.drain();
    }
}

TEST(QueueProperty, SameEventsSameActions)
{
    World one{5};
    World other{5};
    one.run(1500);
    other.run(1500);
    EXPECT_EQ(one.history(), other.history());
    EXPECT_FALSE(one.history().empty());
}

}  // namespace
}  // namespace hermetic::queue
