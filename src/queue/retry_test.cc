#include "queue/retry.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kAccepted{hours{24 * 365 * 50}};

RetrySchedule without_jitter()
{
    RetrySchedule schedule;
    schedule.jitter = 0;
    return schedule;
}

TEST(Retry, FollowsTheScheduleThenHourly)
{
    Random random{1};
    const struct {
        std::uint32_t attempts;
        minutes wait;
    } rows[] = {{1, minutes{1}},  {2, minutes{5}},  {3, minutes{15}}, {4, minutes{15}},
                {5, minutes{30}}, {6, minutes{60}}, {7, minutes{60}}, {100, minutes{60}}};
    for (const auto& row : rows) {
        EXPECT_EQ(next_attempt(without_jitter(), row.attempts, kAccepted, kAccepted, random),
                  kAccepted + row.wait)
            << row.attempts;
    }
}

TEST(Retry, JitterStaysWithinItsShareAndVaries)
{
    const RetrySchedule schedule;
    Random random{7};
    Duration least = hours{1};
    Duration most{};
    for (int i = 0; i < 1000; ++i) {
        const Duration wait = retry_wait(schedule, 3, random);
        EXPECT_GE(wait, seconds{810});
        EXPECT_LE(wait, seconds{990});
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    EXPECT_GT(most - least, minutes{2});
}

TEST(Retry, LastAttemptIsMadeAtExpiry)
{
    Random random{1};
    const WallTime late = kAccepted + hours{24 * 5} - minutes{10};
    EXPECT_EQ(next_attempt(without_jitter(), 90, kAccepted, late, random),
              kAccepted + hours{24 * 5});
    const WallTime after = kAccepted + hours{24 * 6};
    EXPECT_EQ(next_attempt(without_jitter(), 90, kAccepted, after, random), after)
        << "never in the past";
}

// However long the pause between two attempts: the sender hears of the delay in time.
TEST(Retry, AnAttemptIsMadeWhenTheNoticeOfDelayIsDue)
{
    Random random{1};
    RetrySchedule schedule = without_jitter();
    const WallTime since = kAccepted + hours{2};
    const struct {
        const char* name;
        Waiting waiting;
        WallTime now;
        WallTime next;
    } rows[] = {
        {"before it", {kAccepted, {}}, kAccepted + minutes{186}, kAccepted + hours{4}},
        {"long before it", {kAccepted, {}}, kAccepted + minutes{66}, kAccepted + minutes{126}},
        {"at it", {kAccepted, {}}, kAccepted + hours{4}, kAccepted + hours{5}},
        {"after it", {kAccepted, {}}, kAccepted + minutes{250}, kAccepted + minutes{310}},
        {"of TLS", {kAccepted, since}, since + minutes{10}, since + hours{1}},
        {"of TLS, soon", {kAccepted, since}, since + minutes{60}, since + minutes{120}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(next_attempt(schedule, 9, row.waiting, row.now, random), row.next) << row.name;
    }
    schedule.then = hours{12};
    EXPECT_EQ(next_attempt(schedule, 9, kAccepted, kAccepted, random), kAccepted + hours{4});
}

TEST(Retry, ExpiryAndDelayNoticeAreEarlierForTlsPolicyFailures)
{
    const RetrySchedule schedule;
    const WallTime since = kAccepted + hours{2};
    const struct {
        const char* name;
        Waiting waiting;
        WallTime expires;
        WallTime notice;
    } rows[] = {
        {"ordinary", {kAccepted, {}}, kAccepted + hours{120}, kAccepted + hours{4}},
        {"tls policy", {kAccepted, since}, since + hours{24}, since + hours{1}},
        {"tls policy near the end",
         {kAccepted, kAccepted + hours{110}},
         kAccepted + hours{120},
         kAccepted + hours{4}},
    };
    for (const auto& row : rows) {
        const auto tick = std::chrono::milliseconds{1};
        EXPECT_EQ(expires_at(schedule, row.waiting), row.expires) << row.name;
        EXPECT_FALSE(is_expired(schedule, row.waiting, row.expires - tick)) << row.name;
        EXPECT_TRUE(is_expired(schedule, row.waiting, row.expires)) << row.name;
        EXPECT_FALSE(is_delay_notice_due(schedule, row.waiting, row.notice - tick)) << row.name;
        EXPECT_TRUE(is_delay_notice_due(schedule, row.waiting, row.notice)) << row.name;
    }
}

facts::Outcome deferred(facts::Stage stage, facts::Origin origin, facts::EnhancedStatus status)
{
    facts::Outcome outcome;
    outcome.stage = stage;
    outcome.origin = origin;
    outcome.enhanced = status;
    return outcome;
}

TEST(Retry, WhatAnOutcomeTellsOfTls)
{
    using facts::Origin;
    using facts::Stage;
    const struct {
        const char* name;
        facts::Outcome outcome;
        TlsWord word;
    } rows[] = {
        {"STARTTLS not offered", deferred(Stage::StartTls, Origin::Local, {4, 4, 317}),
         TlsWord::Failed},
        {"STARTTLS refused", deferred(Stage::StartTls, Origin::Remote, {4, 7, 0}), TlsWord::Failed},
        {"handshake", deferred(Stage::Handshake, Origin::Local, {4, 4, 317}), TlsWord::Failed},
        {"certificate", deferred(Stage::Verify, Origin::Local, {4, 7, 320}), TlsWord::Failed},
        {"refused port", deferred(Stage::Connect, Origin::Local, {4, 4, 316}), TlsWord::Other},
        {"DNS", deferred(Stage::Dns, Origin::Local, {4, 4, 312}), TlsWord::Other},
        {"TLSA records", deferred(Stage::Dns, Origin::Local, {4, 7, 324}), TlsWord::Failed},
        {"greylisted", deferred(Stage::Rcpt, Origin::Remote, {4, 7, 1}), TlsWord::Other},
        {"the peer's disk", deferred(Stage::Mail, Origin::Remote, {4, 3, 1}), TlsWord::Other},
        {"our stop", deferred(Stage::Connect, Origin::Local, {4, 3, 2}), TlsWord::Nothing},
        {"our disk", deferred(Stage::Data, Origin::Local, {4, 3, 0}), TlsWord::Nothing},
    };
    for (const auto& row : rows) EXPECT_EQ(tls_word(row.outcome), row.word) << row.name;
    auto unproved = deferred(Stage::Greeting, Origin::Local, {4, 4, 317});
    EXPECT_EQ(tls_word(unproved), TlsWord::Other) << "a reply that is none";
    unproved.reason = facts::Reason::PeerUnproved;
    EXPECT_EQ(tls_word(unproved), TlsWord::Failed) << "a refusal in clear where TLS is required";
    auto closes = deferred(Stage::StartTls, Origin::Remote, {4, 3, 2});
    closes.code = 421;
    EXPECT_EQ(tls_word(closes), TlsWord::Other) << "a server that closes has refused no TLS";
}

TEST(Retry, TlsFailsSinceTheFirstFailureWhileThatIsTheLastOutcome)
{
    using enum TlsWord;
    const WallTime first = kAccepted + hours{2};
    const WallTime now = kAccepted + hours{9};
    const struct {
        const char* name;
        std::optional<WallTime> before;
        std::vector<TlsWord> words;
        std::optional<WallTime> after;
    } rows[] = {
        {"the first", {}, {Failed}, now},
        {"again", first, {Failed, Failed}, first},
        {"something else", first, {Other}, {}},
        {"some wait for something else", first, {Failed, Other}, {}},
        {"nothing new of the peer", first, {Nothing}, first},
        {"nothing at all of the peer", {}, {Nothing}, {}},
        {"for some nothing new", first, {Nothing, Failed}, first},
        {"nobody waits", first, {}, first},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(tls_failing_since(row.before, row.words, now), row.after) << row.name;
    }
}

TEST(Retry, OrganizationSetsItsOwnSchedule)
{
    objects::Organization organization;
    EXPECT_EQ(make_retry_schedule(organization), RetrySchedule{});

    organization.retry_after = {minutes{2}, minutes{7}};
    organization.expiry = hours{48};
    organization.delay_notice_tls = minutes{20};
    RetrySchedule schedule = make_retry_schedule(organization);
    schedule.jitter = 0;
    Random random{1};
    EXPECT_EQ(retry_wait(schedule, 1, random), minutes{2});
    EXPECT_EQ(retry_wait(schedule, 2, random), minutes{7});
    EXPECT_EQ(retry_wait(schedule, 9, random), minutes{7}) << "the last repeats";
    EXPECT_EQ(schedule.expiry, hours{48});
    EXPECT_EQ(schedule.delay_notice_tls, minutes{20});
}

TEST(Retry, AnAttemptBeforeItsTimeIsAheadUnlessTheTimeIsNone)
{
    const RetrySchedule schedule;
    const WallTime now{std::chrono::hours{24 * 365 * 50}};
    EXPECT_FALSE(is_ahead_of_time(schedule, now, now));
    EXPECT_FALSE(is_ahead_of_time(schedule, now + std::chrono::milliseconds{3}, now));
    EXPECT_TRUE(is_ahead_of_time(schedule, now + std::chrono::minutes{5}, now));
    EXPECT_TRUE(is_ahead_of_time(schedule, now + std::chrono::minutes{66}, now));
    EXPECT_FALSE(is_ahead_of_time(schedule, now + std::chrono::hours{24 * 400}, now));
    EXPECT_EQ(longest_wait(schedule), std::chrono::minutes{66});
}

TEST(Retry, TlsThatFailsSinceATimeToComeFailsSinceNow)
{
    const WallTime now{std::chrono::hours{24 * 365 * 50}};
    EXPECT_EQ(tls_failing_since(now + std::chrono::hours{24 * 400}, {TlsWord::Failed}, now), now);
    EXPECT_EQ(tls_failing_since(now + std::chrono::hours{24 * 400}, {TlsWord::Nothing}, now), now);
}

}  // namespace
}  // namespace hermetic::queue
