#include "metrics/event_counter.h"

#include "facts/reasons.h"
#include "metrics/metrics.h"

#include <gtest/gtest.h>

namespace hermetic::metrics {
namespace {

class EventCounterTest : public testing::Test {
protected:
    void publish(events::What what)
    {
        const events::Event event{{}, 1, std::move(what)};
        const events::Event* const one[] = {&event};
        counter_.take(one);
    }
    [[nodiscard]] std::int64_t value(Metric metric) const { return metrics_.value(metric); }

    Metrics metrics_;
    EventCounter counter_{metrics_};
};

TEST_F(EventCounterTest, SessionsCountByTheirTls)
{
    events::SessionEnded clear;
    clear.refused = 3;
    publish(std::move(clear));
    events::SessionEnded old;
    facts::TlsEvidence tls;
    tls.version = facts::TlsVersion::Tls10;
    old.client.tls = std::make_shared<const facts::TlsEvidence>(tls);
    publish(std::move(old));
    EXPECT_EQ(value(Metric::InboundClear), 1);
    EXPECT_EQ(value(Metric::InboundTls10), 1);
    EXPECT_EQ(value(Metric::CommandsRefused), 3);
}

TEST_F(EventCounterTest, ReasonsAndConnectorsAreCountedByName)
{
    facts::Attempt attempt;
    attempt.connector = "bank";
    attempt.organization = "Example";
    attempt.took = std::chrono::milliseconds{3};
    attempt.parts.resize(2);
    attempt.parts[0].outcome.result = facts::OutcomeClass::Delivered;
    attempt.parts[1].outcome.result = facts::OutcomeClass::Deferred;
    attempt.parts[1].outcome.reason = facts::Reason::StarttlsNotOffered;
    publish(std::move(attempt));
    events::MessageReceived refused;
    refused.connector = "own";
    refused.organization = "Other";
    refused.refused = facts::Reason::MessageLoop;
    publish(std::move(refused));
    const std::string text = metrics_.format();
    const auto shows = [&text](std::string_view line) {
        return text.find("\n" + std::string{line} + "\n") != std::string::npos;
    };
    EXPECT_TRUE(shows(
        "hermetic_attempt_reasons_total{outcome=\"deferred\",reason=\"starttls.not-offered\"} 1"));
    EXPECT_TRUE(
        shows("hermetic_connector_attempts_total{organization=\"Example\",connector=\"bank\","
              "outcome=\"delivered\"} 1"));
    EXPECT_TRUE(
        shows("hermetic_connector_attempts_total{organization=\"Example\",connector=\"bank\","
              "outcome=\"deferred\"} 1"));
    EXPECT_TRUE(shows("hermetic_attempt_seconds_sum 0.003000"));
    EXPECT_TRUE(
        shows("hermetic_connector_messages_total{organization=\"Other\",connector=\"own\","
              "verdict=\"refused\"} 1"));
    EXPECT_EQ(text.find("reason=\"\""), std::string::npos);
}

// Prometheus' increase() does not see the first value of a series.
TEST_F(EventCounterTest, AConnectorsOutcomesBeginAtZeroAndStayWhatTheyAre)
{
    begin_connector(metrics_, "Example", "bank");
    facts::Attempt attempt;
    attempt.connector = "bank";
    attempt.organization = "Example";
    attempt.parts.resize(1);
    attempt.parts[0].outcome.result = facts::OutcomeClass::Deferred;
    publish(std::move(attempt));
    begin_connector(metrics_, "Example", "bank");
    const std::string text = metrics_.format();
    for (const auto* line : {"delivered\"} 0\n", "deferred\"} 1\n", "failed\"} 0\n"}) {
        const std::string shown =
            std::string{
                "hermetic_connector_attempts_total{organization=\"Example\","
                "connector=\"bank\",outcome=\""} +
            line;
        EXPECT_NE(text.find(shown), std::string::npos) << shown << text;
    }
}

// A session's end has every refusal, those of messages and of its connector among them.
TEST_F(EventCounterTest, WhatIsRefusedCountsByReasonOnce)
{
    events::SessionEnded ended;
    ended.refusals = {{facts::Reason::RecipientRelayDenied, 2},
                      {facts::Reason::MessageBareNewline, 1}};
    publish(std::move(ended));
    events::MessageReceived refused;
    refused.refused = facts::Reason::MessageBareNewline;
    publish(std::move(refused));
    publish(events::ClientTurnedAway{{}, "mx", {}, facts::Reason::LimitSessions});
    const std::string text = metrics_.format();
    for (const auto* line : {"recipient.relay-denied\"} 2\n", "message.bare-newline\"} 1\n",
                             "limit.sessions\"} 1\n"}) {
        const std::string shown = std::string{"hermetic_refused_reasons_total{reason=\""} + line;
        EXPECT_NE(text.find(shown), std::string::npos) << shown << text;
    }
}

TEST_F(EventCounterTest, AClientIsTurnedAwayAtALimitOrForItsNetwork)
{
    publish(events::ClientTurnedAway{{}, "mx", {}, facts::Reason::LimitSessions});
    publish(events::ClientTurnedAway{{}, "mx", {}, facts::Reason::ListenerNotYourNetwork});
    EXPECT_EQ(value(Metric::SessionsRefused), 1);
    EXPECT_EQ(value(Metric::InboundLegacyDenied), 1);
}

TEST_F(EventCounterTest, MessagesCountWithTheirOctetsWhereAccepted)
{
    events::MessageReceived accepted;
    accepted.id.bytes[15] = 1;
    accepted.size = 100;
    publish(std::move(accepted));
    events::MessageReceived refused;
    refused.size = 50;
    publish(std::move(refused));
    EXPECT_EQ(value(Metric::MessagesAccepted), 1);
    EXPECT_EQ(value(Metric::BytesAccepted), 100);
    EXPECT_EQ(value(Metric::MessagesRefused), 1);
}

TEST_F(EventCounterTest, AnAttemptCountsForEachRecipient)
{
    facts::Attempt attempt;
    using Class = facts::OutcomeClass;
    for (const Class each : {Class::Delivered, Class::Delivered, Class::Deferred, Class::Failed}) {
        facts::Outcome outcome;
        outcome.result = each;
        attempt.parts.push_back({"x@example.org", outcome});
    }
    publish(std::move(attempt));
    EXPECT_EQ(value(Metric::AttemptsDelivered), 2);
    EXPECT_EQ(value(Metric::AttemptsDeferred), 1);
    EXPECT_EQ(value(Metric::AttemptsFailed), 1);
}

TEST_F(EventCounterTest, OnlyNoticesThatWereMadeCount)
{
    events::NoticeMade made;
    made.id.bytes[15] = 1;
    publish(std::move(made));
    publish(events::NoticeMade{});
    EXPECT_EQ(value(Metric::NoticesSent), 1);
}

TEST_F(EventCounterTest, OthersCountOnce)
{
    publish(events::RatchetMoved{});
    events::RatchetMoved recovered;
    recovered.kind = events::RatchetMoved::Kind::Recovered;
    publish(std::move(recovered));
    publish(events::MassStripping{});
    publish(events::Reloaded{});
    publish(events::ReloadFailed{});
    publish(events::EventsLost{"log", 7});
    EXPECT_EQ(value(Metric::RatchetFalls), 1);
    EXPECT_EQ(value(Metric::MassStrippings), 1);
    EXPECT_EQ(value(Metric::Reloads), 1);
    EXPECT_EQ(value(Metric::ReloadsFailed), 1);
    EXPECT_EQ(value(Metric::EventsLost), 7);
}

}  // namespace
}  // namespace hermetic::metrics
