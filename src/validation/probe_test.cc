#include "validation/probe.h"

#include "facts/reasons.h"
#include "validation/json.h"
#include "validation/partner_fixture.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hermetic::validation {
namespace {

class ProbeTest : public PartnerTest {
protected:
    ProbeFindings probed(std::string_view target)
    {
        steps_.clear();
        ProbeFindings findings;
        objects::Snapshot::Contents contents;
        contents.organizations = {organization_};
        const objects::Snapshot snapshot{std::move(contents)};
        auto subject = make_subject(snapshot, snapshot.contents().organizations.front());
        Environment env = environment();
        env.observations = &observations_;
        fixture_.run(run(env, settings_.cas, std::move(subject), *parse_probe_target(target),
                         steps_, findings));
        return findings;
    }
    static net::Task<> run(Environment env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
                           ProbeTarget target, std::vector<Step>& steps, ProbeFindings& findings)
    {
        const Sink sink = [&steps](const Step& step) { steps.push_back(step); };
        findings = co_await probe(env, std::move(cas), std::move(subject), std::move(target), sink);
    }
    // "none~ opportunistic~ encrypt-(id) …": + goes, ~ goes in clear, - waits, ! returns.
    static std::string levels_of(const ProbeFindings& findings)
    {
        std::string text;
        for (const auto& each : findings.hosts.at(0).probes.at(0).levels) {
            const bool goes = each.fate == Fate::Goes;
            const bool waits = each.fate == Fate::Waits;
            text += std::string{policy::name(each.level)} + (goes    ? each.in_clear ? "~" : "+"
                                                             : waits ? "-"
                                                                     : "!");
            if (!goes) text += "(" + std::string{facts::name(each.reason)} + ")";
            text += ' ';
        }
        return text;
    }

    objects::Organization organization_ = [] {
        objects::Organization made;
        made.name = "Example";
        return made;
    }();
    std::vector<Step> steps_;
    observations::Observations observations_;
};

TEST_F(ProbeTest, ShowsVersionsCertificateAndLevels)
{
    peer_for("bank.test", in_tls({"mx.bank.test"}));
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Ok);
    EXPECT_EQ(told(steps_),
              (Words{"mx ok", "addresses ok", "tlsa ok", "connect ok", "greeting ok", "ehlo ok",
                     "starttls ok", "versions ok", "certificate ok tls.verified", "levels ok",
                     "result ok tls.verified"}));
    ASSERT_EQ(findings.hosts.size(), 1U);
    const auto& probe = findings.hosts[0].probes.at(0);
    ASSERT_EQ(probe.versions.size(), 4U);
    EXPECT_TRUE(probe.versions[0].accepted);
    EXPECT_TRUE(probe.versions[1].accepted);
    EXPECT_FALSE(probe.versions[2].accepted);
    EXPECT_NE(
        format_json(findings).find("\"level\":\"verify_name\",\"mail\":\"goes\",\"passes\":true"),
        std::string::npos);
}

TEST_F(ProbeTest, AHostWithAPortIsProbedItself)
{
    peer_for("bank.test", {});
    const auto port = std::to_string(peers_.back()->port());
    const auto findings = probed("mx.bank.test:" + port);
    EXPECT_EQ(findings.state, State::Warning);  // no TLS
    EXPECT_EQ(told(steps_)[0], "addresses ok");
    EXPECT_EQ(resolver_.questions, 0);
}

TEST_F(ProbeTest, TheRatchetHoldsItsDestinationAsItHoldsMail)
{
    peer_for("bank.test", {});  // it has no TLS any more
    auto& ratchet = organization_.ratchet;
    ratchet.mode = objects::RatchetMode::Enforce;
    const WallTime now = fixture_.clock.wall();
    EXPECT_EQ(probed("bank.test").state, State::Warning) << "in clear";
    for (int day = 15; day > 0; --day) {
        observations_.note_session({"Example", "bank.test"},
                                   {"mx.bank.test", {facts::TlsVersion::Tls13, false, true}},
                                   ratchet, now - std::chrono::hours{24} * day);
    }
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Failed);
    EXPECT_EQ(findings.flow.fate, Fate::Waits);
    EXPECT_EQ(findings.flow.reason, facts::Reason::StarttlsNotOffered);
    EXPECT_THAT(steps_.back().seen,
                testing::HasSubstr("required because it always had it: TLS, at least TLSv1.3"));
    EXPECT_THAT(steps_.back().fix, testing::HasSubstr("hermetic ratchet accept bank.test"));
    ASSERT_EQ(observations_.destinations(now).size(), 1U);
    EXPECT_FALSE(observations_.destinations(now)[0].history.fall) << "a probe notes nothing";
}

TEST_F(ProbeTest, ASessionThatBreaksBehindItsHandshakeIsNotTriedInClear)
{
    auto script = in_tls({"mx.bank.test"});
    script.refuses_hello_in_tls = true;
    auto& peer = peer_for("bank.test", std::move(script));
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Failed);
    EXPECT_EQ(findings.flow.fate, Fate::Returns);
    EXPECT_EQ(levels_of(findings),
              "none~ opportunistic!(ehlo.refused) encrypt!(ehlo.refused) verify_ca!(ehlo.refused) "
              "verify_name!(ehlo.refused) dane-(dane.mandatory-insecure-mx) ");
    EXPECT_TRUE(peer.messages.empty());
}

TEST_F(ProbeTest, ARefusedGreetingReturnsMailBelowEncryptAlone)
{
    outbound::PeerScript script;
    script.greeting = "554 go away";
    peer_for("bank.test", std::move(script));
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Failed);
    EXPECT_EQ(findings.flow.fate, Fate::Returns);
    EXPECT_EQ(levels_of(findings),
              "none!(greeting.refused) opportunistic!(greeting.refused) encrypt-(peer.unproved) "
              "verify_ca-(peer.unproved) verify_name-(peer.unproved) "
              "dane-(dane.mandatory-insecure-mx) ");
    EXPECT_NE(format_json(findings).find("\"mail\":\"returns\""), std::string::npos);
    EXPECT_THAT(steps_.back().seen,
                testing::HasSubstr(
                    "mail would be returned to its sender: the server replied "
                    "\"554 go away\" in clear text: nothing proves that the reply is its own"));
}

TEST_F(ProbeTest, ARevokedCertificateIsJudgedByTheOrganizationsLists)
{
    tls::ServerProfile profile;
    tls::PkiFixture::Leaf leaf;
    leaf.name = "revoked";
    leaf.dns_names = {"mx.bank.test"};
    profile.certificates = {pki_.make(leaf)};
    outbound::PeerScript script;
    script.tls = *tls::make_server_context(profile);
    peer_for("bank.test", std::move(script));
    EXPECT_EQ(probed("bank.test").state, State::Ok);
    const auto folder = std::filesystem::temp_directory_path() /
                        ("hermetic-probe-crls-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream{folder / "list.pem"} << pki_.make_crl({profile.certificates.front()});
    organization_.crl_folder = folder;
    organization_.tls = TlsLevel::VerifyName;
    const auto findings = probed("bank.test");
    std::filesystem::remove_all(folder);
    EXPECT_EQ(findings.state, State::Failed);
    EXPECT_EQ(findings.flow.fate, Fate::Waits);
    EXPECT_EQ(findings.flow.reason, facts::Reason::TlsRevoked);
    EXPECT_EQ(levels_of(findings),
              "none~ opportunistic+ encrypt+ verify_ca-(tls.revoked) "
              "verify_name-(tls.revoked) dane-(dane.mandatory-insecure-mx) ");
    EXPECT_THAT(told(steps_), testing::Contains("certificate warning tls.revoked"));
}

TEST_F(ProbeTest, WhereTheOrganizationAsksForTlsMailWithoutItWaits)
{
    peer_for("bank.test", {});
    EXPECT_EQ(probed("bank.test").state, State::Warning);
    organization_.tls = TlsLevel::Encrypt;
    const auto findings = probed("bank.test");
    EXPECT_EQ(findings.state, State::Failed);
    EXPECT_EQ(findings.flow.reason, facts::Reason::StarttlsNotOffered);
}

}  // namespace
}  // namespace hermetic::validation
