#include "lab/tour_table.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "lab/partners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kDelivered =
    R"({"time":"2026-11-21T18:24:35.123Z","level":"info","event":"attempt","id":"01A","from":"<a@example.org>",)"
    R"("to":"you@expired.lab.test","outcome":"delivered","stage":"done","origin":"remote","code":250,)"
    R"("enhanced":"2.0.0","reply":"2.0.0 Taken","reason":"delivered","fix":"","attempt":1,)"
    R"("host":"mx.expired.lab.test","tls":{"version":"TLSv1.3","cipher":"TLS_AES_256_GCM_SHA384",)"
    R"("group":"X25519","certificate":"failed","certificate_error":"certificate has expired"},)"
    R"("steps":[{"step":"everything","host":"x","result":"failed","cause":"handshake.closed","words":"closed during the handshake"},)"
    R"({"step":"lower-version","host":"x","result":"ok","cause":""}]})";

TourStop delivered_stop()
{
    TourStop stop;
    stop.behaviour = find_partner("expired");
    stop.attempt = parse_attempt_line(kDelivered);
    MessageRecord message;
    message.tls = TlsSession{};
    message.tls->version = "TLSv1.3";
    message.complete = true;
    stop.received = std::move(message);
    return stop;
}

TEST(AttemptLine, ReadsWhatTheServerLogs)
{
    const auto attempt = parse_attempt_line(kDelivered);
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->outcome, "delivered");
    EXPECT_EQ(attempt->stage, "done");
    EXPECT_EQ(attempt->code, 250);
    EXPECT_TRUE(attempt->has_tls);
    EXPECT_EQ(attempt->group, "X25519");
    ASSERT_EQ(attempt->steps.size(), 2U);
    EXPECT_EQ(attempt->steps[0].cause, facts::Reason::HandshakeClosed);
    EXPECT_TRUE(is_for_domain(*attempt, "expired.lab.test"));
    EXPECT_FALSE(is_for_domain(*attempt, "lab.test"));
    EXPECT_FALSE(parse_attempt_line("{\"event\":\"session\"}"));
    EXPECT_FALSE(parse_attempt_line("not json"));
    EXPECT_FALSE(parse_attempt_line(""));
}

TEST(TourStop, TrustsThePartnerAboutProtectionNotTheServer)
{
    TourStop stop = delivered_stop();
    EXPECT_TRUE(is_as_expected(stop));
    stop.received->data_in_clear = true;
    EXPECT_FALSE(is_as_expected(stop));
    stop.received.reset();
    EXPECT_FALSE(is_as_expected(stop));
    stop = delivered_stop();
    stop.attempt->outcome = "deferred";
    EXPECT_FALSE(is_as_expected(stop));
    stop.attempt.reset();
    EXPECT_FALSE(is_as_expected(stop));
}

TEST(TourTable, SaysWhatHappenedHowItWasProtectedAndWhy)
{
    const std::string table = format_tour_table({delivered_stop()}, 200);
    EXPECT_THAT(table, HasSubstr("expired"));
    EXPECT_THAT(table, HasSubstr("delivered"));
    EXPECT_THAT(table, HasSubstr("TLS_AES_256_GCM_SHA384"));
    EXPECT_THAT(table, HasSubstr("certificate has expired"));
    EXPECT_THAT(table, HasSubstr("handshake.closed"));
    EXPECT_THAT(table, Not(HasSubstr("(!)")));
}

TEST(TourTable, MarksWhatWasNotExpectedAndEscapesForeignWords)
{
    TourStop stop;
    stop.behaviour = find_partner("modern");
    AttemptLine attempt;
    attempt.outcome = "failed";
    attempt.reason = facts::Reason::RcptRefused;
    attempt.code = 550;
    attempt.origin = "remote";
    attempt.reply = "5.1.1 no\x1b[2J such user";
    stop.attempt = attempt;
    const std::string table = format_tour_table({stop}, 160);
    EXPECT_THAT(table, HasSubstr("failed (!)"));
    EXPECT_THAT(table, HasSubstr("nothing sent"));
    EXPECT_THAT(table, Not(HasSubstr("\x1b")));
    EXPECT_THAT(table, HasSubstr("the partner said: 550"));
}

TEST(TourTable, HasNoLineLongerThanItsWidth)
{
    TourStop silent;
    silent.behaviour = find_partner("tls13-stripped");
    for (const std::size_t width : {100U, 140U, 200U}) {
        const std::string table = format_tour_table({delivered_stop(), silent}, width);
        for (const auto line : split(table, '\n')) EXPECT_LE(line.size(), width) << line;
    }
}

}  // namespace
}  // namespace hermetic::lab
