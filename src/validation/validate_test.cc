#include "validation/validate.h"

#include "validation/bounce.h"
#include "validation/partner_fixture.h"

#include <algorithm>

namespace hermetic::validation {
namespace {

TEST_F(ValidateTest, AGoodPartnerPassesEveryStep)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::VerifyName);
    const auto report = validated();
    EXPECT_EQ(told(report.steps),
              (Words{"mx ok", "addresses ok", "tlsa ok", "connect ok", "greeting ok", "ehlo ok",
                     "starttls ok", "versions ok", "certificate ok tls.verified",
                     "policy ok tls.verified", "result ok", "result ok"}));
    EXPECT_EQ(report.state, State::Ok);
    EXPECT_EQ(report.words, "mail flows under the connector");
    EXPECT_TRUE(peer.messages.empty());
}

TEST_F(ValidateTest, AWrongNameWouldMakeMailWait)
{
    peer_for("bank.test", in_tls({"mx.elsewhere.test"}));
    connector(TlsLevel::VerifyName);
    const auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    const auto words = told(report.steps);
    EXPECT_EQ(words[8], "certificate warning tls.name-mismatch");
    EXPECT_EQ(words[9], "policy failed tls.name-mismatch");
    EXPECT_NE(report.steps[9].fix.find("tls_names"), std::string::npos);
}

TEST_F(ValidateTest, WithoutStarttlsTheLevelDecides)
{
    peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(told(report.steps)[6], "starttls failed starttls.not-offered");
    EXPECT_EQ(told(report.steps)[7], "policy failed starttls.not-offered");
    connector(TlsLevel::Opportunistic);
    report = validated();
    EXPECT_EQ(report.state, State::Warning);
    EXPECT_EQ(told(report.steps)[7], "policy warning starttls.not-offered");
}

// Below `encrypt` a refusal in clear is believed, and returns mail; above it nobody knows whose it
// is.
TEST_F(ValidateTest, ARefusedGreetingReturnsMailOrMakesItWait)
{
    outbound::PeerScript script;
    script.greeting = "554 5.7.1 \"go\" away";
    peer_for("bank.test", std::move(script));
    connector(TlsLevel::Opportunistic);
    auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(report.words, "mail would be returned to its sender");
    const Step& route = report.steps.at(report.steps.size() - 2);
    EXPECT_EQ(told({route}), (Words{"result failed greeting.refused"}));
    EXPECT_NE(route.seen.find("mail would be returned to its sender: the server replied "
                              "\"554 5.7.1 \\\"go\\\" away\" in clear text: nothing proves"),
              std::string::npos)
        << route.seen;
    connector(TlsLevel::Encrypt);
    report = validated();
    EXPECT_EQ(report.words, "mail would wait");
    EXPECT_EQ(told({report.steps.at(report.steps.size() - 2)}),
              (Words{"result failed peer.unproved"}));
}

// As in delivery: which of its replies answers what is known no more.
TEST_F(ValidateTest, WhoSaysMoreThanItWasAskedGetsNoMail)
{
    outbound::PeerScript script;
    script.replies["EHLO"] = "250-mx.bank.test\r\n250 SIZE\r\n250 more";
    peer_for("bank.test", std::move(script));
    connector(TlsLevel::Opportunistic);
    const auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(report.words, "mail would wait");
    EXPECT_EQ(told({report.steps.at(report.steps.size() - 2)}),
              (Words{"result failed reply.unexpected"}));
}

TEST_F(ValidateTest, ADomainThatTakesNoMailReturnsIt)
{
    connector(TlsLevel::Encrypt);
    EXPECT_EQ(validated().words, "mail would be returned to its sender");
}

TEST_F(ValidateTest, AnAuditedConnectorIsJudgedAsIfItEnforced)
{
    peer_for("bank.test", {});
    connector(TlsLevel::Encrypt).tls.mode = objects::ConnectorMode::Audit;
    const auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(report.words,
              "if the connector enforced: mail would wait; in audit mode it defers no mail");
}

TEST_F(ValidateTest, TheTestMessageGoesInTlsAlone)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::VerifyName);
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Ok);
    ASSERT_EQ(peer.messages.size(), 1U);
    EXPECT_TRUE(peer.in_tls[0]);
    EXPECT_NE(peer.messages[0].find("Subject: Test of a mail connector"), std::string::npos);
    const auto words = told(report.steps);
    EXPECT_NE(std::find(words.begin(), words.end(), "message ok"), words.end());
}

TEST_F(ValidateTest, NoTestMessageWhereThePolicyIsNotMet)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.elsewhere.test"}));
    connector(TlsLevel::VerifyName);
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_TRUE(peer.messages.empty());
    for (const auto& command : peer.commands) EXPECT_FALSE(command.starts_with("MAIL")) << command;
}

TEST_F(ValidateTest, ARefusedTestMessageIsThePeersWord)
{
    auto script = in_tls({"mx.bank.test"});
    script.replies["RCPT"] = "550 5.1.1 nobody here";
    peer_for("bank.test", std::move(script));
    connector(TlsLevel::VerifyName);
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(report.words, "mail flows, but the test message was refused");
    const auto found = std::find_if(report.steps.begin(), report.steps.end(),
                                    [](const Step& step) { return step.id == StepId::Message; });
    ASSERT_NE(found, report.steps.end());
    EXPECT_EQ(
        found->seen,
        "the server replied \"550 5.1.1 nobody here\", and its certificate proves its identity");
}

TEST_F(ValidateTest, NoBounceWithinTheTimeIsSaidSo)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::VerifyName);
    accept_own_domain();
    bounce_wait_ = std::chrono::minutes{2};
    sink_ = [this](const Step& step) {
        if (step.id == StepId::Bounce && step.state == State::Running)
            fixture_.clock.shift = std::chrono::minutes{2};
    };
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Ok) << report.words;
    const auto& step = report.steps.at(report.steps.size() - 2);
    EXPECT_EQ(step.id, StepId::Bounce);
    EXPECT_EQ(step.seen, "no bounce within 2 min");
    EXPECT_FALSE(bounces_.is_expected(token_at(peer), fixture_.clock.wall()));  // forgotten
}

TEST_F(ValidateTest, ABounceIsToldInItsOwnWords)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::VerifyName);
    accept_own_domain();
    bounce_wait_ = std::chrono::minutes{2};
    sink_ = [&](const Step& step) {
        if (step.id != StepId::Bounce || step.state != State::Running) return;
        bounces_.note(
            {token_at(peer),
             "Subject: Undelivered\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n"
             "\r\nAction: failed\r\nStatus: 5.1.1\r\n"
             "Diagnostic-Code: smtp; 550 5.1.1\r\n no \x1b[31msuch user\r\n"},
            fixture_.clock.wall());
    };
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Failed);
    EXPECT_EQ(report.words, "mail flows, but the test message bounced");
    const auto& step = report.steps.at(report.steps.size() - 2);
    EXPECT_EQ(step.state, State::Failed);
    EXPECT_TRUE(step.seen.starts_with("bounced: 5.1.1, smtp; 550 5.1.1 no ")) << step.seen;
    EXPECT_EQ(step.seen.find('\x1b'), std::string::npos);
}

TEST_F(ValidateTest, WhereThePostmastersMailGoesElsewhereNobodyWaits)
{
    peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::VerifyName);
    bounce_wait_ = std::chrono::minutes{2};
    const auto report = validated(mail::parse_mailbox("x@bank.test").value());
    EXPECT_EQ(report.state, State::Ok);
    const auto& step = report.steps.at(report.steps.size() - 2);
    EXPECT_EQ(step.id, StepId::Message);
    EXPECT_NE(step.seen.find("to <postmaster@example.org>, not waited for: this server does"),
              std::string::npos)
        << step.seen;
}

TEST(Bounce, FieldsOfTheStatusPartAloneCount)
{
    using Kind = Returned::Kind;
    const auto kind = [](std::string_view text) { return read_returned(text).kind; };
    const std::string head = "Subject: =?x?= back\n\nAction: failed\nContent-Type: text/plain\n";
    EXPECT_EQ(kind(head), Kind::Other);
    EXPECT_EQ(read_returned(head).words, "\"=?x?= back\"");
    const std::string status = head + "Content-Type: Message/Delivery-Status\n\n";
    EXPECT_EQ(kind(status + "action:  Failed\n"), Kind::Failed);
    EXPECT_EQ(kind(status + "Action: delayed\nAction: failed"), Kind::Delayed);
    EXPECT_EQ(kind(status + "Action: relayed\n"), Kind::Succeeded);
    EXPECT_EQ(kind(""), Kind::Other);
    EXPECT_EQ(kind(std::string(100'000, '\n')), Kind::Other);
    const auto words = read_returned(status +
                                     "Action: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.x\n"
                                     "Diagnostic-Code: smtp; " +
                                     std::string(5000, 'x'));
    EXPECT_LT(words.words.size(), 1000U);
    EXPECT_TRUE(words.words.ends_with("(dns; mx.x)"));
}

TEST_F(ValidateTest, ADomainThatIsNotThereFailsAtItsFirstStep)
{
    connector(TlsLevel::Encrypt);
    const auto report = validated();
    EXPECT_EQ(told(report.steps)[0], "mx failed dns.no-such-domain");
    EXPECT_EQ(report.state, State::Failed);
}

TEST_F(ValidateTest, LoopbackIsRefusedAsDeliveryWould)
{
    settings_.options.allow_loopback = false;
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::Encrypt);
    const auto report = validated();
    EXPECT_EQ(told(report.steps)[3], "connect failed route.target-loopback");
    EXPECT_EQ(peer.connections, 0);
}

TEST_F(ValidateTest, EachAddressIsNamedWhereTheyDiffer)
{
    auto& peer = peer_for("bank.test", in_tls({"mx.bank.test"}));
    resolver_.hosts["mx.bank.test"].push_back(*IpAddress::parse("127.0.0.2"));  // nobody is there
    connector(TlsLevel::VerifyName);
    const auto report = validated();
    const Step& route = report.steps.at(report.steps.size() - 2);
    EXPECT_EQ(route.state, State::Warning);
    EXPECT_EQ(route.seen,
              "1 of 2 addresses satisfy the connector\n"
              "mx.bank.test 127.0.0.1:" +
                  std::to_string(peer.port()) +
                  ": goes (tls.verified)\n"
                  "mx.bank.test 127.0.0.2:" +
                  std::to_string(peer.port()) + ": fails (connect.refused)");
    resolver_.hosts["mx.bank.test"].pop_back();
    const auto one = validated();
    EXPECT_EQ(one.steps.at(one.steps.size() - 2).seen, "1 of 1 addresses satisfy the connector");
}

TEST_F(ValidateTest, TheRatchetHoldsItsDestinationAsItHoldsMail)
{
    peer_for("bank.test", {});  // it has no TLS any more
    connector(TlsLevel::Opportunistic);
    auto& ratchet = contents_.organizations[0].ratchet;
    ratchet.mode = objects::RatchetMode::Enforce;
    EXPECT_EQ(validated().state, State::Warning);  // in clear
    const WallTime now = fixture_.clock.wall();
    for (int day = 15; day > 0; --day) {
        observations_.note_session({"Example", "bank.test"},
                                   {"mx.bank.test", {facts::TlsVersion::Tls13, false, true}},
                                   ratchet, now - std::chrono::hours{24} * day);
    }
    const auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    const Step* const finding = first_finding(report);
    ASSERT_NE(finding, nullptr);
    EXPECT_EQ(told(report.steps)[7], "policy failed starttls.not-offered");
    EXPECT_NE(report.steps[7].seen.find("required because it always had it: TLS"),
              std::string::npos)
        << report.steps[7].seen;
    EXPECT_NE(report.steps[7].fix.find("hermetic ratchet accept bank.test"), std::string::npos);
    EXPECT_EQ(observations_.destinations(now).size(), 1U);  // a probe notes nothing
    EXPECT_FALSE(observations_.destinations(now)[0].history.fall);
}

TEST_F(ValidateTest, ARetirementPlanTakesVersionsAwayAsItDoesFromMail)
{
    auto script = in_tls({"mx.bank.test"});
    script.tls = *tls::make_server_context([&] {
        tls::ServerProfile profile;
        tls::PkiFixture::Leaf leaf;
        leaf.name = "old";
        leaf.dns_names = {"mx.bank.test"};
        profile.certificates = {pki_.make(leaf)};
        profile.min = profile.max = facts::TlsVersion::Tls11;
        return profile;
    }());
    peer_for("bank.test", std::move(script));
    connector(TlsLevel::Encrypt);
    contents_.organizations[0].min_tls = facts::TlsVersion::Tls10;
    EXPECT_NE(validated().state, State::Failed);
    objects::Retirement plan;
    plan.name = "old-tls";
    plan.organization = "Example";
    plan.direction = objects::Direction::Outbound;
    plan.versions = {facts::TlsVersion::Tls10, facts::TlsVersion::Tls11};
    plan.start = fixture_.clock.wall() - std::chrono::hours{48};
    plan.end = fixture_.clock.wall() - std::chrono::hours{24};
    contents_.retirements = {plan};
    const auto report = validated();
    EXPECT_EQ(report.state, State::Failed);
    const auto words = told(report.steps);
    EXPECT_NE(std::ranges::find(words, "policy failed retirement.ended"), words.end());
}

}  // namespace
}  // namespace hermetic::validation
