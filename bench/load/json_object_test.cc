#include "load/json_object.h"

#include <gtest/gtest.h>

namespace hermetic::load {
namespace {

TEST(JsonObject, WritesNumbersAndObjects)
{
    JsonObject inner;
    inner.add("p50_ms", 0.25);
    JsonObject outer;
    outer.add("sent", std::uint64_t{40000}).add("seconds", 1234567.0).add("latency", inner);
    EXPECT_EQ(outer.text(),
              R"({"sent": 40000, "seconds": 1234567.000, "latency": {"p50_ms": 0.250}})");
    EXPECT_EQ(JsonObject().text(), "{}");
}

TEST(JsonObject, QuotesWhatPeersSay)
{
    JsonObject object;
    object.add("errors", {{"550 \"no\"\\\n\xff\0", 2}});
    EXPECT_EQ(object.text(), R"({"errors": {"550 \"no\"\\\u000a\u00ff": 2}})");
}

}  // namespace
}  // namespace hermetic::load
