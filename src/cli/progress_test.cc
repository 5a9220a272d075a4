#include "cli/progress.h"

#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

using validation::State;
using validation::Step;
using validation::StepId;

Step step(StepId id, State state, std::string seen, std::string fix = {})
{
    return {id, "mx.example.org", "192.0.2.1:25", state, {}, std::move(seen), std::move(fix)};
}

TEST(Progress, StepsOfOneAddressStandUnderItsName)
{
    Progress progress{Progress::Kind::Plain};
    EXPECT_EQ(progress.on(step(StepId::Connect, State::Running, {})), "");
    EXPECT_EQ(progress.on(step(StepId::Connect, State::Ok, "connected")),
              "mx.example.org 192.0.2.1:25\n"
              "  connect       ok       connected\n");
    EXPECT_EQ(progress.on(step(StepId::StartTls, State::Failed, "not offered", "Ask for it.")),
              "  starttls      failed   not offered\n"
              "                fix:     Ask for it.\n");
    EXPECT_EQ(progress.on({StepId::Result, {}, {}, State::Failed, {}, "mail would wait", {}}),
              "\nin all\n"
              "  result        failed   mail would wait\n");
}

TEST(Progress, SeveralLinesStandBelowEachOther)
{
    Progress progress{Progress::Kind::Plain};
    EXPECT_EQ(progress.on(step(StepId::Versions, State::Ok, "TLSv1.3 yes\nTLSv1.2 no")),
              "mx.example.org 192.0.2.1:25\n"
              "  versions      ok       TLSv1.3 yes\n"
              "                         TLSv1.2 no\n");
}

TEST(Progress, OnATerminalARunningStepIsReplacedByItsEnd)
{
    Progress progress{Progress::Kind::Terminal};
    EXPECT_EQ(progress.on(step(StepId::Connect, State::Running, {})),
              "mx.example.org 192.0.2.1:25\n"
              "  connect       ...");
    EXPECT_EQ(progress.on(step(StepId::Connect, State::Ok, "connected")),
              "\r\x1b[K"
              "  connect       ok       connected\n");
}

}  // namespace
}  // namespace hermetic::cli
