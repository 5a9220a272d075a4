#include "validation/validate.h"

#include "dns/resolver_fixture.h"
#include "inbound/bounce_watch.h"
#include "inbound/session_watch.h"
#include "ledger/log_fixture.h"
#include "net/core_fixture.h"
#include "observations/observations.h"
#include "outbound/peer_fixture.h"
#include "tls/pki_fixture.h"
#include "validation/bounce.h"
#include "validation/json.h"
#include "validation/probe.h"
#include "validation/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace hermetic::validation {
namespace {

using Words = std::vector<std::string>;
using objects::TlsLevel;

// Scripted partners, a resolver in memory and a core.
class LookTest : public testing::Test {
protected:
    LookTest()
    {
        settings_.hostname = "us.test";
        settings_.own_names = {"us.test"};
        settings_.options.allow_loopback = true;
        settings_.cas = *tls::load_cas(pki_.root_file());
    }
    ~LookTest() override
    {
        for (auto& peer : peers_) {
            peer->close();
            fixture_.run(peer->join());
        }
    }

    // A partner that shows a certificate for these names; none: it offers no STARTTLS.
    outbound::PeerScript in_tls(std::vector<std::string> names)
    {
        outbound::PeerScript script;
        tls::ServerProfile profile;
        tls::PkiFixture::Leaf leaf;
        leaf.name = "leaf" + std::to_string(peers_.size());
        leaf.dns_names = std::move(names);
        leaf.valid_days = 90;
        profile.certificates = {pki_.make(leaf)};
        script.tls = *tls::make_server_context(profile);
        return script;
    }
    // The MX host of a domain, at 127.0.0.1.
    outbound::ScriptedPeer& peer_for(const std::string& domain, outbound::PeerScript script)
    {
        peers_.push_back(
            std::make_unique<outbound::ScriptedPeer>(fixture_.core, std::move(script)));
        resolver_.add_mx(domain, 10, "mx." + domain);
        resolver_.hosts["mx." + domain] = {*IpAddress::parse("127.0.0.1")};
        settings_.options.port = peers_.back()->port();
        return *peers_.back();
    }

    outbound::SettingsPointer settings() const
    {
        return std::make_shared<const outbound::DeliverySettings>(settings_);
    }
    Environment environment()
    {
        Patience patience;
        patience.connect = patience.reply = patience.handshake = std::chrono::seconds{5};
        return {
            fixture_.core, resolver_, settings(), patience, fixture_.in(std::chrono::minutes{1}),
            nullptr};
    }
    // Of the steps that ended: "connect ok", "starttls failed starttls.not-offered" …
    static std::vector<std::string> told(const std::vector<Step>& steps)
    {
        std::vector<std::string> words;
        for (const Step& step : steps) {
            if (step.state == State::Running) continue;
            std::string text = std::string{name(step.id)} + " " + std::string{name(step.state)};
            if (!step.reason.empty()) text.append(" ").append(step.reason.text());
            words.push_back(text);
        }
        return words;
    }

    net::CoreFixture fixture_;
    tls::PkiFixture pki_;
    dns::MemoryResolver resolver_;
    outbound::DeliverySettings settings_;
    std::vector<std::unique_ptr<outbound::ScriptedPeer>> peers_;
};

class ValidateTest : public LookTest {
protected:
    ValidateTest()
    {
        contents_.organizations.resize(1);
        contents_.organizations[0].name = "Example";
        contents_.organizations[0].postmaster = *mail::parse_mailbox("postmaster@example.org");
    }

    objects::OutboundConnector& connector(TlsLevel level)
    {
        objects::OutboundConnector made;
        made.name = "bank";
        made.organization = "Example";
        made.recipient_domains = {*objects::DomainPattern::parse("bank.test")};
        made.tls.level = level;
        contents_.outbound_connectors = {made};
        return contents_.outbound_connectors.front();
    }

    Report validated(std::optional<mail::Mailbox> recipient = std::nullopt)
    {
        const objects::Snapshot snapshot{contents_};
        auto subject =
            make_subject(snapshot, contents_.outbound_connectors.front(), std::move(recipient));
        EXPECT_TRUE(subject) << (subject ? "" : subject.error());
        Report report;
        Environment env = environment();
        env.observations = &observations_;
        env.bounces = &bounces_;
        subject->bounce_wait = bounce_wait_;
        fixture_.run(run(env, settings_.cas, *std::move(subject), report, sink_));
        return report;
    }

    static net::Task<> run(Environment env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
                           Report& report, Sink sink)
    {
        report = co_await validate(env, std::move(cas), std::move(subject), std::move(sink));
    }
    void accept_own_domain()
    {
        objects::AcceptedDomain own;
        own.name = *objects::DomainPattern::parse("example.org");
        own.organization = "Example";
        contents_.accepted_domains = {own};
    }
    // The token in the envelope sender of the peer's last transaction.
    static std::string token_at(const outbound::ScriptedPeer& peer)
    {
        for (const auto& command : peer.commands) {
            const auto begin = command.find('<');
            if (!command.starts_with("MAIL") || begin == std::string::npos) continue;
            const auto local = command.substr(begin + 1, command.find('@') - begin - 1);
            return inbound::token_of(local).value_or("");
        }
        return {};
    }

    Sink sink_ = [](const Step&) {};
    Duration bounce_wait_{};
    objects::Snapshot::Contents contents_;
    observations::Observations observations_;
    inbound::BounceWatch bounces_;
    inbound::SessionWatch sessions_;
};

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

TEST_F(ValidateTest, AnAuditedConnectorIsJudgedAsIfItEnforced)
{
    peer_for("bank.test", {});
    connector(TlsLevel::Encrypt).tls.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(validated().state, State::Failed);
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
    EXPECT_EQ(found->seen, "the server says: 550 5.1.1 nobody here");
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
        bounces_.note(token_at(peer),
                      "Subject: Undelivered\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n"
                      "\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                      "Diagnostic-Code: smtp; 550 5.1.1\r\n no \x1b[31msuch user\r\n",
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
    EXPECT_NE(step.seen.find("to <postmaster@example.org>, not waited for: mail for the"),
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
    EXPECT_NE(report.steps[7].seen.find("held to what it has always had: TLS"), std::string::npos)
        << report.steps[7].seen;
    EXPECT_NE(report.steps[7].fix.find("hermetic ratchet accept bank.test"), std::string::npos);
    EXPECT_EQ(observations_.destinations(now).size(), 1U);  // a look notes nothing
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

class ProbeTest : public LookTest {
protected:
    ProbeFindings probed(std::string_view target)
    {
        steps_.clear();
        ProbeFindings findings;
        fixture_.run(
            run(environment(), settings_.cas, *parse_probe_target(target), steps_, findings));
        return findings;
    }
    static net::Task<> run(Environment env, std::shared_ptr<const tls::CaSet> cas,
                           ProbeTarget target, std::vector<Step>& steps, ProbeFindings& findings)
    {
        Contexts contexts{std::move(cas)};
        const Sink sink = [&steps](const Step& step) { steps.push_back(step); };
        findings = co_await probe(env, contexts, std::move(target), sink);
    }
    std::vector<Step> steps_;
};

TEST_F(ProbeTest, ShowsVersionsCertificateAndLevels)
{
    peer_for("bank.test", in_tls({"mx.bank.test"}));
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Ok);
    EXPECT_EQ(told(steps_), (Words{"mx ok", "addresses ok", "tlsa ok", "connect ok", "greeting ok",
                                   "ehlo ok", "starttls ok", "versions ok",
                                   "certificate ok tls.verified", "levels ok", "result ok"}));
    ASSERT_EQ(findings.hosts.size(), 1U);
    const auto& look = findings.hosts[0].looks.at(0);
    ASSERT_EQ(look.versions.size(), 4U);
    EXPECT_TRUE(look.versions[0].accepted);
    EXPECT_TRUE(look.versions[1].accepted);
    EXPECT_FALSE(look.versions[2].accepted);
    EXPECT_NE(format_json(findings, {}).find("\"level\":\"verify_name\",\"passes\":true"),
              std::string::npos);
}

TEST_F(ProbeTest, AHostWithAPortIsLookedAtItself)
{
    peer_for("bank.test", {});
    const auto port = std::to_string(peers_.back()->port());
    const auto findings = probed("mx.bank.test:" + port);
    EXPECT_EQ(findings.state, State::Warning);  // no TLS
    EXPECT_EQ(told(steps_)[0], "addresses ok");
    EXPECT_EQ(resolver_.questions, 0);
}

class ValidatorTest : public ValidateTest {
protected:
    ValidatorTest()
        : directory_{std::filesystem::temp_directory_path() /
                     ("hermetic-validator-" + std::to_string(::getpid()))}
    {
        std::filesystem::create_directories(directory_);
    }
    ~ValidatorTest() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<Validator> make_validator()
    {
        auto validator = std::make_unique<Validator>(
            fixture_.core, resolver_, log_, Validator::Watches{observations_, bounces_, sessions_},
            directory_ / "validations");
        validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
        return validator;
    }

    std::filesystem::path directory_;
    ledger::MemoryLog log_;
};

TEST_F(ValidatorTest, EveryEnabledConnectorIsValidatedOnceADay)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, 0);  // its turn has not come since the server knows it
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    const int after_first = peer.connections;
    EXPECT_GT(after_first, 0);
    ASSERT_NE(validator->last("bank"), nullptr);
    EXPECT_EQ(validator->last("bank")->state, State::Failed);
    ASSERT_EQ(log_.events.size(), 1U);
    EXPECT_TRUE(log_.events[0].starts_with("validation.failed connector=bank")) << log_.events[0];
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, after_first);
    fixture_.clock.shift = std::chrono::hours{48};
    fixture_.run(validator->validate_due());
    EXPECT_GT(peer.connections, after_first);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, AClockThatJumpedAndCameBackDoesNotEndTheDailyTests)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24} * 400;
    fixture_.run(validator->validate_due());
    const int in_the_future = peer.connections;
    EXPECT_GT(in_the_future, 0);
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, in_the_future) << "that was just now";
    fixture_.clock.shift = std::chrono::hours{48};
    fixture_.run(validator->validate_due());
    EXPECT_GT(peer.connections, in_the_future);
    fixture_.run(validator->stop());
}

// Answers nothing before its time.
class SilentResolver final : public dns::Resolver {
public:
    net::Task<facts::MxAnswer> mx(net::Core& core, std::string, Instant deadline) override
    {
        ++asked;
        (void)co_await net::sleep_until(core, deadline);
        co_return facts::MxAnswer{};
    }
    net::Task<facts::AddressAnswer> addresses(net::Core&, std::string, Instant) override
    {
        co_return facts::AddressAnswer{};
    }
    net::Task<facts::TlsaAnswer> tlsa(net::Core&, std::string, Instant) override
    {
        co_return facts::TlsaAnswer{};
    }
    net::Task<facts::DnsFacts> alias(net::Core&, std::string, Instant) override
    {
        co_return facts::DnsFacts{};
    }
    void close() override {}

    std::size_t asked = 0;
};

TEST_F(ValidatorTest, SeveralConnectorsAreValidatedAtATimeAndNoMore)
{
    const objects::OutboundConnector one = connector(TlsLevel::Encrypt);
    contents_.outbound_connectors.clear();
    for (std::size_t i = 0; i < Validator::kMaxDaily + 10; ++i) {
        contents_.outbound_connectors.push_back(one);
        contents_.outbound_connectors.back().name = "bank" + std::to_string(i);
    }
    SilentResolver resolver;
    Validator validator{fixture_.core, resolver, log_,
                        Validator::Watches{observations_, bounces_, sessions_},
                        directory_ / "validations"};
    validator.set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    fixture_.clock.shift = std::chrono::hours{24};
    net::TaskGroup group{fixture_.core};
    group.spawn(validator.validate_due());
    fixture_.core.loop().restart();
    while (resolver.asked < Validator::kMaxDaily) fixture_.core.loop().run_one();
    while (fixture_.core.loop().poll() != 0) {
    }
    EXPECT_EQ(resolver.asked, Validator::kMaxDaily);
    fixture_.run(validator.stop(), group.join());
}

TEST_F(ValidatorTest, AConnectorThatNamesNoDomainIsSaidOnceToBeLeftOut)
{
    auto& bank = connector(TlsLevel::Encrypt);
    bank.recipient_domains = {*objects::DomainPattern::parse("*.bank.test")};
    auto validator = make_validator();
    fixture_.run(validator->validate_due());
    fixture_.run(validator->validate_due());
    ASSERT_EQ(log_.events.size(), 1U);
    EXPECT_TRUE(log_.events[0].starts_with(
        "validation.not-tested connector=bank what=the connector names no domain"))
        << log_.events[0];
    EXPECT_NE(Validator::why_left_out(bank).find("test_recipients"), std::string::npos);
    bank.test_recipients = {mail::parse_mailbox("x@a.bank.test").value()};
    EXPECT_EQ(Validator::why_left_out(bank), "");
    bank.enabled = false;
    EXPECT_EQ(Validator::why_left_out(bank), "the connector is disabled");
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ADisabledConnectorIsLeftAlone)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt).enabled = false;
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, 0);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ResultsSurviveARestartAndGoWithTheConnector)
{
    peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    const Report kept = *validator->last("bank");
    EXPECT_EQ(kept.state, State::Ok);
    validator = make_validator();
    ASSERT_NE(validator->last("bank"), nullptr);
    EXPECT_EQ(validator->last("bank")->words, kept.words);
    contents_.outbound_connectors.clear();
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    EXPECT_EQ(validator->last("bank"), nullptr);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ACopySavedAsItWasTestedHasBeenValidated)
{
    peer_for("bank.test", {});
    objects::OutboundConnector copy = connector(TlsLevel::Encrypt);
    contents_.outbound_connectors.clear();  // nothing of it is in force yet
    auto validator = make_validator();
    const auto started = validator->start(
        copy, std::nullopt, [](const Step&) {}, [&](const Report&) { fixture_.core.stop(); });
    ASSERT_TRUE(started);
    fixture_.core.run();
    EXPECT_EQ(validator->last("bank"), nullptr);
    auto other = copy;
    other.tls.level = TlsLevel::Opportunistic;
    contents_.outbound_connectors = {other};
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    EXPECT_EQ(validator->last("bank"), nullptr);  // something else was saved
    contents_.outbound_connectors = {copy};
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    ASSERT_NE(validator->last("bank"), nullptr);
    EXPECT_EQ(validator->last("bank")->state, State::Failed);
    EXPECT_TRUE(validator->last("bank")->saved);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, RefusesWhatItDoesNotKnowAndTooMuchAtOnce)
{
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    const auto start = [&](const std::string& name) {
        return validator->start(
            name, std::nullopt, [](const Step&) {}, [](const Report&) {});
    };
    EXPECT_EQ(start("nobody").error().kind, Validator::Refusal::Kind::Unknown);
    for (std::size_t i = 0; i < Validator::kMaxOnDemand; ++i) EXPECT_TRUE(start("bank"));
    EXPECT_EQ(start("bank").error().kind, Validator::Refusal::Kind::Busy);
    fixture_.run(validator->stop());
}

}  // namespace
}  // namespace hermetic::validation
