#include "net/task_group.h"

#include "net/core_fixture.h"
#include "net/event.h"
#include "net/mailbox.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace hermetic::net {
namespace {

using namespace std::chrono_literals;

Task<> count(int& counter)
{
    ++counter;
    co_return;
}

Task<> wait_then_count(Event& event, int& counter)
{
    co_await event.wait();
    ++counter;
}

Task<> fail()
{
    throw std::runtime_error{"a bug"};
    co_return;
}

TEST(TaskGroup, JoinsWhenTheLastTaskHasEnded)
{
    struct Steps {
        static Task<> run(CoreFixture& loop, int& counter)
        {
            TaskGroup group{loop.core};
            Event event{loop.core};
            group.spawn(count(counter));
            group.spawn(wait_then_count(event, counter));
            EXPECT_EQ(group.size(), 2U);
            EXPECT_EQ(counter, 0) << "nothing runs within spawn()";
            group.close();
            EXPECT_EQ(group.spawn(count(counter)), TaskGroup::Spawned::Closed);
            event.set();
            event.set();
            co_await group.join();
            EXPECT_EQ(group.size(), 0U);
            co_await group.join();
            co_await event.wait();
        }
    };
    CoreFixture loop;
    int counter = 0;
    loop.run(Steps::run(loop, counter));
    EXPECT_EQ(counter, 2);
}

TEST(TaskGroup, AnExceptionEndsOneTaskAndIsToldOf)
{
    struct Steps {
        static Task<> run(CoreFixture& loop, std::string& told, int& counter)
        {
            auto on_escaped = [&told](std::string_view what) { told = what; };
            TaskGroup group{loop.core, on_escaped};
            group.spawn(fail());
            group.spawn(count(counter));
            co_await group.join();
            EXPECT_EQ(group.escaped(), 1U);
        }
    };
    CoreFixture loop;
    std::string told;
    int counter = 0;
    loop.run(Steps::run(loop, told, counter));
    EXPECT_EQ(told, "a bug");
    EXPECT_EQ(counter, 1);
}

TEST(Core, RunsPostsFromOtherThreadsUntilItIsStopped)
{
    const ShiftedClock clock;
    Core core{3, clock};
    std::thread thread{[&] { core.run(); }};
    std::vector<int> seen;
    Mailbox<int> mailbox{[&] {
        core.post([&] {
            for (const int value : mailbox.take()) seen.push_back(value);
        });
    }};
    mailbox.put(1);
    mailbox.put(std::vector<int>{2, 3});
    mailbox.put(std::vector<int>{});
    core.post([&] { core.stop(); });
    thread.join();
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(core.index(), 3U);
}

TEST(Core, StoppingWakesWhoeverSleeps)
{
    struct Steps {
        static Task<> sleep(Core& core, Woken& woken)
        {
            const Instant far = core.clock().now() + 1h;
            woken = co_await sleep_until(core, far);
        }
    };
    const ShiftedClock clock;
    Core core{0, clock};
    Woken woken = Woken::OnTime;
    TaskGroup group{core};
    group.spawn(Steps::sleep(core, woken));
    core.post([&] { core.stop(); });
    core.run();
    EXPECT_EQ(woken, Woken::Cancelled);
    EXPECT_EQ(group.size(), 0U);
}

TEST(BlockingMailbox, GivesBatchesInOrder)
{
    BlockingMailbox<int> mailbox;
    EXPECT_TRUE(mailbox.wait_until(std::chrono::steady_clock::now()).empty());
    std::thread writer{[&] {
        for (int i = 0; i < 1000; ++i) mailbox.put(i);
        mailbox.put(std::vector<int>{1000, 1001});
    }};
    std::vector<int> all;
    while (all.size() < 1002) {
        for (const int value : mailbox.wait()) all.push_back(value);
    }
    writer.join();
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<int>(i));
}

}  // namespace
}  // namespace hermetic::net
