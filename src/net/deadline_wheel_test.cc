#include "net/deadline_wheel.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermetic::net {
namespace {

using namespace std::chrono_literals;

class ManualClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return time; }
    [[nodiscard]] WallTime wall() const override { return {}; }
    Instant time{1000h};
};

struct Node final : Deadline {
    void on_expired() override { ++expired; }
    void on_cancelled() override { ++cancelled; }
    int expired = 0;
    int cancelled = 0;
};

class Wheel : public ::testing::Test {
protected:
    void advance(Duration duration)
    {
        clock_.time += duration;
        wheel_.tick(clock_.time);
    }
    ManualClock clock_;
    boost::asio::io_context loop_{1};
    DeadlineWheel wheel_{loop_, clock_};
};

TEST_F(Wheel, ExpiresOnceAndNeverEarly)
{
    for (const Duration after :
         {Duration{1ms}, Duration{249ms}, Duration{250ms}, Duration{251ms}, Duration{5s},
          Duration{127s}, Duration{129s}, Duration{10min}, Duration{3h}}) {
        Node node;
        wheel_.add(node);
        wheel_.set(node, clock_.now() + after);
        Duration passed{};
        while (node.expired == 0 && passed < after + 1s) {
            passed += 50ms;
            advance(50ms);
        }
        EXPECT_EQ(node.expired, 1);
        EXPECT_GE(passed, after);
        EXPECT_LE(passed, after + DeadlineWheel::kTick + 50ms);
        EXPECT_EQ(wheel_.watched(), 0U);
        wheel_.remove(node);
    }
}

TEST_F(Wheel, ExtendingAndShorteningBothCount)
{
    Node node;
    wheel_.add(node);
    wheel_.set(node, clock_.now() + 1s);
    for (int i = 0; i < 100; ++i) {
        advance(500ms);
        wheel_.set(node, clock_.now() + 1s);
    }
    EXPECT_EQ(node.expired, 0);
    wheel_.set(node, clock_.now() + 5min);
    wheel_.set(node, clock_.now() + 300ms);
    advance(750ms);
    EXPECT_EQ(node.expired, 1);
    wheel_.remove(node);
}

TEST_F(Wheel, WithoutADeadlineNothingIsWatched)
{
    Node node;
    wheel_.add(node);
    wheel_.set(node, clock_.now() + 1s);
    wheel_.set(node, Instant::max());
    advance(2s);
    EXPECT_EQ(node.expired, 0);
    EXPECT_EQ(wheel_.watched(), 0U);
    wheel_.remove(node);
    wheel_.remove(node);
}

TEST_F(Wheel, AJumpOfTheClockExpiresAllThatIsDue)
{
    std::vector<Node> nodes(2000);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        wheel_.add(nodes[i]);
        wheel_.set(nodes[i], clock_.now() + i * 1s);
    }
    advance(1000s);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (i == 999 || i == 1000) continue;  // within a tick of the end
        EXPECT_EQ(nodes[i].expired, i < 999 ? 1 : 0) << i;
    }
    for (Node& node : nodes) wheel_.remove(node);
    EXPECT_EQ(wheel_.watched(), 0U);
}

TEST_F(Wheel, StartsAgainAfterALongTimeWithNothingToWatch)
{
    advance(10min);
    clock_.time += 3h;  // nobody ticks an empty wheel
    Node node;
    wheel_.add(node);
    wheel_.set(node, clock_.now() + 1s);
    advance(500ms);
    EXPECT_EQ(node.expired, 0);
    advance(750ms);
    EXPECT_EQ(node.expired, 1);
    wheel_.remove(node);
}

TEST_F(Wheel, CancellingEndsWhatIsThereAndWhatComes)
{
    Node watched;
    Node idle;
    wheel_.add(watched);
    wheel_.add(idle);
    wheel_.set(watched, clock_.now() + 1s);
    wheel_.cancel_all();
    Node late;
    wheel_.add(late);
    for (Node* node : {&watched, &idle, &late}) {
        EXPECT_EQ(node->cancelled, 1);
        wheel_.remove(*node);
    }
}

}  // namespace
}  // namespace hermetic::net
