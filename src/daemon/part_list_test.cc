#include "daemon/part_list.h"

#include "daemon/reload_plan.h"
#include "net/core_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::daemon {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

class FakePart final : public Subsystem {
public:
    FakePart(std::string name, Words& told) : name_{std::move(name)}, told_{told} {}

    [[nodiscard]] Result<void, std::string> start() override { return say("start", start_fails); }
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan&) override
    {
        return say("prepare", prepare_fails);
    }
    [[nodiscard]] Result<void, std::string> reload() override
    {
        return say("reload", reload_fails);
    }
    [[nodiscard]] net::Task<> stop() override
    {
        told_.push_back(name_ + " stop");
        co_return;
    }

    bool start_fails = false;
    bool prepare_fails = false;
    bool reload_fails = false;

private:
    Result<void, std::string> say(const std::string& what, bool fails)
    {
        told_.push_back(name_ + " " + what);
        if (fails) return failure(name_);
        return {};
    }
    std::string name_;
    Words& told_;
};

class PartListTest : public testing::Test {
protected:
    net::CoreFixture fixture_;
    Words told_;
    FakePart first_{"first", told_};
    FakePart second_{"second", told_};
    FakePart third_{"third", told_};
    PartList parts_{{&first_, &second_, &third_}};
};

TEST_F(PartListTest, StopsInTheReverseOfItsStart)
{
    ASSERT_TRUE(parts_.start());
    EXPECT_TRUE(parts_.any_started());
    fixture_.run(parts_.stop());
    EXPECT_THAT(told_, ElementsAre("first start", "second start", "third start", "third stop",
                                   "second stop", "first stop"));
    EXPECT_FALSE(parts_.any_started());
}

TEST_F(PartListTest, OnlyWhatHasStartedIsStopped)
{
    second_.start_fails = true;
    EXPECT_EQ(parts_.start().error(), "second");
    fixture_.run(parts_.stop());
    EXPECT_THAT(told_, ElementsAre("first start", "second start", "first stop"));
}

TEST_F(PartListTest, AReloadThatOnePartCannotTakeReachesNone)
{
    second_.prepare_fails = true;
    EXPECT_EQ(parts_.prepare(ReloadPlan{}).error(), "second");
    EXPECT_THAT(told_, ElementsAre("first prepare", "second prepare"));
}

TEST_F(PartListTest, OnePartThatFailsInAReloadKeepsNoOtherFromIt)
{
    first_.reload_fails = true;
    EXPECT_EQ(parts_.reload().error(), "first");
    EXPECT_THAT(told_, ElementsAre("first reload", "second reload", "third reload"));
}

}  // namespace
}  // namespace hermetic::daemon
