#include "facts/reasons.h"
#include "report/fixture_for_tests.h"
#include "report/mime_writer.h"
#include "report/notice_details.h"
#include "report/returned_content.h"

#include <algorithm>

namespace hermetic::report {
namespace {

using facts::Reason;
using testing::Test;

bool has(std::string_view text, std::string_view piece)
{
    return text.find(piece) != std::string_view::npos;
}

class NoticeTest : public NoticeFixture {
protected:
    std::string bytes(const NoticeInput& in) { return make_notice(in).value().bytes; }

    // What every notice has to be, whatever is in it.
    static void expect_well_formed(const Notice& notice)
    {
        const std::string& text = notice.bytes;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            ASSERT_NE(end, std::string::npos) << "ends in a line";
            ASSERT_GT(end, at) << "bare LF";
            ASSERT_EQ(text[end - 1], '\r') << "bare LF in: " << text.substr(at, end - at);
            EXPECT_EQ(text.substr(at, end - at - 1).find('\r'), std::string::npos) << "bare CR";
            EXPECT_LE(end - 1 - at, 998U);
            at = end + 1;
        }
        if (notice.envelope.body_type == mail::BodyType::SevenBit && !notice.envelope.smtputf8) {
            EXPECT_TRUE(is_seven_bit(text));
        }
        EXPECT_EQ(notice.envelope.size, text.size());
        EXPECT_FALSE(notice.envelope.sender);
        EXPECT_TRUE(notice.envelope.is_notice);
        ASSERT_EQ(notice.envelope.recipients.size(), 1U);
        EXPECT_TRUE(has(text, "Auto-Submitted: auto-replied\r\n"));
    }
};

TEST_F(NoticeTest, FailureReadsLikeThis)
{
    about_.envid = "order 7";
    auto one = refused();
    one.recipient.orcpt = "rfc822;alias@own.example";
    const Notice notice = make_notice(input({one})).value();
    expect_well_formed(notice);
    const std::string& text = notice.bytes;
    EXPECT_TRUE(text.starts_with("Date: Fri, 20 Dec 2019 01:00:00 +0000\r\n"));
    EXPECT_TRUE(has(text,
                    "From: Mail Delivery System <postmaster@own.example>\r\n"
                    "To: <a@own.example>\r\n"
                    "Subject: Your message was not delivered: Report\r\n"));
    EXPECT_TRUE(has(text, "In-Reply-To: <original@own.example>\r\n"));
    EXPECT_TRUE(has(text, "Content-Type: multipart/report; report-type=delivery-status;\r\n"));
    EXPECT_TRUE(has(text,
                    "Content-Type: message/delivery-status\r\n"
                    "Content-Transfer-Encoding: 7bit\r\n"
                    "\r\n"
                    "Reporting-MTA: dns; mx.own.example\r\n"
                    "Original-Envelope-Id: order 7\r\n"
                    "Arrival-Date: Fri, 20 Dec 2019 00:00:00 +0000\r\n"
                    "X-Hermetic-Message: 00000000000000000000000001\r\n"
                    "\r\n"
                    "Original-Recipient: rfc822; alias@own.example\r\n"
                    "Final-Recipient: rfc822; b@far.example\r\n"
                    "Action: failed\r\n"
                    "Status: 5.1.1\r\n"
                    "Remote-MTA: dns; mx.far.example\r\n"
                    "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
                    "Last-Attempt-Date: Fri, 20 Dec 2019 00:01:00 +0000\r\n"
                    "X-Hermetic-Reason: rcpt.refused\r\n"))
        << text;
    EXPECT_TRUE(has(text, "Who can help: You can."));
    EXPECT_TRUE(has(text, "Details for administrators"));
    EXPECT_TRUE(has(text, "Content-Type: message/rfc822\r\n"));
    EXPECT_TRUE(has(text, "\r\n\r\n" + message_));
    EXPECT_EQ(notice.kind, Action::Failed);
    EXPECT_EQ(notice.reason, Reason::NoticeFailure);
    EXPECT_EQ(notice.envelope.recipients[0].notify, mail::kNotifyNever);
}

TEST_F(NoticeTest, OnlyRemoteRepliesAreCalledRemote)
{
    const auto one = report("b@far.example", Action::Failed,
                            local(facts::Stage::Connect, {4, 4, 316}, Reason::ConnectRefused));
    const std::string text = bytes(input({one}));
    EXPECT_FALSE(has(text, "Diagnostic-Code"));
    EXPECT_FALSE(has(text, "Remote-MTA"));
    EXPECT_TRUE(has(text, "Status: 5.4.316\r\n")) << "its permanent form";
    EXPECT_TRUE(has(text, "Our server tried for 60 minutes without success."));
}

// It was nobody's fault but ours, and the sender is not told by whom and why.
TEST_F(NoticeTest, MailThatExpiresWhileItsDestinationIsPausedBlamesNobodyElse)
{
    auto one = report("b@far.example", Action::Failed,
                      local(facts::Stage::Local, {4, 3, 2}, Reason::QueuePaused));
    one.host.clear();
    auto in = input({one});
    const auto words = [&] {
        std::string text = bytes(in);
        for (std::size_t at = 0; (at = text.find("\r\n    ", at)) != std::string::npos;)
            text.replace(at, 6, " ");
        return text;
    };
    EXPECT_TRUE(has(words(),
                    "What happened: The administrators of the mail system that sent this notice "
                    "have paused all mail to this destination. Your message has waited for 60 "
                    "minutes, which is as long as it may; our server has not tried to deliver it. "
                    "The recipient's mail system has not refused it."))
        << words();
    EXPECT_TRUE(has(words(), "Status: 5.3.2\r\n"));
    EXPECT_FALSE(has(words(), "Our server tried for"));
    in.history.causes.emplace_back();
    EXPECT_TRUE(has(words(),
                    "our server tried to deliver it before that, without success, and not "
                    "since. The recipient's"))
        << words();
}

TEST_F(NoticeTest, StatusFitsTheAction)
{
    const struct {
        Action action;
        facts::EnhancedStatus given;
        facts::OutcomeClass result;
        facts::EnhancedStatus status;
    } rows[] = {
        {Action::Failed, {5, 7, 1}, facts::OutcomeClass::Failed, {5, 7, 1}},
        {Action::Failed, {4, 7, 1}, facts::OutcomeClass::Deferred, {5, 7, 1}},
        {Action::Failed, {}, facts::OutcomeClass::Deferred, {5, 4, 7}},
        {Action::Failed, {}, facts::OutcomeClass::Failed, {5, 0, 0}},
        {Action::Delayed, {4, 4, 1}, facts::OutcomeClass::Deferred, {4, 4, 1}},
        {Action::Delayed, {}, facts::OutcomeClass::Deferred, {4, 0, 0}},
        {Action::Relayed, {2, 1, 5}, facts::OutcomeClass::Delivered, {2, 1, 5}},
        {Action::Delivered, {}, facts::OutcomeClass::Delivered, {2, 0, 0}},
    };
    for (const auto& row : rows) {
        RecipientReport one = refused();
        one.action = row.action;
        one.outcome.enhanced = row.given;
        one.outcome.result = row.result;
        EXPECT_EQ(status_of(one), row.status) << name(row.action) << row.given.format();
    }
}

TEST_F(NoticeTest, DelaySaysUntilWhen)
{
    const auto one = report("b@far.example", Action::Delayed, remote(450, {4, 7, 1}, "greylisted"));
    const Notice notice = make_notice(input({one})).value();
    expect_well_formed(notice);
    EXPECT_TRUE(has(notice.bytes, "Action: delayed\r\n"));
    EXPECT_TRUE(has(notice.bytes, "Will-Retry-Until: Wed, 25 Dec 2019 00:00:00 +0000\r\n"));
    EXPECT_TRUE(has(notice.bytes, "Subject: Your message is delayed: Report\r\n"));
    EXPECT_TRUE(has(notice.bytes, "text/rfc822-headers")) << "whole only for failures";
}

TEST_F(NoticeTest, SeveralRecipientsShareOneNotice)
{
    const auto relayed = report("c@far.example", Action::Relayed, remote(250, {2, 0, 0}, "ok"),
                                mail::kNotifySuccess);
    const std::string text = bytes(input({refused(), relayed}));
    EXPECT_TRUE(has(text, "Final-Recipient: rfc822; b@far.example\r\nAction: failed\r\n"));
    EXPECT_TRUE(has(text, "Final-Recipient: rfc822; c@far.example\r\nAction: relayed\r\n"));
    const auto failed = text.find("No further attempt will be made.");
    const auto passed_on = text.find("was passed on for the following address");
    ASSERT_NE(passed_on, std::string::npos);
    EXPECT_LT(failed, passed_on) << "each under its own introduction, the gravest first";
}

TEST_F(NoticeTest, SendersOutsideSeeNoDetailsAndNoBody)
{
    about_.sender = mailbox("x@elsewhere.example");
    const std::string text = bytes(input({refused()}));
    EXPECT_FALSE(has(text, "Details for administrators"));
    EXPECT_FALSE(has(text, "Hello"));
    EXPECT_TRUE(has(text, "Content-Type: text/rfc822-headers\r\n"));
    EXPECT_TRUE(has(text, "Subject: Report\r\n"));
}

TEST_F(NoticeTest, ReturnsWhatRetAsksWithinBounds)
{
    EXPECT_TRUE(has(bytes(input({refused()})), "Hello"));
    about_.ret = mail::Ret::Headers;
    EXPECT_FALSE(has(bytes(input({refused()})), "Hello"));
    about_.ret = mail::Ret::Full;
    EXPECT_TRUE(has(bytes(input({refused()})), "Hello"));
    auto in = input({refused()});
    in.max_returned = 10;
    EXPECT_FALSE(has(bytes(in), "Hello"));
    in = input({refused()});
    in.message.reset();
    EXPECT_TRUE(has(bytes(in), "text/rfc822-headers"));
}

TEST_F(NoticeTest, EightBitMessageGoesBackAsEightBit)
{
    message_ =
        "Subject: x\r\n\r\nGr\xC3\xBC\xC3\x9F"
        "e\r\n";
    Notice notice = make_notice(input({refused()})).value();
    expect_well_formed(notice);
    EXPECT_EQ(notice.envelope.body_type, mail::BodyType::EightBitMime);
    EXPECT_TRUE(has(notice.bytes, "Content-Transfer-Encoding: 8bit\r\n"));

    message_ = "Subject: x\r\n\r\n" + std::string(2000, 'a') + "\r\n";
    notice = make_notice(input({refused()})).value();
    expect_well_formed(notice);
    EXPECT_TRUE(has(notice.bytes, "text/rfc822-headers")) << "a line that no 8bit part may have";
}

TEST_F(NoticeTest, InternationalisedFormsAreSevenBitWhereTheSenderIs)
{
    about_.smtputf8 = true;
    message_ =
        "Subject: Gr\xC3\xBC\xC3\x9F"
        "e\r\n\r\n\xC3\xA4\r\n";
    const auto one = report("\xCE\xB4@far.example", Action::Failed, remote(550, {5, 1, 1}, "no"));
    const Notice notice = make_notice(input({one})).value();
    expect_well_formed(notice);
    EXPECT_FALSE(notice.envelope.smtputf8);
    EXPECT_TRUE(has(notice.bytes, "report-type=global-delivery-status;"));
    EXPECT_TRUE(has(notice.bytes,
                    "Content-Type: message/global-delivery-status; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n"));
    EXPECT_TRUE(has(notice.bytes, "Final-Recipient: utf-8; =CE=B4@far.example\r\n"));
    EXPECT_TRUE(has(notice.bytes,
                    "Content-Type: message/global\r\n"
                    "Content-Transfer-Encoding: base64\r\n"));
    EXPECT_TRUE(has(notice.bytes, "Subject: =?UTF-8?B?"));
}

TEST_F(NoticeTest, InternationalisedSenderNeedsSmtputf8)
{
    about_.smtputf8 = true;
    about_.sender = mailbox("\xCE\xB1@own.example");
    const Notice notice = make_notice(input({refused()})).value();
    EXPECT_TRUE(notice.envelope.smtputf8);
    EXPECT_TRUE(has(notice.bytes, "To: <\xCE\xB1@own.example>\r\n"));
    expect_well_formed(notice);
}

TEST_F(NoticeTest, ForeignTextBreaksNothing)
{
    auto one = report("b@far.example", Action::Failed,
                      remote(550, {5, 7, 1},
                             "no\r\nAction: delivered\r\n\r\n<script>alert(1)</script>"
                             "\x01\xFF" +
                                 std::string(5000, 'x')));
    one.host = "evil\r\nX-Injected: yes";
    one.recipient.orcpt = "rfc822;x\r\nAction: delivered";
    about_.envid = "a\r\n\r\nb";
    about_.message_id = "<a@b>\r\nBcc: victim@example.org";
    message_ = "Subject: x\xFF\xFE <b>\r\n";
    facts::Attempt attempt;
    attempt.host = "evil\r\nhost";
    attempt.parts.push_back({"<b>\r\n", one.outcome});
    auto in = input({one});
    in.last_attempt = format_attempt(attempt);
    const Notice notice = make_notice(in).value();
    expect_well_formed(notice);
    EXPECT_FALSE(has(notice.bytes, "\r\nX-Injected"));
    EXPECT_FALSE(has(notice.bytes, "\r\nAction: delivered"));
    EXPECT_FALSE(has(notice.bytes, "\r\nBcc:"));
    EXPECT_FALSE(has(notice.bytes, "<script>alert(1)</script></dd>"));
}

TEST_F(NoticeTest, ThousandRecipientsAreBoundedInTextAndWholeInStatus)
{
    std::vector<RecipientReport> all;
    for (int i = 0; i < 1000; ++i) {
        all.push_back(report("r" + std::to_string(i) + "@far.example", Action::Failed,
                             remote(550, {5, 1, 1}, "no")));
    }
    const std::string text = bytes(input(std::move(all)));
    EXPECT_TRUE(has(text, "and 900 more"));
    EXPECT_TRUE(has(text, "Final-Recipient: rfc822; r999@far.example\r\n"));
}

TEST_F(NoticeTest, AttemptsAreToldToAdministrators)
{
    facts::Attempt attempt;
    attempt.number = 3;
    attempt.started = kAccepted;
    attempt.host = "mx.far.example";
    attempt.address = Endpoint::parse("192.0.2.1:25");
    attempt.policy = "opportunistic";
    attempt.policy_reasons = {Reason::TlsOrganizationLevel};
    facts::AttemptStep step;
    step.host = "mx.far.example";
    step.address = *attempt.address;
    step.reason = Reason::HandshakeAlert;
    step.tls_failure =
        facts::TlsFailure{facts::TlsFailure::Kind::Alert, 40, "handshake failure", {}};
    attempt.steps = {step};
    attempt.tls = facts::TlsEvidence{};
    attempt.tls->version = facts::TlsVersion::Tls13;
    attempt.tls->cipher = "TLS_AES_256_GCM_SHA384";
    attempt.tls->verdict = {facts::ChainVerdict::State::Failed, "certificate has expired",
                            facts::ChainFault::Expired};
    auto in = input({refused()});
    in.last_attempt = format_attempt(attempt);
    const std::string text = bytes(in);
    EXPECT_TRUE(
        has(text, "Attempt 3 at 2019-12-20T00:00:00.000Z, to mx.far.example at 192.0.2.1:25"));
    EXPECT_TRUE(has(text, "policy: opportunistic (tls.organization-level)"));
    EXPECT_TRUE(has(text, "everything")) << "the step";
    EXPECT_TRUE(has(text, "certificate has expired"));
}

// Specification §6.1: also of an attempt that was refused for it.
TEST_F(NoticeTest, WhatARefusedHandshakeShowedIsToldWithItsStep)
{
    facts::TlsEvidence tls;
    tls.version = facts::TlsVersion::Tls13;
    tls.cipher = "TLS_AES_256_GCM_SHA384";
    tls.verdict = {facts::ChainVerdict::State::Failed, "certificate has expired",
                   facts::ChainFault::Expired};
    tls.chain.resize(2);
    tls.chain[0].subject = "CN=leaf";
    tls.chain[0].issuer = "CN=issuer";
    for (int i = 0; i < 7; ++i)
        tls.chain[0].dns_names.push_back("n" + std::to_string(i) + ".example");
    tls.chain[0].not_after = kAccepted;
    tls.chain[1].subject = "CN=issuer";
    facts::AttemptStep step;
    step.host = "mx.far.example";
    step.address = *Endpoint::parse("192.0.2.1:25");
    step.reason = Reason::TlsChainNotVerified;
    step.tls = tls;
    facts::Attempt attempt;
    attempt.host = "mx2.far.example";
    attempt.steps = {step, {}};
    attempt.steps[1].host = "mx2.far.example";
    const std::string told = format_attempt(attempt);
    EXPECT_TRUE(has(told,
                    "TLSv1.3, TLS_AES_256_GCM_SHA384; certificate not verified: "
                    "certificate has expired"));
    EXPECT_TRUE(has(told,
                    "CN=leaf (names n0.example, n1.example, n2.example, n3.example, "
                    "n4.example and 2 more) issued by CN=issuer, valid "
                    "1970-01-01T00:00:00.000Z to 2019-12-20T00:00:00.000Z"))
        << told;
    EXPECT_TRUE(has(told, "chain as presented: CN=issuer"));
    EXPECT_FALSE(has(told, "TLS: none"));

    attempt.steps.pop_back();
    attempt.tls = tls;
    const std::string once = format_attempt(attempt);
    EXPECT_EQ(once.find("TLS: "), once.rfind("TLS: ")) << "not twice: " << once;
}

TEST_F(NoticeTest, AnAttemptInFullIsBounded)
{
    facts::Attempt attempt;
    attempt.host = std::string(10'000, 'h');
    attempt.steps.resize(100);
    for (auto& step : attempt.steps) {
        step.host = std::string(10'000, 'r');
        step.tls.emplace().chain.resize(10);
        step.tls->chain[0].subject = std::string(10'000, 's');
        step.tls->chain[0].dns_names.assign(1000, std::string(10'000, 'n'));
    }
    EXPECT_LE(format_attempt(attempt).size(), 4000U);
}

TEST_F(NoticeTest, AttemptsAreToldInBriefByWhatTheyCameTo)
{
    auto in = input({refused()});
    in.history.causes = {{1, 5, 4, kAccepted, kAccepted + std::chrono::minutes{36},
                          Reason::ConnectRefused, "mx.far.example", "the connection was refused"},
                         {2, 2, 1, kAccepted + std::chrono::minutes{1},
                          kAccepted + std::chrono::minutes{1}, Reason::DnsFailed, "", "SERVFAIL"}};
    in.history.left_out = 3;
    in.last_attempt = "Attempt 5 at noon\n  policy: encrypt\n";
    Notice notice = make_notice(in).value();
    expect_well_formed(notice);
    const std::string& text = notice.bytes;
    EXPECT_TRUE(has(text, "All attempts, by result:"));
    EXPECT_TRUE(has(text, "4 attempts, 1 at 2019-12-20T00:00:00.000Z to 5 at"));
    EXPECT_TRUE(has(text, "attempt 2 at 2019-12-20T00:01:00.000Z: dns.failed, SERVFAIL"));
    EXPECT_TRUE(has(text, "(3 more with other causes)"));
    EXPECT_TRUE(has(text, "The last attempt:"));
    EXPECT_TRUE(has(text, "policy: encrypt"));
    about_.sender = mailbox("x@elsewhere.example");
    EXPECT_FALSE(has(bytes(in), "SERVFAIL"));
}

// Specification §6.2: who can fix it and how; mail that will be returned says when.
TEST_F(NoticeTest, ADelaySaysWhenItEndsAndWhoCanHelp)
{
    const auto one = report("b@far.example", Action::Delayed,
                            local(facts::Stage::StartTls, {4, 4, 317}, Reason::StarttlsNotOffered));
    const std::string text = bytes(input({one}));
    EXPECT_TRUE(has(text, "until Wed, 25 Dec 2019 00:00:00 +0000. If it has not")) << text;
    EXPECT_TRUE(has(text, "is returned to you."));
    EXPECT_TRUE(has(text, "Who can help: Those who run the recipient's mail system."));
    EXPECT_TRUE(has(text, "How: Reach the recipient in another way."));
    EXPECT_FALSE(has(text, "Nobody needs"));
}

TEST_F(NoticeTest, CodesStandOnceAndNothingIsEscapedTwice)
{
    const auto said = remote(550, {5, 1, 1}, "5.1.1 No \x1B user");
    facts::Attempt attempt;
    attempt.host = "mx.far.example";
    attempt.parts.push_back({"b@far.example", said});
    auto in = input({report("b@far.example", Action::Failed, said)});
    in.last_attempt = format_attempt(attempt);
    EXPECT_TRUE(has(in.last_attempt, "550 5.1.1 (rcpt.refused) No \\x1B user\n"))
        << in.last_attempt;
    EXPECT_FALSE(has(bytes(in), "\\\\x1B"));
}

// What the facts hold of certificates, alerts and addresses is printable already.
TEST_F(NoticeTest, WhatWasMadePrintableWhenItCameInIsNotEscapedAgain)
{
    facts::Attempt attempt;
    attempt.host = "mx.far.example";
    facts::AttemptStep step;
    step.tls_failure = facts::TlsFailure{facts::TlsFailure::Kind::Alert, 70, "odd \\x07", {}};
    attempt.steps.push_back(step);
    auto& tls = attempt.tls.emplace();
    tls.chain.resize(2);
    tls.chain[0].subject = "CN=\\x01";
    tls.chain[0].issuer = "CN=\\x02";
    tls.chain[0].dns_names = {"\\xFF.example"};
    tls.chain[1].subject = "CN=\\x03";
    attempt.parts.push_back({"\\xE9@far.example", remote(550, {5, 1, 1}, "no")});
    auto in = input({refused()});
    in.last_attempt = format_attempt(attempt);
    for (const auto* once : {"odd \\x07", "certificate CN=\\x01", "issued by CN=\\x02",
                             "names \\xFF.example", "presented: CN=\\x03", "\\xE9@far.example"}) {
        EXPECT_TRUE(has(in.last_attempt, once)) << once << " in " << in.last_attempt;
    }
    about_.message_id = "<\\xE9@example.org>";
    const auto text = bytes(in);
    EXPECT_TRUE(has(text, "Message-ID <\\xE9@example.org>")) << text;
    EXPECT_FALSE(has(in.last_attempt + text, "\\\\x"));
}

TEST(WithoutWords, LeavesCodesAndReasons)
{
    EXPECT_EQ(
        without_words("Attempt 1\n  b@x: failed at stage rcpt by the remote server: 550 5.1.1 "
                      "(rcpt.refused) 5.1.1 secret (x)\n"),
        "Attempt 1\n  b@x: failed at stage rcpt by the remote server: 550 5.1.1 "
        "(rcpt.refused)\n");
    EXPECT_EQ(without_words("  b@x: failed at stage rcpt by"), "  b@x: failed\n");
    EXPECT_EQ(without_words(""), "");
}

TEST(HeaderOf, EndsBeforeTheEmptyLine)
{
    EXPECT_EQ(header_of("A: b\r\nC: d\r\n\r\nbody"), "A: b\r\nC: d\r\n");
    EXPECT_EQ(header_of("\r\nbody"), "");
    EXPECT_EQ(header_of("A: b\r\n"), "A: b\r\n");
}

TEST(FindField, UnfoldsTheFirst)
{
    const std::string_view headers = "X: 1\r\nsubject:  a\r\n b\r\nSubject: c\r\n";
    EXPECT_EQ(find_field(headers, "Subject"), "a b");
    EXPECT_EQ(find_field(headers, "Sub"), "");
    EXPECT_EQ(find_field("", "X"), "");
}

}  // namespace
}  // namespace hermetic::report
