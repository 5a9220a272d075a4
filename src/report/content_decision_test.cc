#include "report/content_decision.h"

#include "report/fixture_for_tests.h"
#include "report/notice_details.h"
#include "report/returned_content.h"

#include <gmock/gmock.h>

namespace hermetic::report {
namespace {

using mail::TlsLevel;
using testing::HasSubstr;
using testing::Not;

// A message with something to hide, from a@own.example to b@far.example.
class ContentDecisionTest : public NoticeFixture {
protected:
    ContentDecisionTest()
    {
        message_ =
            "Received: from secret-host\r\n"
            "Date: Fri, 20 Dec 2019 00:00:00 +0000\r\n"
            "From: Anne <a@own.example>\r\n"
            "TO : b@far.example,\r\n c@far.example\r\n"
            "Subject: secret-subject\r\n"
            "X-Note: secret-field\r\n"
            "Message-ID: <original@own.example>\r\n"
            "To-Do: secret-list\r\n"
            "\r\n"
            "secret-body\r\n";
        contents_ = make_snapshot().contents();
    }

    void ask(TlsLevel level) { required_ = mail::RequiredTls{level, "tls.connector-level"}; }
    void next_hop(std::vector<objects::NextHopHost> hosts)
    {
        contents_.accepted_domains[0].next_hop = {hosts.empty(), std::move(hosts)};
    }
    void connector_to(std::string_view domain, TlsLevel level)
    {
        objects::OutboundConnector made;
        made.name = domain;
        made.organization = "Example";
        made.recipient_domains = {*objects::DomainPattern::parse(domain)};
        made.tls.level = level;
        contents_.outbound_connectors.push_back(std::move(made));
        contents_.accepted_domains[0].connector = domain == "own.example" ? domain : "";
    }
    static objects::NextHopHost local()
    {
        objects::NextHopHost host;
        host.address = IpAddress::parse("127.0.0.1");
        return host;
    }
    static objects::NextHopHost remote_host()
    {
        objects::NextHopHost host;
        host.host = "store.own.example";
        return host;
    }

    NoticeInput about(RecipientReport one)
    {
        snapshot_ = objects::Snapshot{contents_};
        NoticeInput in = input({std::move(one)});
        in.required_tls = required_;
        return in;
    }
    ContentDecision decide()
    {
        const NoticeInput in = about(refused());
        return decide_content(in, decide_notice(in));
    }
    Notice notice() { return make_notice(about(refused())).value(); }

    objects::Snapshot::Contents contents_;
    std::optional<mail::RequiredTls> required_;
};

TEST_F(ContentDecisionTest, WhereNobodyAskedItIsAsTheSenderAsks)
{
    const auto decision = decide();
    EXPECT_EQ(decision.content, Content::AsAsked);
    EXPECT_EQ(decision.required, std::nullopt);
    EXPECT_EQ(decision.reason, facts::Reason::None);
    EXPECT_THAT(notice().bytes, HasSubstr("secret-body"));
    EXPECT_EQ(notice().envelope.tls, mail::TlsRequests{});
}

// Way back: by MX with opportunistic TLS.
TEST_F(ContentDecisionTest, AWeakerWayBackGetsFourFieldsOnly)
{
    ask(TlsLevel::Encrypt);
    EXPECT_EQ(decide().reason, facts::Reason::NoticeContentWithheld);
    const Notice made = notice();
    EXPECT_EQ(made.content, facts::Reason::NoticeContentWithheld);
    EXPECT_THAT(made.bytes, Not(HasSubstr("secret")));
    EXPECT_THAT(made.bytes, HasSubstr("Subject: Your message was not delivered\r\n"));
    EXPECT_THAT(made.bytes, HasSubstr("Content-Type: text/rfc822-headers\r\n"));
    EXPECT_THAT(made.bytes, HasSubstr("\r\n\r\nDate: Fri, 20 Dec 2019 00:00:00 +0000\r\n"
                                      "From: Anne <a@own.example>\r\n"
                                      "TO : b@far.example,\r\n c@far.example\r\n"
                                      "Message-ID: <original@own.example>\r\n"));
    EXPECT_THAT(made.bytes, HasSubstr("In-Reply-To: <original@own.example>\r\n"));
    EXPECT_THAT(made.bytes, HasSubstr("had to be sent over protected connections only"));
    EXPECT_EQ(made.envelope.tls, mail::TlsRequests{}) << "it has nothing to protect";
}

TEST_F(ContentDecisionTest, EveryKindOfNoticeIsCut)
{
    ask(TlsLevel::Encrypt);
    for (const Action action :
         {Action::Failed, Action::Delayed, Action::Relayed, Action::Delivered}) {
        auto one = report("b@far.example", action, remote(250, {2, 0, 0}, "ok"),
                          mail::kNotifySuccess | mail::kNotifyDelay | mail::kNotifyFailure);
        EXPECT_THAT(make_notice(about(std::move(one))).value().bytes, Not(HasSubstr("secret")))
            << name(action);
    }
}

// A peer has read the message inside TLS, and may repeat it in its reply.
TEST_F(ContentDecisionTest, AWithheldNoticeHasNoneOfThePeersWords)
{
    const std::string_view words = "5.7.1 rejected: 'Subject: secret-subject' has secret-body";
    ask(TlsLevel::Encrypt);
    for (const Action action : {Action::Failed, Action::Delayed}) {
        SCOPED_TRACE(name(action));
        for (const auto& sender :
             {std::optional{mailbox("a@own.example")},
              std::optional{mailbox("x@elsewhere.example")}, std::optional<mail::Mailbox>{}}) {
            if (!sender && action == Action::Delayed) continue;  // the postmaster hears of failures
            about_.sender = sender;
            const auto said = remote(554, {5, 7, 1}, std::string{words});
            NoticeInput in = about(report("b@far.example", action, said));
            in.history.causes = {{1, 1, 1, kAccepted, kAccepted, facts::Reason::RcptRefused,
                                  "mx.far.example", "554 " + std::string{words}}};
            facts::Attempt attempt;
            attempt.host = "mx.far.example";
            attempt.parts.push_back({"b@far.example", said});
            in.last_attempt = format_attempt(attempt);
            const Notice made = make_notice(in).value();
            EXPECT_EQ(made.content, facts::Reason::NoticeContentWithheld);
            EXPECT_THAT(made.bytes, Not(HasSubstr("secret")));
            EXPECT_THAT(made.bytes, HasSubstr("Remote-MTA: dns; mx.far.example\r\n"
                                              "Diagnostic-Code: smtp; 554 5.7.1\r\n"));
            EXPECT_THAT(made.bytes, HasSubstr("mx.far.example replied 554 5.7.1 (rcpt.refused)."));
            EXPECT_THAT(made.bytes, HasSubstr("in the log of mx.own.example"));
        }
    }
}

// Some outcomes of ours quote a peer that nothing has proved.
TEST_F(ContentDecisionTest, AWithheldNoticeHasNoneOfTheWordsThatWeQuote)
{
    ask(TlsLevel::Encrypt);
    auto unproved = report::local(facts::Stage::Ehlo, {4, 4, 317}, facts::Reason::PeerUnproved);
    unproved.text = "the server refused, unproved: \"554 secret-body\"";
    const Notice made =
        make_notice(about(report("b@far.example", Action::Failed, unproved))).value();
    EXPECT_THAT(made.bytes, Not(HasSubstr("secret")));
    EXPECT_THAT(made.bytes, HasSubstr("X-Hermetic-Reason: peer.unproved\r\n"));
}

TEST_F(ContentDecisionTest, AProtectedWayBackHasThePeersWords)
{
    ask(TlsLevel::Encrypt);
    connector_to("own.example", TlsLevel::Encrypt);
    EXPECT_THAT(notice().bytes, HasSubstr("Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"));
    EXPECT_THAT(notice().bytes, HasSubstr("replied: 550 5.1.1 No such user"));
}

// RFC 8689 §5: never the body, however it comes back.
TEST_F(ContentDecisionTest, WithRequiretlsNoWordsOfPeersAreTold)
{
    about_.tls.requiretls = true;
    connector_to("own.example", TlsLevel::VerifyName);
    EXPECT_EQ(decide().content, Content::Header);
    EXPECT_THAT(notice().bytes, Not(HasSubstr("No such user")));
    EXPECT_THAT(notice().bytes, HasSubstr("Diagnostic-Code: smtp; 550 5.1.1\r\n"));
}

TEST_F(ContentDecisionTest, SendersOutsideGetNoSubjectEither)
{
    about_.sender = mailbox("x@elsewhere.example");
    EXPECT_THAT(notice().bytes, HasSubstr("secret-subject"));
    ask(TlsLevel::Encrypt);
    EXPECT_THAT(notice().bytes, Not(HasSubstr("secret")));
}

TEST_F(ContentDecisionTest, ThePostmasterGetsNoMoreThanTheWayThereAllows)
{
    about_.sender.reset();
    ask(TlsLevel::Encrypt);
    EXPECT_THAT(notice().bytes, Not(HasSubstr("secret")));
    next_hop({local()});
    EXPECT_THAT(notice().bytes, HasSubstr("secret-body"));
}

TEST_F(ContentDecisionTest, WhatStaysOnTheMachineIsWholeAndCarriesTheDemand)
{
    ask(TlsLevel::VerifyName);
    next_hop({local()});
    EXPECT_EQ(decide().reason, facts::Reason::NoticeContentLocal);
    EXPECT_THAT(notice().bytes, HasSubstr("secret-body"));
    EXPECT_EQ(notice().envelope.tls.level, TlsLevel::VerifyName);
    next_hop({local(), remote_host()});
    EXPECT_EQ(decide().reason, facts::Reason::NoticeContentWithheld) << "one of them is elsewhere";
}

TEST_F(ContentDecisionTest, AWayBackAtLeastAsStrongIsHeldToIt)
{
    const struct {
        TlsLevel asked;
        TlsLevel back;
        bool whole;
    } rows[] = {
        {TlsLevel::Encrypt, TlsLevel::Opportunistic, false},
        {TlsLevel::Encrypt, TlsLevel::Encrypt, true},
        {TlsLevel::Encrypt, TlsLevel::VerifyName, true},
        {TlsLevel::VerifyName, TlsLevel::VerifyCa, false},
        {TlsLevel::VerifyName, TlsLevel::VerifyName, true},
        {TlsLevel::Dane, TlsLevel::VerifyName, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string{mail::name(row.asked)} + " " + std::string{mail::name(row.back)});
        contents_.outbound_connectors.clear();
        connector_to("own.example", row.back);
        ask(row.asked);
        const auto decision = decide();
        EXPECT_EQ(decision.content, row.whole ? Content::AsAsked : Content::Withheld);
        EXPECT_EQ(decision.requests.level, row.whole ? row.asked : TlsLevel::None);
        EXPECT_EQ(decision.reason, row.whole ? facts::Reason::NoticeContentProtected
                                             : facts::Reason::NoticeContentWithheld);
    }
}

TEST_F(ContentDecisionTest, OurOwnNextHopOverTheNetworkIsEncrypted)
{
    next_hop({remote_host()});
    ask(TlsLevel::Encrypt);
    EXPECT_EQ(decide().reason, facts::Reason::NoticeContentProtected);
    ask(TlsLevel::VerifyCa);
    EXPECT_EQ(decide().reason, facts::Reason::NoticeContentWithheld);
}

// Before any attempt, or where none came so far as to ask: it is known all the same.
TEST_F(ContentDecisionTest, WhatTheRecipientsRouteAsksCountsThoughNothingWasTried)
{
    connector_to("far.example", TlsLevel::VerifyName);
    const auto decision = decide();
    EXPECT_EQ(decision.content, Content::Withheld);
    EXPECT_EQ(decision.required, (mail::RequiredTls{TlsLevel::VerifyName, "tls.connector-level"}));
    contents_.outbound_connectors[0].tls.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(decide().content, Content::AsAsked);
}

TEST_F(ContentDecisionTest, WithRequiretlsTheBodyIsNeverGivenBack)
{
    about_.tls.requiretls = true;
    EXPECT_EQ(decide().content, Content::Withheld);
    EXPECT_THAT(notice().bytes, Not(HasSubstr("secret")));
    EXPECT_TRUE(notice().envelope.tls.requiretls) << "carried where the next hop takes it";
    EXPECT_EQ(notice().envelope.tls.level, TlsLevel::None) << "and nothing is demanded";
    connector_to("own.example", TlsLevel::VerifyName);
    EXPECT_EQ(decide().content, Content::Header);
    EXPECT_THAT(notice().bytes, HasSubstr("secret-subject"));
    EXPECT_THAT(notice().bytes, Not(HasSubstr("secret-body")));
    EXPECT_THAT(notice().bytes, HasSubstr("REQUIRETLS"));
    EXPECT_TRUE(notice().envelope.tls.requiretls);
}

TEST_F(ContentDecisionTest, ANoticeOfANoticeIsNoLeak)
{
    // A whole message is in it, and it carries what that required.
    about_.sender.reset();
    about_.is_notice = true;
    about_.tls.level = TlsLevel::VerifyName;
    const auto decision = decide();
    EXPECT_EQ(decision.required, (mail::RequiredTls{TlsLevel::VerifyName, "tls.message-level"}));
    EXPECT_THAT(notice().bytes, Not(HasSubstr("secret")));
}

TEST_F(ContentDecisionTest, AdministratorsReadWhoAsked)
{
    ask(TlsLevel::VerifyName);
    EXPECT_THAT(notice().bytes, HasSubstr("TLS required: verify_name (tls.connector-level)"));
}

}  // namespace
}  // namespace hermetic::report
