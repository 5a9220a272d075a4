#include "ledger/stream.h"

#include "ledger/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <semaphore>

namespace hermetic::ledger {
namespace {

using events::ListenerReady;
using testing::ElementsAre;

// Remembers; takes nothing while it is blocked.
class Reader final : public events::Subscriber {
public:
    void take(events::Batch batch) override
    {
        entered.release();
        const std::lock_guard lock{mutex};
        for (const events::Event* each : batch) {
            sequences.push_back(each->sequence);
            if (const auto* const lost = std::get_if<events::EventsLost>(&each->what)) {
                seen.push_back("lost " + std::to_string(lost->count) + " of " +
                               std::string{lost->subscriber});
            } else if (const auto* const ready = std::get_if<ListenerReady>(&each->what)) {
                seen.push_back(ready->listener);
            }
        }
    }

    std::mutex mutex;
    std::counting_semaphore<> entered{0};
    std::vector<std::uint64_t> sequences;
    std::vector<std::string> seen;
};

events::What named(const std::string& name)
{
    return ListenerReady{name, {}};
}

TEST(Stream, EverySubscriberTakesEverythingInOrder)
{
    Reader quick;
    Reader slow;
    {
        Stream stream{system_clock(), {{"quick", quick}, {"slow", slow, Pace::Slow}}};
        stream.publish(named("a"));
        stream.publish(named("b"));
        stream.flush();
        EXPECT_THAT(quick.seen, ElementsAre("a", "b"));
        EXPECT_THAT(slow.seen, ElementsAre("a", "b"));
        stream.publish(named("c"));
        stream.settle();
        EXPECT_THAT(quick.seen, ElementsAre("a", "b", "c"));
        stream.publish(named("d"));
    }
    EXPECT_THAT(slow.seen, ElementsAre("a", "b", "c", "d")) << "the end loses nothing";
    EXPECT_TRUE(std::ranges::is_sorted(slow.sequences));
}

TEST(Stream, ManyThreadsPublishInOneOrder)
{
    constexpr int kThreads = 6;
    constexpr int kEach = 3000;
    Reader quick;
    Reader slow;
    {
        Stream stream{system_clock(),
                      {{"quick", quick}, {"slow", slow, Pace::Slow}},
                      {kEach, std::size_t{kThreads} * kEach, std::chrono::milliseconds{1}}};
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) {
            threads.emplace_back([&stream, i] {
                for (int j = 0; j < kEach; ++j)
                    stream.publish(named(std::to_string(i) + " " + std::to_string(100'000 + j)));
            });
        }
        for (auto& thread : threads) thread.join();
    }
    ASSERT_EQ(quick.seen.size(), std::size_t{kThreads} * kEach);
    EXPECT_EQ(slow.seen, quick.seen);
    EXPECT_TRUE(std::ranges::is_sorted(quick.sequences));
    EXPECT_EQ(std::ranges::adjacent_find(quick.sequences), quick.sequences.end());
    std::map<char, std::string> last;
    for (const std::string& each : quick.seen) {
        EXPECT_LT(last[each[0]], each);
        last[each[0]] = each;
    }
}

// What is published because of an event is behind it, whichever threads they are on.
TEST(Stream, AnEffectNeverStandsBeforeItsCause)
{
    Reader quick;
    constexpr int kRounds = 3000;
    {
        Stream stream{
            system_clock(), {{"quick", quick}}, {20'000, 1, std::chrono::milliseconds{0}}};
        std::binary_semaphore there{0};
        std::binary_semaphore back{0};
        std::thread other{[&] {
            for (int i = 0; i < kRounds; ++i) {
                there.acquire();
                stream.publish(named("effect"));
                back.release();
            }
        }};
        for (int i = 0; i < kRounds; ++i) {
            stream.publish(named("cause"));
            there.release();
            back.acquire();
        }
        other.join();
    }
    ASSERT_EQ(quick.seen.size(), std::size_t{2} * kRounds);
    for (std::size_t i = 0; i < quick.seen.size(); ++i)
        ASSERT_EQ(quick.seen[i], i % 2 == 0 ? "cause" : "effect") << i;
}

TEST(Stream, ASlowSubscriberLosesAndIsToldAndDelaysNobody)
{
    Reader quick;
    Reader slow;
    {
        Stream stream{system_clock(),
                      {{"quick", quick}, {"slow", slow, Pace::Slow}},
                      {100, 3, std::chrono::milliseconds{0}}};
        {
            const std::lock_guard blocked{slow.mutex};
            stream.publish(named("taken"));
            stream.settle();
            slow.entered.acquire();
            for (const auto* each : {"kept", "kept too", "lost", "lost too"}) {
                stream.publish(named(each));
                stream.settle();
            }
            EXPECT_THAT(quick.seen, ElementsAre("taken", "kept", "kept too", "lost", "lost too"));
        }
        // It works again, and nothing more is published.
        slow.entered.acquire();
        slow.entered.acquire();
        slow.entered.acquire();
        stream.flush();
        EXPECT_THAT(slow.seen, ElementsAre("taken", "kept", "kept too", "lost 2 of slow"));
        stream.publish(named("later"));
    }
    EXPECT_THAT(slow.seen, ElementsAre("taken", "kept", "kept too", "lost 2 of slow", "later"));
    EXPECT_THAT(quick.seen, ElementsAre("taken", "kept", "kept too", "lost", "lost too",
                                        "lost 2 of slow", "later"));
}

// The stream's own thread does not come.
TEST(Stream, ALaneIsBoundedToo)
{
    Reader quick;
    {
        Stream stream{system_clock(), {{"quick", quick}}, {2, 100, std::chrono::milliseconds{0}}};
        const std::lock_guard blocked{quick.mutex};
        stream.publish(named("taken"));
        quick.entered.acquire();
        for (const auto* each : {"kept", "kept too", "lost", "lost too", "lost as well"})
            stream.publish(named(each));
    }
    EXPECT_THAT(quick.seen, ElementsAre("taken", "kept", "kept too", "lost 3 of "));
}

// Who was told that something is durable reads it in the log.
TEST(Stream, FlushWaitsForTheSlow)
{
    Reader slow;
    Stream stream{system_clock(), {{"slow", slow, Pace::Slow}}};
    for (int i = 0; i < 100; ++i) {
        stream.publish(named(std::to_string(i)));
        stream.flush();
        const std::lock_guard lock{slow.mutex};
        ASSERT_EQ(slow.seen.size(), static_cast<std::size_t>(i) + 1);
    }
}

class SteppedClock final : public Clock {
public:
    explicit SteppedClock(std::int64_t milliseconds)
        : wall_{std::chrono::milliseconds{milliseconds}}
    {
    }
    [[nodiscard]] Instant now() const override { return {}; }
    [[nodiscard]] WallTime wall() const override { return wall_; }

private:
    WallTime wall_;
};

TEST(Stream, SequencesGoOnAscendingAcrossRestarts)
{
    Reader first;
    Reader second;
    const SteppedClock before{1'000'000};
    const SteppedClock after{1'000'001};
    {
        Stream stream{before, {{"first", first}}};
        for (int i = 0; i < 1000; ++i) stream.publish(named("a"));
    }
    {
        Stream stream{after, {{"second", second}}};
        stream.publish(named("b"));
    }
    EXPECT_LT(first.sequences.back(), second.sequences.front());
}

}  // namespace
}  // namespace hermetic::ledger
