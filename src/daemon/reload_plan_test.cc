#include "daemon/reload_plan.h"

#include <gtest/gtest.h>

namespace hermetic::daemon {
namespace {

config::NodeOptions options()
{
    config::NodeOptions options;
    options.hostname = "mx.example.org";
    options.listeners.resize(2);
    options.listeners[0].name = "a";
    options.listeners[0].addresses = {*Endpoint::parse("127.0.0.1:25")};
    options.listeners[1].name = "b";
    options.listeners[1].addresses = {*Endpoint::parse("127.0.0.1:26")};
    return options;
}

TEST(ReloadPlan, NothingChangedMeansNothingToDo)
{
    const ReloadPlan plan = plan_reload(options(), options());
    EXPECT_TRUE(plan.needs_restart.empty());
    EXPECT_TRUE(plan.listeners_to_open.empty());
    EXPECT_TRUE(plan.listeners_to_close.empty());
}

TEST(ReloadPlan, WhatThreadsAndDisksStandOnWaitsForARestart)
{
    auto wanted = options();
    wanted.cores = 7;
    wanted.spool.max_messages = 1;
    wanted.limits.recipients = 200;
    const ReloadPlan plan = plan_reload(options(), wanted);
    EXPECT_EQ(plan.needs_restart, (std::vector<std::string>{"cores", "spool"}));
    EXPECT_EQ(plan.options.cores, options().cores) << "kept as it is";
    EXPECT_EQ(plan.options.limits.recipients, 200U) << "in force at once";
}

TEST(ReloadPlan, OnlyListenersThatMovedAreTouched)
{
    auto wanted = options();
    wanted.listeners[0].min_tls = facts::TlsVersion::Tls13;              // same socket
    wanted.listeners[1].addresses = {*Endpoint::parse("127.0.0.1:27")};  // moved
    config::ListenerOptions added;
    added.name = "c";
    added.addresses = {*Endpoint::parse("127.0.0.1:28")};
    wanted.listeners.push_back(added);
    const ReloadPlan plan = plan_reload(options(), wanted);
    EXPECT_EQ(plan.listeners_to_close, (std::vector<std::string>{"b"}));
    ASSERT_EQ(plan.listeners_to_open.size(), 2U);
    EXPECT_EQ(plan.listeners_to_open[0].name, "b");
    EXPECT_EQ(plan.listeners_to_open[1].name, "c");
}

}  // namespace
}  // namespace hermetic::daemon
