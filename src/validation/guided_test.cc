#include "validation/guided.h"

#include "facts/reasons.h"
#include "net/core_fixture.h"

#include <gmock/gmock.h>

namespace hermetic::validation {
namespace {

using events::Judgement;
using inbound::SeenSession;
using testing::HasSubstr;

SeenSession partner_session()
{
    SeenSession seen;
    seen.client = "192.0.2.1:4711";
    seen.helo = "mx.partner.example";
    seen.listener = "mx";
    seen.ended = "quit";
    Judgement judged;
    judged.connector = "partner";
    judged.sender = "<u@partner.example>";
    judged.matched = "sender domain partner.example";
    judged.recipients = {"r@example.org: accepted, recipient.accepted-domain"};
    seen.judged = judged;
    return seen;
}

const Step& step_of(const std::vector<Step>& steps, StepId id)
{
    for (const Step& each : steps) {
        if (each.id == id) return each;
    }
    throw std::runtime_error{"no such step"};
}

TEST(SaySession, APartnerThatHasAllPasses)
{
    const auto steps = say_session(partner_session());
    EXPECT_EQ(steps.back().id, StepId::Result);
    EXPECT_EQ(steps.back().state, State::Ok);
    EXPECT_THAT(step_of(steps, StepId::Evidence).seen, HasSubstr("sender domain partner.example"));
}

TEST(SaySession, WhatIsMissingFailsOnlyWhereItCounts)
{
    auto seen = partner_session();
    seen.judged->fault = {facts::Reason::ConnectorTlsRequired, "in clear", "TLS"};
    auto steps = say_session(seen);
    EXPECT_EQ(steps.back().state, State::Failed);
    EXPECT_EQ(step_of(steps, StepId::Policy).reason.text(), "connector.tls-required");
    EXPECT_FALSE(step_of(steps, StepId::Policy).fix.empty());
    seen.judged->restricts = false;
    seen.judged->why = "the connector is in audit mode";
    steps = say_session(seen);
    EXPECT_EQ(steps.back().state, State::Warning);
    EXPECT_THAT(step_of(steps, StepId::Policy).seen, HasSubstr("audit mode"));
}

TEST(SaySession, OursIsGrantedOrToldWhyNot)
{
    auto seen = partner_session();
    seen.judged->on_premises = true;
    seen.judged->why = "neither its certificate names nor its networks";
    EXPECT_EQ(say_session(seen).back().state, State::Failed);
    seen.judged->granted = true;
    seen.judged->why = "attribution.network 192.0.2.0/24";
    const auto steps = say_session(seen);
    EXPECT_EQ(steps.back().state, State::Ok);
    EXPECT_THAT(step_of(steps, StepId::Evidence).seen,
                HasSubstr("granted: attribution.network 192.0.2.0/24"));
}

TEST(SaySession, AFailedHandshakeIsShownWithoutATransaction)
{
    auto seen = partner_session();
    seen.judged.reset();
    seen.in_networks = true;
    seen.tls_failure = "no version in common";
    const auto steps = say_session(seen);
    EXPECT_EQ(steps.back().state, State::Failed);
    EXPECT_EQ(step_of(steps, StepId::StartTls).reason.text(), "tls.handshake-failed");
}

class GuidedTestRun : public testing::Test {
protected:
    static net::Task<> run(GuidedTestRun& self)
    {
        GuidedTest test{{"Example", "partner"}, std::chrono::minutes{2}};
        Sink sink = [&self](const Step& step) {
            if (step.state == State::Running && self.on_waiting) self.on_waiting();
        };
        self.report = co_await wait_for_session(self.fixture.core, self.watch, std::move(test),
                                                std::move(sink));
    }
    net::CoreFixture fixture;
    inbound::SessionWatch watch;
    std::function<void()> on_waiting;
    Report report;
};

TEST_F(GuidedTestRun, EndsWithTheConnectorsSessionAndNamesOthers)
{
    ASSERT_TRUE(watch.watch({"Example", "partner"}, {}));
    on_waiting = [this] {
        SeenSession stranger = partner_session();
        stranger.judged->matched.clear();
        watch.note({"Example", "partner"}, stranger);
        watch.note({"Example", "partner"}, partner_session());
    };
    fixture.run(run(*this));
    EXPECT_EQ(report.state, State::Ok);
    EXPECT_EQ(report.steps.at(0).host, "another session");
    EXPECT_EQ(report.words, "the session satisfies the connector");
    EXPECT_FALSE(watch.is_waiting());
}

TEST_F(GuidedTestRun, EndsInTimeWhereNobodyComes)
{
    ASSERT_TRUE(watch.watch({"Example", "partner"}, {}));
    on_waiting = [this] { fixture.clock.shift = std::chrono::minutes{2}; };
    fixture.run(run(*this));
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_THAT(report.words, HasSubstr("no session"));
    EXPECT_FALSE(watch.is_waiting());
}

}  // namespace
}  // namespace hermetic::validation
