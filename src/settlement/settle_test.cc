#include "settlement/settle.h"

#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::settlement {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

mail::Mailbox mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

facts::Outcome outcome(OutcomeClass result, facts::EnhancedStatus enhanced, Reason reason)
{
    facts::Outcome made;
    made.result = result;
    made.enhanced = enhanced;
    made.reason = reason;
    made.code = result == OutcomeClass::Delivered ? 250 : 450;
    made.text = "words";
    return made;
}

const facts::Outcome kDelivered = outcome(OutcomeClass::Delivered, {2, 0, 0}, Reason::DoneAccepted);
const facts::Outcome kDeferred =
    outcome(OutcomeClass::Deferred, {4, 4, 316}, Reason::ConnectRefused);
const facts::Outcome kFailed = outcome(OutcomeClass::Failed, {5, 1, 1}, Reason::RcptRefused);

class SettleTest : public testing::Test {
protected:
    SettleTest()
    {
        objects::Snapshot::Contents contents;
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        contents.organizations[0].postmaster = mailbox("postmaster@sender.test");
        snapshot = std::make_unique<objects::Snapshot>(std::move(contents));
        envelope.sender = mailbox("a@sender.test");
        envelope.accepted_at = accepted;
        for (const auto* each : {"b@other.test", "c@other.test"}) {
            envelope.recipients.push_back({.address = mailbox(each), .orcpt = ""});
        }
    }
    Settlement settle_after(Duration waited, std::vector<RecipientEnd> ends)
    {
        message.envelope = std::make_shared<const mail::Envelope>(envelope);
        message.state = state;
        Settlement input;
        input.message = &message;
        input.change.lease.id = message.id;
        input.ends = std::move(ends);
        input.snapshot = snapshot.get();
        input.hostname = "us.test";
        input.headers = "Subject: x\r\n";
        input.body = Bytes{"Subject: x\r\n\r\nhi\r\n"};
        input.limit = limit;
        input.accepted_at = queue_accepted;
        input.required_tls = required;
        input.tell = tell;
        input.attempt = attempt ? &*attempt : nullptr;
        input.now = accepted + std::chrono::duration_cast<std::chrono::milliseconds>(waited);
        now = input.now;
        return settle(std::move(input), random, ids);
    }

    WallTime accepted{std::chrono::milliseconds{1'700'000'000'000}};
    WallTime now{};
    std::optional<WallTime> queue_accepted;
    mail::Envelope envelope;
    spool::MessageState state;
    spool::StoredMessage message;
    std::unique_ptr<objects::Snapshot> snapshot;
    report::NoticeLimit* limit = nullptr;
    std::optional<mail::RequiredTls> required;
    std::optional<facts::Attempt> attempt;
    TellSender tell = TellSender::Yes;
    Random random{1};
    IdSource ids{1, 1};
};

TEST_F(SettleTest, EverybodyHasIt)
{
    const auto result = settle_after(minutes{1}, {{0, kDelivered, "mx", HandedTo::PlainRelay},
                                                  {1, kDelivered, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    EXPECT_TRUE(result.change.new_messages.empty());
    EXPECT_TRUE(result.notices.empty());
    EXPECT_EQ(result.delivered, 2U);
}

TEST_F(SettleTest, ThoseWhoHadFinishedBeforeCount)
{
    state.finished = {0};
    EXPECT_EQ(settle_after(minutes{1}, {{1, kDelivered, "mx", HandedTo::PlainRelay}}).change.kind,
              spool::Change::Kind::Finished);
    state.finished = {1};
    const auto result = settle_after(minutes{1}, {{0, kDeferred, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Deferred);
    EXPECT_THAT(result.change.state.finished, ElementsAre(1U));
}

TEST_F(SettleTest, WaitsForTheNextAttempt)
{
    state.attempts = 1;
    const auto result = settle_after(minutes{2}, {{0, kDelivered, "mx1", HandedTo::DsnRelay},
                                                  {1, kDeferred, "mx2", HandedTo::PlainRelay}});
    const auto& next = result.change.state;
    EXPECT_EQ(next.attempts, 2U);
    EXPECT_THAT(next.finished, ElementsAre(0U));
    EXPECT_GE(next.next_attempt, now + minutes{4});
    EXPECT_LE(next.next_attempt, now + minutes{6});
    EXPECT_EQ(next.last_reason, "connect.refused");
    EXPECT_EQ(next.last_host, "mx2");
    EXPECT_FALSE(next.delay_notified);
    EXPECT_TRUE(result.change.new_messages.empty());
}

// Nobody is tried while the destination is paused: that is no outcome of the message.
TEST_F(SettleTest, APauseStandsBesideTheLastOutcome)
{
    const auto paused = outcome(OutcomeClass::Deferred, {4, 3, 2}, Reason::QueuePaused);
    const std::vector<RecipientEnd> ends{{0, paused, "", HandedTo::PlainRelay},
                                         {1, paused, "", HandedTo::PlainRelay}};
    EXPECT_EQ(settle_after(minutes{2}, ends).change.state.last_reason, "queue.paused")
        << "where it has no outcome of its own";
    state.last_reason = "rcpt.deferred";
    state.last_host = "mx2";
    state.last_text = "450 4.2.1 busy";
    for (int sweep = 0; sweep < 2; ++sweep) {
        state = settle_after(minutes{2}, ends).change.state;
        EXPECT_EQ(state.last_reason, "rcpt.deferred");
        EXPECT_EQ(state.last_host, "mx2");
        EXPECT_EQ(state.last_text,
                  "450 4.2.1 busy; not tried again while the destination is paused");
    }
}

// Somebody asked for it, or something had changed that could help: it uses up nothing.
TEST_F(SettleTest, AnAttemptAheadOfItsTimeDoesNotCount)
{
    state.attempts = 4;
    state.next_attempt = accepted + minutes{50};
    const std::vector<RecipientEnd> ends{{0, kDeferred, "mx", HandedTo::PlainRelay},
                                         {1, kDeferred, "mx", HandedTo::PlainRelay}};
    const auto early = settle_after(minutes{40}, ends).change.state;
    EXPECT_EQ(early.attempts, 4U);
    EXPECT_EQ(early.next_attempt, state.next_attempt);
    EXPECT_EQ(early.last_reason, "connect.refused") << "the rest is told as ever";
    EXPECT_EQ(settle_after(minutes{50}, ends).change.state.attempts, 5U);
    state.next_attempt = accepted + hours{24 * 400};
    EXPECT_EQ(settle_after(minutes{50}, ends).change.state.attempts, 5U)
        << "no plan, a wrong clock";
    EXPECT_LE(settle_after(minutes{50}, ends).change.state.next_attempt, now + hours{2});
}

TEST_F(SettleTest, MailThatAWrongClockAcceptedExpiresByTheQueuesTime)
{
    envelope.accepted_at = accepted + hours{24 * 400};
    const std::vector<RecipientEnd> ends{{0, kDeferred, "mx", HandedTo::PlainRelay},
                                         {1, kDeferred, "mx", HandedTo::PlainRelay}};
    EXPECT_EQ(settle_after(hours{24 * 6}, ends).deferred, 2U) << "nobody knows better";
    queue_accepted = accepted;
    EXPECT_EQ(settle_after(hours{24 * 4}, ends).deferred, 2U);
    EXPECT_EQ(settle_after(hours{24 * 6}, ends).failed, 2U);
}

TEST_F(SettleTest, AFailureAndItsNoticeAreOneChange)
{
    const auto result = settle_after(minutes{1}, {{0, kDelivered, "mx", HandedTo::PlainRelay},
                                                  {1, kFailed, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    ASSERT_EQ(result.change.new_messages.size(), 1U);
    const auto& notice = *result.change.new_messages[0];
    EXPECT_EQ(notice.body.size, notice.body.bytes.size());
    EXPECT_EQ(notice.envelope->size, notice.body.size);
    EXPECT_EQ(notice.envelope->accepted_as, notice.id);
    EXPECT_FALSE(notice.body.id.is_nil());
    ASSERT_EQ(result.notices.size(), 1U);
    EXPECT_EQ(result.notices[0].id, notice.id);
    EXPECT_EQ(result.notices[0].kind, "failure");
}

// An operator's removal is the end of all who wait, and says when somebody last tried.
TEST_F(SettleTest, ARemovalIsAFailureOfAllWhoWait)
{
    const facts::Outcome removed = facts::local_outcome(Reason::QueueRemoved, "Removed");
    state.finished = {0};
    facts::note(state.history, 1, accepted + minutes{5}, kDeferred, "mx");
    message.envelope = std::make_shared<const mail::Envelope>(envelope);
    message.state = state;
    const auto ends = end_all(message, removed);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].index, 1U);
    const auto result = settle_after(hours{1}, ends);
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    ASSERT_EQ(result.change.new_messages.size(), 1U);
    const auto& notice = *result.change.new_messages[0];
    EXPECT_NE(notice.body.bytes.view().find("X-Hermetic-Reason: queue.removed"),
              std::string_view::npos);
    EXPECT_NE(notice.body.bytes.view().find("Last-Attempt-Date: " +
                                            format_rfc5322(accepted + minutes{5})),
              std::string_view::npos);
    tell = TellSender::No;
    const auto silent = settle_after(hours{1}, ends);
    EXPECT_EQ(silent.change.kind, spool::Change::Kind::Finished);
    EXPECT_TRUE(silent.change.new_messages.empty());
    EXPECT_TRUE(silent.notices.empty());
}

TEST_F(SettleTest, ASenderOutsideWhoHadTooManyNoticesGetsNone)
{
    report::NoticeLimit none{0};
    limit = &none;
    const auto result = settle_after(minutes{1}, {{0, kDelivered, "mx", HandedTo::PlainRelay},
                                                  {1, kFailed, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    EXPECT_TRUE(result.change.new_messages.empty());
    ASSERT_EQ(result.notices.size(), 1U) << "the log has it";
    EXPECT_EQ(result.notices[0].reason, Reason::NoticeLimited);
    EXPECT_EQ(result.notices[0].to, "a@sender.test");
}

TEST_F(SettleTest, DelayIsToldOnce)
{
    const std::vector<RecipientEnd> ends{{0, kDeferred, "mx", HandedTo::PlainRelay},
                                         {1, kDeferred, "mx", HandedTo::PlainRelay}};
    const auto early = settle_after(hours{3}, ends);
    EXPECT_TRUE(early.notices.empty());
    const auto due = settle_after(hours{4}, ends);
    EXPECT_TRUE(due.change.state.delay_notified);
    ASSERT_EQ(due.notices.size(), 1U);
    EXPECT_EQ(due.notices[0].kind, "delay");
    state.delay_notified = true;
    const auto later = settle_after(hours{5}, ends);
    EXPECT_TRUE(later.notices.empty());
    EXPECT_TRUE(later.change.state.delay_notified);
}

TEST_F(SettleTest, WhenTheTimeIsOverATemporaryOutcomeBecomesFinal)
{
    const auto result = settle_after(hours{24 * 5}, {{0, kDeferred, "mx", HandedTo::PlainRelay},
                                                     {1, kDelivered, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    EXPECT_EQ(result.failed, 1U);
    EXPECT_EQ(result.ends[0].outcome.result, OutcomeClass::Failed);
    EXPECT_EQ(result.ends[0].outcome.enhanced.format(), "5.4.316");
    ASSERT_EQ(result.notices.size(), 1U);
    EXPECT_EQ(result.notices[0].kind, "failure");
}

// Specification §6: a notice of delay after 1 h and the end after 24 h, from the first TLS failure
// while that is the last outcome.
const facts::Outcome kHandshake = [] {
    auto made = outcome(OutcomeClass::Deferred, {4, 4, 317}, Reason::LadderInappropriateFallback);
    made.stage = facts::Stage::Handshake;
    return made;
}();

class SettleTlsTest : public SettleTest {
protected:
    Settlement fail_after(Duration waited, const facts::Outcome& how = kHandshake)
    {
        auto result = settle_after(
            waited, {{0, how, "mx", HandedTo::PlainRelay}, {1, how, "mx", HandedTo::PlainRelay}});
        state = result.change.state;
        return result;
    }
    std::string kind(const Settlement& result)
    {
        return result.notices.empty() ? std::string{} : std::string{result.notices[0].kind};
    }
};

TEST_F(SettleTlsTest, DelayIsToldAfterAnHourAndTheEndComesAfterADay)
{
    EXPECT_EQ(kind(fail_after(minutes{30})), "");
    EXPECT_EQ(state.tls_failing_since, accepted + minutes{30});
    EXPECT_EQ(kind(fail_after(minutes{89})), "");
    const auto delayed = fail_after(minutes{90});
    EXPECT_EQ(kind(delayed), "delay");
    const std::string notice{delayed.change.new_messages.at(0)->body.bytes.view()};
    EXPECT_THAT(notice, testing::HasSubstr("Status: 4.4.317"));
    EXPECT_EQ(kind(fail_after(hours{5})), "") << "once";
    state.attempts = 20;  // hourly
    const auto last = fail_after(hours{24});
    EXPECT_EQ(last.change.kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(last.change.state.next_attempt, accepted + hours{24} + minutes{30})
        << "the last attempt is made at the end";
    EXPECT_EQ(state.tls_failing_since, accepted + minutes{30}) << "the first failure counts";

    const auto over = fail_after(hours{24} + minutes{30});
    EXPECT_EQ(over.change.kind, spool::Change::Kind::Finished);
    EXPECT_EQ(kind(over), "failure");
    EXPECT_EQ(over.ends[0].outcome.enhanced.format(), "5.4.317");
    EXPECT_EQ(over.ends[0].outcome.code, 550);
    const std::string failure{over.change.new_messages.at(0)->body.bytes.view()};
    EXPECT_THAT(failure, testing::HasSubstr("Status: 5.4.317"));
    EXPECT_THAT(failure, testing::HasSubstr("tried for 24 hours"));
    EXPECT_THAT(failure, testing::Not(testing::HasSubstr("Diagnostic-Code")))
        << "a local decision is never dressed up as the peer's";
}

TEST_F(SettleTlsTest, ACertificateThatDoesNotSatisfyHasItsOwnCode)
{
    auto certificate = outcome(OutcomeClass::Deferred, {4, 7, 320}, Reason::TlsChainNotVerified);
    certificate.stage = facts::Stage::Verify;
    fail_after(minutes{1}, certificate);
    EXPECT_EQ(fail_after(hours{25}, certificate).ends[0].outcome.enhanced.format(), "5.7.320");
}

TEST_F(SettleTlsTest, AnotherFailureGivesTheLongTimeBack)
{
    fail_after(minutes{1});
    EXPECT_EQ(kind(fail_after(minutes{62}, kDeferred)), "");
    EXPECT_EQ(state.tls_failing_since, std::nullopt);
    EXPECT_EQ(fail_after(hours{30}).change.kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(state.tls_failing_since, accepted + hours{30}) << "and counts anew";
}

// Each other failure gives the long time back, and none lengthens it: whatever the turns, the
// message ends. The short time counts where TLS alone has failed for so long, at the end.
TEST_F(SettleTlsTest, WhoeverFailsInTurnsEndsWithTheTimeThatCounts)
{
    const struct {
        int tls;    // failures for TLS in a row
        int other;  // and then for something else
        bool long_time;
    } rows[] = {{1, 1, true}, {1, 5, true}, {5, 1, true}, {15, 1, true}, {40, 1, false}};
    for (const auto& row : rows) {
        state = {};
        Duration waited = minutes{1};
        Duration turn_began{};
        Settlement result;
        int attempts = 0;
        for (; attempts < 1000; ++attempts) {
            const int turn = attempts % (row.tls + row.other);
            if (turn == 0) turn_began = waited;
            result = fail_after(waited, turn < row.tls ? kHandshake : kDeferred);
            if (result.change.kind == spool::Change::Kind::Finished) break;
            const Duration next = state.next_attempt - accepted;
            ASSERT_GT(next, waited) << row.tls << " and " << row.other;
            waited = next;
        }
        EXPECT_EQ(kind(result), "failure") << row.tls << " and " << row.other;
        EXPECT_EQ(waited, row.long_time ? Duration{hours{24 * 5}} : turn_began + hours{24});
        EXPECT_LT(attempts, 200);
    }
}

TEST_F(SettleTlsTest, WhoWaitsForAReplyKeepsTheLongTimeForAll)
{
    fail_after(minutes{1});
    const auto mixed = settle_after(hours{26}, {{0, kHandshake, "mx", HandedTo::PlainRelay},
                                                {1, kDeferred, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(mixed.deferred, 2U);
    EXPECT_EQ(mixed.change.state.tls_failing_since, std::nullopt);
}

TEST_F(SettleTlsTest, OurOwnTroubleStopsNoClock)
{
    fail_after(minutes{1});
    fail_after(hours{2}, outcome(OutcomeClass::Deferred, {4, 3, 2}, Reason::DeliveryStopping));
    EXPECT_EQ(state.tls_failing_since, accepted + minutes{1});
}

TEST_F(SettleTlsTest, TheOrganizationSetsTheTimes)
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    contents.organizations[0].delay_notice_tls = minutes{5};
    contents.organizations[0].expiry_tls = minutes{20};
    objects::AcceptedDomain own;
    own.name = *objects::DomainPattern::parse("sender.test");
    contents.accepted_domains.push_back(std::move(own));
    snapshot = std::make_unique<objects::Snapshot>(std::move(contents));
    fail_after(minutes{1});
    EXPECT_EQ(kind(fail_after(minutes{6})), "delay");
    EXPECT_EQ(kind(fail_after(minutes{21})), "failure");
}

TEST_F(SettleTest, SuccessIsToldByWhoeverMust)
{
    struct Row {
        HandedTo handed_to;
        std::string kind;
    };
    envelope.recipients[0].notify = mail::kNotifySuccess;
    for (const auto& [handed_to, kind] :
         {Row{HandedTo::DsnRelay, ""}, Row{HandedTo::PlainRelay, "relayed"},
          Row{HandedTo::Mailbox, "delivered"}}) {
        const auto result = settle_after(
            minutes{1}, {{0, kDelivered, "mx", handed_to}, {1, kDelivered, "mx", handed_to}});
        EXPECT_EQ(result.notices.empty() ? "" : result.notices[0].kind, kind);
    }
}

TEST_F(SettleTest, ANoticeThatFailsMakesNone)
{
    envelope.sender.reset();
    envelope.is_notice = true;
    envelope.recipients[0].address = mailbox("postmaster@sender.test");
    envelope.recipients.pop_back();
    const auto result = settle_after(minutes{1}, {{0, kFailed, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.kind, spool::Change::Kind::Finished);
    EXPECT_TRUE(result.change.new_messages.empty());
}

TEST_F(SettleTest, LastWordsArePrintableAndBounded)
{
    auto foreign = kDeferred;
    foreign.origin = facts::Origin::Remote;
    foreign.code = 451;
    foreign.text = "a\nb\x1b" + std::string(1000, 'x');
    const auto result = settle_after(minutes{1}, {{0, foreign, "mx", HandedTo::PlainRelay},
                                                  {1, foreign, "mx", HandedTo::PlainRelay}});
    EXPECT_TRUE(result.change.state.last_text.starts_with("451 a b\\x1B"))
        << result.change.state.last_text;
    EXPECT_LE(result.change.state.last_text.size(), 500U);
}

// Specification §6.2: what was asked for is kept with the message, and its notices heed it.
TEST_F(SettleTest, WhatWasAskedForIsKeptAndNeverBecomesLess)
{
    const std::vector<RecipientEnd> waits{{0, kDeferred, "mx", HandedTo::PlainRelay},
                                          {1, kDeferred, "mx", HandedTo::PlainRelay}};
    const mail::RequiredTls dane{mail::TlsLevel::Dane, "dane.usable"};
    required = dane;
    state = settle_after(minutes{1}, waits).change.state;
    EXPECT_EQ(state.required_tls, dane);
    required = mail::RequiredTls{mail::TlsLevel::Encrypt, "tls.connector-level"};
    state = settle_after(minutes{2}, waits).change.state;
    EXPECT_EQ(state.required_tls, dane);
    required.reset();
    state = settle_after(minutes{3}, waits).change.state;
    EXPECT_EQ(state.required_tls, dane);

    const auto delay = settle_after(hours{4}, waits);
    const auto& notice = *delay.change.new_messages.at(0);
    EXPECT_EQ(notice.body.bytes.view().find("Subject: x"), std::string_view::npos);
    EXPECT_EQ(delay.notices.at(0).content, Reason::NoticeContentWithheld);
}

TEST_F(SettleTest, WhatTheLastAttemptFoundCountsForItsNotice)
{
    required = mail::RequiredTls{mail::TlsLevel::VerifyName, "sts.enforced"};
    const auto result = settle_after(minutes{1}, {{0, kDelivered, "mx", HandedTo::PlainRelay},
                                                  {1, kFailed, "mx", HandedTo::PlainRelay}});
    EXPECT_EQ(result.change.new_messages.at(0)->body.bytes.view().find("Subject: x"),
              std::string_view::npos);
}

// Specification §6.2: attempts in brief, the last one that was made in full; both are kept.
TEST_F(SettleTest, AttemptsAreKeptAndToldInTheEnd)
{
    auto contents = snapshot->contents();
    objects::AcceptedDomain own;
    own.name = *objects::DomainPattern::parse("sender.test");
    contents.accepted_domains.push_back(std::move(own));
    snapshot = std::make_unique<objects::Snapshot>(std::move(contents));
    const std::vector<RecipientEnd> refuses{{0, kDeferred, "mx", HandedTo::PlainRelay},
                                            {1, kDeferred, "mx", HandedTo::PlainRelay}};
    attempt.emplace().number = 1;
    attempt->host = "mx.first.example";
    state = settle_after(minutes{1}, refuses).change.state;
    ASSERT_EQ(state.history.causes.size(), 1U);
    EXPECT_EQ(state.history.causes[0].reason, Reason::ConnectRefused);
    EXPECT_EQ(state.history.causes[0].count, 1U);
    EXPECT_THAT(state.last_attempt, testing::HasSubstr("mx.first.example"));

    // The destination backs off: nobody is tried, what was seen before stays.
    attempt.reset();
    auto backing_off = outcome(OutcomeClass::Deferred, {4, 4, 315}, Reason::ConnectTimedOut);
    const auto over = settle_after(hours{24 * 5}, {{0, backing_off, "", HandedTo::PlainRelay},
                                                   {1, backing_off, "", HandedTo::PlainRelay}});
    const std::string notice{over.change.new_messages.at(0)->body.bytes.view()};
    EXPECT_THAT(notice, testing::HasSubstr("mx: connect.refused, words"));
    EXPECT_THAT(notice, testing::Not(testing::HasSubstr(": connect.timed-out, words")));
    EXPECT_THAT(notice, testing::HasSubstr("X-Hermetic-Reason: connect.timed-out"));
    EXPECT_THAT(notice, testing::HasSubstr("mx.first.example"));
    EXPECT_THAT(notice,
                testing::HasSubstr("Last-Attempt-Date: " + format_rfc5322(accepted + minutes{1})));
}

}  // namespace
}  // namespace hermetic::settlement
