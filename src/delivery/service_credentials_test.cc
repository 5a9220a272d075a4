// The service with what connectors name in files: own CAs, client certificates, logins. What an
// impostor hears is the commands that its peer here has seen.
#include "core/text.h"
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"
#include "outbound/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "correct horse";

class CredentialsTest : public DeliveryTest {
protected:
    CredentialsTest() { settings.cas = *tls::load_cas(system_.root_file()); }

    static tls::ServerProfile profile_of(std::shared_ptr<const tls::Certificate> certificate)
    {
        tls::ServerProfile profile;
        profile.certificates = {std::move(certificate)};
        return profile;
    }
    static PeerScript script_of(const tls::ServerProfile& profile)
    {
        PeerScript script;
        script.tls = *tls::make_server_context(profile);
        script.replies["AUTH"] = "235 2.7.0 welcome";
        script.extensions.push_back("AUTH PLAIN LOGIN");
        return script;
    }
    ScriptedPeer& peer_with(PeerScript script)
    {
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script)));
        return *peers.back();
    }
    ScriptedPeer& peer_with(std::shared_ptr<const tls::Certificate> certificate)
    {
        return peer_with(script_of(profile_of(std::move(certificate))));
    }
    objects::OutboundConnector& connector_to(const ScriptedPeer& peer, std::string_view domain)
    {
        next_hop_for(std::string{domain}, {host_of(peer)});
        auto& connector = contents.outbound_connectors.back();
        connector.tls.level = objects::TlsLevel::VerifyName;
        connector.tls.names = {*objects::TlsName::parse("relay.test")};
        return connector;
    }
    // With a login, too.
    objects::OutboundConnector& login_at(const ScriptedPeer& peer, std::string_view domain)
    {
        auto& connector = connector_to(peer, domain);
        partner_.write("password", std::string{kPassword} + "\n");
        ::chmod(partner_.path("password").c_str(), 0640);
        connector.tls.auth = {"ann", partner_.path("password")};
        return connector;
    }
    void load()
    {
        const objects::Snapshot owned{contents};  // names whose each object is
        settings.credentials =
            outbound::Credentials::load(owned.contents(), settings.credentials.get());
    }
    void begin_with_credentials()
    {
        load();
        begin();
    }
    dispatch::GrantReport send(const std::string& recipient)
    {
        load();
        return deliver(make_message({recipient}));
    }
    // No octet of a login has come to the peer.
    static void expect_no_login(const ScriptedPeer& peer)
    {
        EXPECT_THAT(peer.commands, Not(Contains(StartsWith("AUTH"))));
        const std::string secret = to_base64(kPassword);
        for (const auto& each : peer.commands) {
            EXPECT_EQ(each.find(kPassword), std::string::npos);
            EXPECT_EQ(each.find(secret.substr(0, 8)), std::string::npos);
        }
    }

    tls::PkiFixture system_;
    tls::PkiFixture partner_;
};

TEST_F(CredentialsTest, TheCasOfAConnectorTakeThePlaceOfTheSystems)
{
    auto& partner = peer_with(partner_.make("relay.test"));
    auto& stranger = peer_with(system_.make("relay.test"));
    connector_to(partner, "one.test").tls.ca = partner_.root_file();
    connector_to(stranger, "two.test").tls.ca = partner_.root_file();
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(send("b@two.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsUnknownCa);
    EXPECT_THAT(stranger.messages, IsEmpty());
}

TEST_F(CredentialsTest, AnUnreadableCaFileMakesTheMailWaitBeforeAnybodyIsConnectedTo)
{
    auto& peer = peer_with(system_.make("relay.test"));
    connector_to(peer, "one.test").tls.ca = partner_.path("no-such-file.pem");
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsCaUnreadable);
    EXPECT_EQ(outcome().enhanced.format(), "4.7.320");
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_EQ(peer.connections, 0);
    ASSERT_EQ(settings.credentials->faults().size(), 1U);
    EXPECT_EQ(settings.credentials->faults()[0].object, "outbound_connector \"one.test\"");
    EXPECT_EQ(settings.credentials->faults()[0].organization, "Example");
}

TEST_F(CredentialsTest, AnAuditedConnectorWithoutItsCasSaysWhatEnforcingWouldMiss)
{
    auto& peer = peer_with(system_.make("relay.test"));
    auto& connector = connector_to(peer, "one.test");
    connector.tls.ca = partner_.path("no-such-file.pem");
    connector.tls.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::TlsAuditWouldRefuse));
    EXPECT_EQ(log.attempts[0].policy_reasons.back(), Reason::TlsCaUnreadable);
}

TEST_F(CredentialsTest, UnreadableCrlsMakeTheMailWaitBeforeAnybodyIsConnectedTo)
{
    auto& peer = peer_with(system_.make("relay.test"));
    connector_to(peer, "one.test");
    contents.organizations[0].revocation = objects::Revocation::StapledAndCrl;
    contents.organizations[0].crl_folder = partner_.path("no-such-folder");
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsCrlUnreadable);
    EXPECT_EQ(outcome().enhanced.format(), "4.7.320");
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
    EXPECT_EQ(peer.connections, 0);
}

TEST_F(CredentialsTest, ANewCrlCountsBesideAFileThatCannotBeRead)
{
    const auto certificate = partner_.make("relay.test");
    std::filesystem::create_directory(partner_.path("crls"));
    partner_.write("crls/a.pem", partner_.make_crl({}));
    contents.organizations[0].revocation = objects::Revocation::StapledAndCrl;
    contents.organizations[0].crl_folder = partner_.path("crls");
    connector_to(peer_with(certificate), "one.test").tls.ca = partner_.root_file();
    load();
    EXPECT_THAT(settings.credentials->faults(), IsEmpty());

    partner_.write("crls/other.pem", "half a downlo");
    partner_.write("crls/a.pem", partner_.make_crl({certificate}));
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsRevoked);
    ASSERT_EQ(settings.credentials->faults().size(), 1U);
    EXPECT_THAT(settings.credentials->faults()[0].error.what,
                testing::HasSubstr(partner_.path("crls/other.pem")));
    EXPECT_THAT(settings.credentials->files(), Contains(partner_.path("crls/other.pem")))
        << "it is watched, too";
}

TEST_F(CredentialsTest, AnAuditedConnectorIsJudgedByItsOwnCasAndDecidesNothing)
{
    auto& peer = peer_with(system_.make("relay.test"));
    auto& connector = connector_to(peer, "one.test");
    connector.tls.ca = partner_.root_file();
    connector.tls.mode = objects::ConnectorMode::Audit;
    contents.organizations[0].tls = objects::TlsLevel::VerifyCa;
    EXPECT_EQ(send("b@one.test").delivered, 1U) << "the system's CAs know it";
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::TlsAuditWouldRefuse));
    EXPECT_EQ(log.attempts[0].policy_reasons.back(), Reason::TlsUnknownCa);
}

TEST_F(CredentialsTest, ConnectionsUnderOtherCasAreNotShared)
{
    auto& peer = peer_with(partner_.make("relay.test"));
    connector_to(peer, "one.test").tls.ca = partner_.root_file();
    partner_.write("copy.pem", partner_.read("root.pem") + system_.read("root.pem"));
    connector_to(peer, "two.test").tls.ca = partner_.path("copy.pem");
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(send("c@one.test").delivered, 1U);
    EXPECT_EQ(peer.connections, 1);
    EXPECT_EQ(send("b@two.test").delivered, 1U);
    EXPECT_EQ(peer.connections, 2);
}

TEST_F(CredentialsTest, APinMayBeThatOfACaInTheVerifiedChain)
{
    auto& peer = peer_with(partner_.make("relay.test"));
    connector_to(peer, "one.test").tls.ca = partner_.root_file();
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    const auto keys = log.attempts[0].tls->verified_spki;
    ASSERT_EQ(keys.size(), 2U) << "the intermediate's and the root's";
    finish();
    for (const auto& [pin, delivered] :
         {std::pair{keys[1], 1U}, std::pair{std::string(64, '0'), 0U}}) {
        auto& again = peer_with(partner_.make("relay.test"));
        contents.outbound_connectors.clear();
        auto& connector = connector_to(again, "one.test");
        connector.tls.ca = partner_.root_file();
        connector.tls.pins = {pin};
        EXPECT_EQ(send("b@one.test").delivered, delivered);
        finish();
    }
    EXPECT_EQ(outcome().reason, Reason::TlsPinMismatch);
}

TEST_F(CredentialsTest, AClientCertificateIsShownWhereTheConnectorNamesOne)
{
    const auto source = partner_.make_files({.name = "us", .dns_names = {"us.test"}});
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    auto profile = profile_of(system_.make("relay.test"));
    profile.client_certificates = tls::ClientCertificates::Require;
    profile.client_cas = *tls::load_cas(partner_.root_file());
    auto& peer = peer_with(script_of(profile));
    connector_to(peer, "one.test").tls.client_certificate = "ours";
    connector_to(peer, "two.test");
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(send("b@two.test").deferred, 1U) << "no certificate, no session";
}

// A name is unique within its organization only.
TEST_F(CredentialsTest, TheClientCertificateIsThatOfTheConnectorsOrganization)
{
    const auto others = system_.make_files({.name = "other", .dns_names = {"other.test"}});
    const auto source = partner_.make_files({.name = "us", .dns_names = {"us.test"}});
    contents.organizations.emplace_back().name = "Other";
    contents.certificates.push_back({"ours", "Other", others.chain_file, others.key_file, ""});
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    auto profile = profile_of(system_.make("relay.test"));
    profile.client_certificates = tls::ClientCertificates::Require;
    profile.client_cas = *tls::load_cas(partner_.root_file());
    auto& peer = peer_with(script_of(profile));
    connector_to(peer, "one.test").tls.client_certificate = "ours";
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(settings.credentials->certificates().size(), 2U);
}

TEST_F(CredentialsTest, AClientCertificateThatCannotBeReadMakesTheMailWait)
{
    const auto source = partner_.make_files({.name = "us", .dns_names = {"us.test"}});
    ::chmod(source.key_file.c_str(), 0644);
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    auto& peer = peer_with(system_.make("relay.test"));
    connector_to(peer, "one.test").tls.client_certificate = "ours";
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsClientCertificateUnusable);
    EXPECT_EQ(peer.connections, 0);
    ::chmod(source.key_file.c_str(), 0640);
    load();
    EXPECT_THAT(settings.credentials->faults(), IsEmpty());
}

// It says nothing of the server, so nothing follows for clear text.
TEST_F(CredentialsTest, AClientCertificateThatTlsDoesNotTakeIsOurFaultAndNeverClearText)
{
    const auto source =
        partner_.make_files({.name = "us", .dns_names = {"us.test"}, .key = "rsa512"});
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    auto& peer = peer_with(system_.make("relay.test"));
    auto& connector = connector_to(peer, "one.test");
    connector.tls.level = objects::TlsLevel::Opportunistic;
    connector.tls.names.clear();
    connector.tls.client_certificate = "ours";
    begin_with_credentials();
    give(grant_for({make_message({"b@one.test"})}));
    turn_until([&] { return !reports.reports.empty(); });
    EXPECT_EQ(reports.reports[0].deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::TlsClientContext);
    EXPECT_EQ(outcome().enhanced.format(), "4.3.0");
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
    EXPECT_EQ(peer.connections, 0);
    EXPECT_THAT(log.events, ElementsAre(testing::HasSubstr("tls.client-context")));
}

TEST_F(CredentialsTest, OfABrokenClientCertificateTheOneBeforeStaysInUse)
{
    const auto source = partner_.make_files({.name = "us", .dns_names = {"us.test"}});
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    load();
    partner_.write("us.pem", "broken");
    load();
    EXPECT_EQ(settings.credentials->faults().size(), 1U);
    ASSERT_EQ(settings.credentials->certificates().size(), 1U);
    EXPECT_THAT(settings.credentials->certificates()[0].facts.dns_names, ElementsAre("us.test"));
}

TEST_F(CredentialsTest, AHostThatIsProvedGetsTheLoginOncePerConnection)
{
    auto& peer = peer_with(system_.make("relay.test"));
    login_at(peer, "one.test");
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(send("c@one.test").delivered, 1U);
    const std::string plain = "AUTH PLAIN " + to_base64(std::string{"\0ann\0", 5} + kPassword);
    EXPECT_EQ(std::count(peer.commands.begin(), peer.commands.end(), plain), 1);
    EXPECT_THAT(peer.messages, testing::SizeIs(2));
    EXPECT_EQ(peer.connections, 1);
}

TEST_F(CredentialsTest, AnotherUserGetsAnotherConnection)
{
    auto& peer = peer_with(system_.make("relay.test"));
    login_at(peer, "one.test");
    login_at(peer, "two.test").tls.auth->user = "bob";
    connector_to(peer, "three.test");
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_EQ(send("b@two.test").delivered, 1U);
    EXPECT_EQ(send("b@three.test").delivered, 1U);
    EXPECT_EQ(peer.connections, 3);
}

TEST_F(CredentialsTest, ARefusedLoginMakesTheMailWaitWithTheServersWords)
{
    auto script = script_of(profile_of(system_.make("relay.test")));
    script.replies["AUTH"] = "535 5.7.8 bad password";
    auto& peer = peer_with(std::move(script));
    login_at(peer, "one.test");
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::AuthRefused);
    EXPECT_EQ(outcome().origin, facts::Origin::Remote);
    EXPECT_EQ(outcome().stage, facts::Stage::Auth);
    EXPECT_EQ(outcome().code, 535);
    EXPECT_EQ(outcome().text, "5.7.8 bad password");
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
    EXPECT_THAT(peer.commands, Not(Contains(StartsWith("MAIL"))));
}

TEST_F(CredentialsTest, AHostWithoutAuthMakesTheMailWait)
{
    auto script = script_of(profile_of(system_.make("relay.test")));
    script.extensions.pop_back();
    auto& peer = peer_with(std::move(script));
    login_at(peer, "one.test");
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::AuthNotOffered);
    EXPECT_THAT(peer.commands, Not(Contains(StartsWith("MAIL"))));
}

TEST_F(CredentialsTest, AHostWithoutAMechanismOfOursMakesTheMailWait)
{
    auto script = script_of(profile_of(system_.make("relay.test")));
    script.extensions.back() = "AUTH GSSAPI XOAUTH2";
    auto& peer = peer_with(std::move(script));
    login_at(peer, "one.test");
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::AuthNoMechanism);
    EXPECT_THAT(outcome().text, testing::HasSubstr("GSSAPI XOAUTH2"));
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
    expect_no_login(peer);
}

TEST_F(CredentialsTest, AMissingPasswordMakesTheMailWait)
{
    auto& peer = peer_with(system_.make("relay.test"));
    login_at(peer, "one.test");
    ::chmod(partner_.path("password").c_str(), 0644);
    EXPECT_EQ(send("b@one.test").deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::AuthPasswordUnreadable);
    EXPECT_EQ(peer.connections, 0);
}

TEST_F(CredentialsTest, ALoginThatIsNotKnownFallsBackToTheNextMechanism)
{
    auto script = script_of(profile_of(system_.make("relay.test")));
    script.replies["AUTH PLAIN"] = "504 5.5.4 not here";
    script.replies["AUTH LOGIN"] = "334 VXNlcm5hbWU6";
    script.replies[to_base64("ann")] = "334 UGFzc3dvcmQ6";
    script.replies[to_base64(kPassword)] = "235 2.7.0 welcome";
    auto& peer = peer_with(std::move(script));
    login_at(peer, "one.test");
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_THAT(peer.commands, Contains("AUTH LOGIN"));
}

// Every kind of impostor, under every mode and kind of proof.
class ImpostorTest : public CredentialsTest {
protected:
    PeerScript with(const tls::PkiFixture::Leaf& leaf, tls::PkiFixture& pki)
    {
        return script_of(profile_of(pki.make(leaf)));
    }
    std::vector<std::pair<std::string, PeerScript>> impostors()
    {
        std::vector<std::pair<std::string, PeerScript>> all;
        all.emplace_back("another name", with({.name = "a", .dns_names = {"x.test"}}, system_));
        all.emplace_back("unknown CA", with({.name = "b", .dns_names = {"relay.test"}}, partner_));
        all.emplace_back(
            "expired", with({.name = "c", .dns_names = {"relay.test"}, .valid_days = -1}, system_));
        all.emplace_back("self-signed", with({.name = "d",
                                              .dns_names = {"relay.test"},
                                              .issuer = tls::PkiFixture::Issuer::Itself},
                                             system_));
        auto old = profile_of(system_.make("relay.test"));
        old.min = facts::TlsVersion::Tls10;
        old.max = facts::TlsVersion::Tls11;
        old.ciphers = "ALL:@SECLEVEL=0";
        all.emplace_back("old version", script_of(old));
        PeerScript stripped;
        stripped.extensions.push_back("AUTH PLAIN LOGIN SCRAM-SHA-256");
        stripped.replies["AUTH"] = "235 2.7.0 welcome";
        all.emplace_back("STARTTLS stripped", stripped);
        PeerScript refusing = stripped;
        refusing.extensions.push_back("STARTTLS");
        refusing.replies["STARTTLS"] = "454 4.7.0 not now";
        all.emplace_back("STARTTLS refused", refusing);
        return all;
    }
};

TEST_F(ImpostorTest, NeverGetsAnOctetOfALogin)
{
    int combinations = 0;
    for (const auto mode : {objects::ConnectorMode::Enforce, objects::ConnectorMode::Audit,
                            objects::ConnectorMode::Off}) {
        for (const bool pinned : {false, true}) {
            for (auto& [kind, script] : impostors()) {
                SCOPED_TRACE(kind + (pinned ? ", pinned" : "") + ", mode " +
                             std::to_string(static_cast<int>(mode)));
                auto& peer = peer_with(std::move(script));
                auto& connector = login_at(peer, "to-" + std::to_string(++combinations) + ".test");
                connector.tls.mode = mode;
                if (pinned) {
                    connector.tls.level = objects::TlsLevel::Encrypt;
                    connector.tls.pins = {std::string(64, 'a')};
                }
                service.reset();
                const auto report = send("b@" + connector.name);
                expect_no_login(peer);
                const bool delivers = mode != objects::ConnectorMode::Enforce;
                EXPECT_EQ(report.delivered, delivers ? 1U : 0U);
                EXPECT_EQ(peer.messages.size(), delivers ? 1U : 0U);
                finish();
                peers.clear();
            }
        }
    }
    EXPECT_EQ(combinations, 42);
}

TEST_F(CredentialsTest, AnAuditedHostThatEnforcingWouldHaveTakenGetsTheLogin)
{
    auto& peer = peer_with(system_.make("relay.test"));
    login_at(peer, "one.test").tls.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    EXPECT_THAT(peer.commands, Contains(StartsWith("AUTH PLAIN")));
}

TEST_F(CredentialsTest, AnAuditedHostThatItWouldNotGetsTheMailWithoutOne)
{
    auto& peer = peer_with(system_.make("elsewhere.test"));
    login_at(peer, "one.test").tls.mode = objects::ConnectorMode::Audit;
    EXPECT_EQ(send("b@one.test").delivered, 1U);
    expect_no_login(peer);
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::AuthWithheld));
}

// Specification §3.1: never where enforcing would not even have connected.
TEST_F(CredentialsTest, AnAuditedHostGetsNoLoginWhileEnforcingWouldWaitForAFile)
{
    const auto source = partner_.make_files({.name = "us", .dns_names = {"us.test"}});
    ::chmod(source.key_file.c_str(), 0644);
    contents.certificates.push_back({"ours", "Example", source.chain_file, source.key_file, ""});
    for (const bool crl : {true, false}) {
        SCOPED_TRACE(crl ? "CRLs" : "client certificate");
        auto& peer = peer_with(system_.make("relay.test"));
        contents.outbound_connectors.clear();
        auto& connector = login_at(peer, "one.test");
        connector.tls.mode = objects::ConnectorMode::Audit;
        contents.organizations[0].crl_folder = crl ? partner_.path("no-such-folder") : "";
        if (!crl) connector.tls.client_certificate = "ours";
        EXPECT_EQ(send("b@one.test").delivered, 1U);
        expect_no_login(peer);
        EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::AuthWithheld));
        finish();
    }
}

TEST_F(CredentialsTest, AnAuditedHostGetsNoLoginWhereEnforcingWouldHaveLeftItAlone)
{
    for (const bool dane : {true, false}) {
        SCOPED_TRACE(dane ? "DANE" : "MTA-STS");
        auto& peer = peer_with(system_.make("relay.test"));
        contents.outbound_connectors.clear();
        auto& connector = login_at(peer, "one.test");
        connector.tls.mode = objects::ConnectorMode::Audit;
        // By name, over the network: on this machine every demand is met.
        connector.next_hop.hosts[0].address.reset();
        connector.next_hop.hosts[0].host = "relay.test";
        resolver.hosts["relay.test"] = {*IpAddress::parse("127.0.0.1")};
        (dane ? connector.tls.dane : connector.tls.mta_sts) = objects::Publication::Mandatory;
        EXPECT_EQ(send("b@one.test").delivered, 1U);
        expect_no_login(peer);
        const auto& reasons = log.attempts.back().policy_reasons;
        EXPECT_THAT(reasons, Contains(Reason::AuthWithheld));
        EXPECT_THAT(reasons,
                    Contains(dane ? Reason::DaneMandatoryMissing : Reason::StsMandatoryMissing));
        finish();
    }
}

}  // namespace
}  // namespace hermetic::delivery
