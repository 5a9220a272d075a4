#include "policy/step_memory.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using std::chrono::hours;

TEST(StepMemory, RemembersForAWhile)
{
    StepMemory memory{hours{6}, 2};
    const Instant start{hours{1}};
    EXPECT_EQ(memory.recall("a", start), std::nullopt);
    memory.worked("a", StepKind::LowerVersion, start);
    EXPECT_EQ(memory.recall("a", start + hours{5}), StepKind::LowerVersion);
    memory.worked("a", StepKind::LowerVersion, start + hours{5});
    EXPECT_EQ(memory.recall("a", start + hours{6}), std::nullopt) << "not prolonged by use";
    memory.worked("a", StepKind::Compatible, start + hours{7});
    EXPECT_EQ(memory.recall("a", start + hours{8}), StepKind::Compatible);
    memory.failed("a");
    EXPECT_EQ(memory.recall("a", start + hours{8}), std::nullopt);
}

TEST(StepMemory, TheFullHandshakeNeedsNone)
{
    StepMemory memory;
    memory.worked("a", StepKind::LowerVersion, Instant{});
    memory.worked("a", StepKind::Everything, Instant{});
    EXPECT_EQ(memory.size(), 0U);
}

TEST(StepMemory, IsBounded)
{
    StepMemory memory{hours{6}, 2};
    memory.worked("a", StepKind::Compatible, Instant{});
    memory.worked("b", StepKind::Compatible, Instant{} + hours{5});
    memory.worked("c", StepKind::Compatible, Instant{} + hours{7});
    EXPECT_EQ(memory.size(), 2U);
    EXPECT_EQ(memory.recall("b", Instant{} + hours{7}), StepKind::Compatible)
        << "what is over goes first";
    memory.worked("d", StepKind::Compatible, Instant{} + hours{8});
    EXPECT_EQ(memory.size(), 2U);
}

TEST(StepMemory, IsListedAndForgottenByHost)
{
    StepMemory memory{hours{6}};
    const Instant start{hours{1}};
    memory.worked("mx.a.test|25|x", StepKind::Compatible, start);
    memory.worked("mx.b.test|25|x", StepKind::LowerVersion, start + hours{1});
    ASSERT_EQ(memory.list(start + hours{2}).size(), 2U);
    const auto rows = memory.list(start + hours{6});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].key, "mx.b.test|25|x");
    EXPECT_EQ(rows[0].kind, StepKind::LowerVersion);
    EXPECT_EQ(rows[0].left, hours{1});
    EXPECT_EQ(memory.forget([](std::string_view key) { return key.starts_with("mx.b.test|"); }),
              1U);
    EXPECT_EQ(memory.forget([](std::string_view) { return true; }), 1U);
    EXPECT_EQ(memory.size(), 0U);
}

}  // namespace
}  // namespace hermetic::policy
