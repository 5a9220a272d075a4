#include "facts/reasons.h"
#include "policy/approval.h"
#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::TlsSettings;

// One decision: the organization's level and floor, the connector's settings, where it goes.
struct Row {
    const char* name;
    TlsLevel organization;
    TlsVersion floor;
    std::optional<TlsSettings> connector;
    HopFacts hop;
    TlsPolicy policy;
    Reasons reasons;
    bool audited = false;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

TlsSettings settings(const std::function<void(TlsSettings&)>& change)
{
    TlsSettings tls;
    change(tls);
    return tls;
}

std::vector<Row> rows()
{
    constexpr auto kOpp = TlsLevel::Opportunistic;
    constexpr auto k12 = TlsVersion::Tls12;
    const auto insecure = by_mx(facts::DnsSecurity::Insecure);
    const auto secure = by_mx(facts::DnsSecurity::Secure);
    const auto level = [](TlsLevel wanted) {
        return settings([&](auto& tls) { tls.level = wanted; });
    };
    const auto named = settings([](auto& tls) {
        tls.level = TlsLevel::VerifyName;
        tls.names = {tls_name("*.example.org")};
        tls.pins = {"ab"};
    });
    const auto excepted = [](TlsSettings tls, WallTime until) {
        auto& exception = tls.exception.emplace();
        exception.level = TlsLevel::Opportunistic;
        exception.min = TlsVersion::Tls10;
        exception.valid_until = until;
        return tls;
    };
    const auto exception = excepted({}, kNow + std::chrono::hours{1});
    const auto ended = excepted({}, kNow);
    const auto half_ended = excepted(level(TlsLevel::VerifyCa), kNow - std::chrono::hours{1});
    const auto mode = [&](ConnectorMode wanted) {
        return settings([&](auto& tls) {
            tls.level = TlsLevel::VerifyName;
            tls.mode = wanted;
        });
    };
    const Reasons organization{Reason::TlsOrganizationLevel};
    const Reasons connector{Reason::TlsOrganizationLevel, Reason::TlsConnectorLevel};
    const auto with = [](Reasons reasons, Reason more) {
        reasons.push_back(more);
        return reasons;
    };
    return {
        {"OrganizationAlone", kOpp, k12, {}, insecure, policy(kOpp), organization},
        {"OrganizationsFloor",
         kOpp,
         TlsVersion::Tls13,
         {},
         insecure,
         policy(kOpp, TlsVersion::Tls13),
         organization},
        {"OrganizationVerifiesNames",
         TlsLevel::VerifyName,
         k12,
         {},
         insecure,
         named_by_domain(),
         with(organization, Reason::TlsNameOfDomain)},
        {"LocalSocket",
         TlsLevel::VerifyName,
         k12,
         {},
         local_socket(),
         policy(TlsLevel::None),
         with(organization, Reason::TlsLocalSocket)},
        {"NextHopOfAnAcceptedDomain",
         kOpp,
         k12,
         {},
         smart_host(),
         policy(TlsLevel::Encrypt),
         with(organization, Reason::TlsNextHopLevel)},
        {"LoopbackMeetsTheOrganization",
         TlsLevel::VerifyName,
         k12,
         {},
         loopback(),
         policy(kOpp),
         with(organization, Reason::TlsLocalHop)},
        {"LoopbackHeedsItsConnector",
         TlsLevel::VerifyName,
         k12,
         level(TlsLevel::Encrypt),
         loopback(),
         policy(TlsLevel::Encrypt),
         {Reason::TlsOrganizationLevel, Reason::TlsLocalHop, Reason::TlsConnectorLevel}},
        {"ConnectorThatSaysNothing", kOpp, k12, TlsSettings{}, insecure, policy(kOpp),
         organization},
        {"ConnectorAdds", kOpp, k12, level(TlsLevel::Encrypt), insecure, policy(TlsLevel::Encrypt),
         connector},
        {"NameOfASecureMx", kOpp, k12, level(TlsLevel::VerifyName), secure,
         named_by_host("mx.example.net"), with(connector, Reason::TlsNameOfSecureMx)},
        {"NameOfTheDomain", kOpp, k12, level(TlsLevel::VerifyName), insecure, named_by_domain(),
         with(connector, Reason::TlsNameOfDomain)},
        {"NameOfASmartHost", kOpp, k12, level(TlsLevel::VerifyName), smart_host(),
         named_by_host("relay.example.net"), with(connector, Reason::TlsNameOfNextHop)},
        {"OwnNamesAndPins", kOpp, k12, named, secure,
         policy(TlsLevel::VerifyName, k12, {tls_name("*.example.org")}, {"ab"}),
         with(connector, Reason::TlsNamesOfConnector)},
        {"Exception", TlsLevel::Encrypt, k12, exception, insecure, policy(kOpp, TlsVersion::Tls10),
         with(organization, Reason::TlsException)},
        {"ExceptionSuspendsNamesAndPins", kOpp, k12, excepted(named, kNow + std::chrono::hours{1}),
         secure, policy(kOpp, TlsVersion::Tls10), with(connector, Reason::TlsException)},
        {"LastingLevelBelowTheOrganization", TlsLevel::VerifyCa, k12, level(TlsLevel::Encrypt),
         insecure, policy(TlsLevel::VerifyCa), organization},
        {"EndedException", TlsLevel::Encrypt, k12, ended, insecure, policy(TlsLevel::Encrypt),
         with(organization, Reason::TlsExceptionEnded)},
        {"OnlyTheExceptionEnds", kOpp, k12, half_ended, insecure, policy(TlsLevel::VerifyCa),
         with(connector, Reason::TlsExceptionEnded)},
        {"Audit", kOpp, k12, mode(ConnectorMode::Audit), insecure, policy(kOpp),
         with(organization, Reason::TlsConnectorAudited), true},
        {"Off", kOpp, k12, mode(ConnectorMode::Off), insecure, policy(kOpp), organization},
    };
}

class DecideTls : public testing::TestWithParam<Row> {};

TEST_P(DecideTls, GivesThePolicyAndItsReasons)
{
    const Row& row = GetParam();
    objects::Organization organization;
    organization.tls = row.organization;
    organization.min_tls = row.floor;
    objects::OutboundConnector connector;
    if (row.connector) connector.tls = *row.connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    if (row.connector) inputs.connector = &connector;
    inputs.hop = row.hop;
    inputs.now = kNow;
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy, row.policy) << decision.policy.digest();
    EXPECT_EQ(decision.reasons, row.reasons);
    EXPECT_EQ(decision.audited.has_value(), row.audited);
}

INSTANTIATE_TEST_SUITE_P(Rows, DecideTls, testing::ValuesIn(rows()),
                         [](const auto& row) { return row.param.name; });

objects::TlsException until_later(std::optional<TlsLevel> level)
{
    objects::TlsException exception;
    exception.level = level;
    exception.valid_until = kNow + std::chrono::hours{1};
    return exception;
}

TEST(TlsPolicy, AnExceptionNeverStrengthens)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.exception = until_later(TlsLevel::VerifyCa);
    connector.tls.exception->min = TlsVersion::Tls13;
    connector.tls.exception->dane = objects::Publication::Mandatory;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Insecure);
    inputs.now = kNow;
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy, policy(TlsLevel::Opportunistic));
    EXPECT_EQ(decision.skip, Reason::None);
}

TEST(TlsPolicy, AnExceptionKeepsWhatItsLevelUses)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.level = TlsLevel::VerifyName;
    connector.tls.names = {tls_name("mx.example.net")};
    connector.tls.pins = {"ab"};
    connector.tls.ca = "/ca.pem";
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    inputs.now = kNow;
    const auto policy_at = [&](TlsLevel level) {
        connector.tls.exception = until_later(level);
        return decide_tls(inputs).policy;
    };
    const auto verify_ca = policy_at(TlsLevel::VerifyCa);
    EXPECT_TRUE(verify_ca.chain);
    EXPECT_EQ(verify_ca.ca, "/ca.pem");
    EXPECT_TRUE(verify_ca.names.empty());
    const auto encrypt = policy_at(TlsLevel::Encrypt);
    EXPECT_FALSE(encrypt.chain);
    EXPECT_EQ(encrypt.ca, "");
    EXPECT_EQ(encrypt.pins, connector.tls.pins);
    EXPECT_TRUE(policy_at(TlsLevel::Opportunistic).pins.empty());
}

TEST(TlsPolicy, LoginsNeedWhatLasts)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.level = TlsLevel::VerifyName;
    connector.tls.exception = until_later(TlsLevel::Encrypt);
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = smart_host();
    inputs.now = kNow;
    EXPECT_FALSE(decide_tls(inputs).lasting) << "nobody logs in";
    connector.tls.auth = objects::HopCredentials{"ann", "/password"};
    EXPECT_EQ(decide_tls(inputs).policy, policy(TlsLevel::Encrypt));
    EXPECT_EQ(decide_tls(inputs).lasting, named_by_host("relay.example.net"));
    connector.tls.dane = objects::Publication::Mandatory;
    EXPECT_EQ(decide_tls(inputs).lasting_skip, Reason::DaneMandatoryMissing);
    connector.tls.mode = ConnectorMode::Audit;
    EXPECT_EQ(decide_tls(inputs).lasting_skip, Reason::DaneMandatoryMissing);
    inputs.now += std::chrono::hours{1};
    EXPECT_FALSE(decide_tls(inputs).lasting) << "it lasts again";
}

TEST(TlsPolicy, WeakHandshakesAreForEncryptAndForATime)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.level = TlsLevel::Encrypt;
    connector.tls.exception = until_later(std::nullopt);
    connector.tls.exception->compatibility = objects::Compatibility::Weak;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    inputs.now = kNow;
    EXPECT_EQ(decide_tls(inputs).policy.compatibility, objects::Compatibility::Weak);
    inputs.hop.tlsa_status = TlsaStatus::Usable;
    inputs.hop.tlsa = tlsa();
    EXPECT_EQ(decide_tls(inputs).policy.compatibility, objects::Compatibility::Normal)
        << "DANE asks for more";
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    inputs.now += std::chrono::hours{1};
    EXPECT_EQ(decide_tls(inputs).policy.compatibility, objects::Compatibility::Normal);
}

TEST(TlsPolicy, ANextHopHasSettingsOfItsOwn)
{
    objects::Organization organization;
    TlsSettings tls;
    tls.level = TlsLevel::VerifyName;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.next_hop = &tls;
    inputs.hop = smart_host();
    inputs.now = kNow;
    auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy, named_by_host("relay.example.net"));
    EXPECT_EQ(decision.reasons, (Reasons{Reason::TlsOrganizationLevel, Reason::TlsNextHopLevel,
                                         Reason::TlsNextHopSettings, Reason::TlsNameOfNextHop}));
    tls.exception = until_later(TlsLevel::Opportunistic);
    EXPECT_EQ(decide_tls(inputs).policy.level, TlsLevel::Opportunistic);
    inputs.now += std::chrono::hours{1};
    EXPECT_EQ(decide_tls(inputs).policy.level, TlsLevel::VerifyName);
    // The organization's level is for others' hosts.
    organization.tls = TlsLevel::VerifyCa;
    inputs.next_hop = nullptr;
    EXPECT_EQ(decide_tls(inputs).policy.level, TlsLevel::Encrypt);
}

TEST(TlsPolicy, AnExceptionOfNoneIsTheCauseOfClearText)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.exception = until_later(TlsLevel::None);
    connector.tls.exception->dane = connector.tls.exception->mta_sts = objects::Publication::None;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Insecure);
    inputs.now = kNow;
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy.level, TlsLevel::None);
    EXPECT_EQ(decision.reasons.back(), Reason::StsNotAsked);
    EXPECT_EQ(why_no_tls(decision), Reason::TlsException);
    inputs.connector = nullptr;
    inputs.hop = local_socket();
    EXPECT_EQ(why_no_tls(decide_tls(inputs)), Reason::TlsLocalSocket);
}

TEST(TlsPolicy, NobodyElsesDemandCountsAtALocalHop)
{
    objects::Organization organization;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.hop = loopback();
    inputs.hop.tlsa_status = TlsaStatus::Failed;
    inputs.hop.sts = StsMode::Enforce;
    inputs.requests.requiretls = true;
    inputs.rule = RuleTls{TlsLevel::VerifyName, {}, TlsVersion::Tls13};
    inputs.now = kNow;
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.skip, Reason::None);
    EXPECT_EQ(decision.policy, policy(TlsLevel::Opportunistic));
    inputs.ratchet = Expectation{true, false, TlsVersion::None};
    EXPECT_EQ(decide_tls(inputs).policy.level, TlsLevel::Encrypt) << "what it has always had";
}

// Every source that may ask for a name.
TEST(TlsPolicy, AnAddressLiteralIsRefusedWhereANameIsAskedFor)
{
    constexpr Reason kRefused = Reason::TlsLiteralWithoutName;
    objects::Organization organization;
    objects::OutboundConnector connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.hop = literal();
    inputs.now = kNow;
    EXPECT_EQ(decide_tls(inputs).skip, Reason::None);
    inputs.rule = RuleTls{TlsLevel::VerifyName, {}, TlsVersion::None};
    EXPECT_EQ(decide_tls(inputs).skip, kRefused);
    inputs.rule.reset();
    organization.tls = TlsLevel::VerifyName;
    EXPECT_EQ(decide_tls(inputs).skip, kRefused);
    inputs.connector = &connector;
    EXPECT_EQ(decide_tls(inputs).skip, kRefused);
    connector.tls.names = {tls_name("mx.example.org")};
    EXPECT_EQ(decide_tls(inputs).skip, Reason::None);
    organization.tls = TlsLevel::Opportunistic;
    connector.tls.names.clear();
    connector.tls.level = TlsLevel::VerifyName;
    connector.tls.mode = ConnectorMode::Audit;
    EXPECT_EQ(decide_tls(inputs).skip, Reason::None);
    EXPECT_EQ(decide_tls(inputs).audited_skip, kRefused);
}

TEST(TlsPolicy, NoCertificateHasANameThatIsNone)
{
    objects::Organization organization;
    organization.tls = TlsLevel::VerifyName;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.hop = literal();
    inputs.now = kNow;
    facts::TlsEvidence evidence;
    evidence.version = TlsVersion::Tls13;
    evidence.verdict.state = facts::ChainVerdict::State::Verified;
    evidence.chain.emplace_back().dns_names = {"mx.example.org"};
    EXPECT_FALSE(judge_evidence(decide_tls(inputs).policy, evidence).passes);
}

TEST(TlsPolicy, ImplicitTlsNeverBecomesClearText)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.now = kNow;
    for (const auto& hop : {smart_host(), loopback()}) {
        inputs.hop = hop;
        inputs.hop.implicit_tls = true;
        connector.tls.exception.reset();
        EXPECT_EQ(decide_tls(inputs).policy, policy(TlsLevel::Encrypt));
        EXPECT_EQ(decide_tls(inputs).reasons.back(), Reason::TlsImplicit);
        connector.tls.exception = until_later(TlsLevel::None);
        connector.tls.exception->dane = connector.tls.exception->mta_sts =
            objects::Publication::None;
        EXPECT_EQ(decide_tls(inputs).policy.level, TlsLevel::Encrypt);
        EXPECT_EQ(decide_approved(inputs).policy.level, TlsLevel::Encrypt);
    }
}

TEST(TlsPolicy, SaysTheNameThatTheHostHas)
{
    TlsDecision decision;
    EXPECT_EQ(server_name(decision, "relay.example.net"), "relay.example.net");
    EXPECT_EQ(server_name(decision, ""), "");
    decision.policy.names = {tls_name("relay.example.org")};
    EXPECT_EQ(server_name(decision, ""), "relay.example.org");
    EXPECT_EQ(server_name(decision, "relay.example.net"), "relay.example.net");
    decision.policy.names = {tls_name("*.example.org")};
    EXPECT_EQ(server_name(decision, ""), "") << "a pattern is no name";
    decision.policy.names = {tls_name("a.example.org"), tls_name("b.example.org")};
    EXPECT_EQ(server_name(decision, ""), "") << "which of them it has is not known";
    decision.policy.names.clear();
    decision.audited = policy(TlsLevel::VerifyName, TlsVersion::Tls12, {tls_name("a.example.org")});
    EXPECT_EQ(server_name(decision, ""), "a.example.org");
    decision.policy.tlsa = tlsa();
    EXPECT_EQ(server_name(decision, "relay.example.net"), "mx.example.net");
}

TEST(TlsPolicy, KnowsWhichHopsAreLocal)
{
    objects::NextHopHost host;
    const auto by_address = [&](const char* text) {
        host = {};
        host.address = IpAddress::parse(text);
        return hop_kind(host);
    };
    EXPECT_EQ(by_address("127.0.0.1"), HopKind::Loopback);
    EXPECT_EQ(by_address("127.9.9.9"), HopKind::Loopback);
    EXPECT_EQ(by_address("::1"), HopKind::Loopback);
    EXPECT_EQ(by_address("192.168.0.1"), HopKind::Network);
    EXPECT_EQ(by_address("::2"), HopKind::Network);
    host = {};
    host.host = "localhost";
    EXPECT_EQ(hop_kind(host), HopKind::Loopback);
    host.host = "localhost.example.org";
    EXPECT_EQ(hop_kind(host), HopKind::Network);
    host.unix_path = "/run/lmtp";
    EXPECT_EQ(hop_kind(host), HopKind::LocalSocket);
}

TEST(TlsPolicy, OnlyTheTwoWeakestLevelsAllowClear)
{
    EXPECT_TRUE(policy(TlsLevel::None).allows_clear());
    EXPECT_TRUE(policy(TlsLevel::Opportunistic).allows_clear());
    for (const auto level :
         {TlsLevel::Encrypt, TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
        EXPECT_FALSE(policy(level).allows_clear());
    }
}

TEST(TlsPolicy, DigestTellsPoliciesApart)
{
    const TlsPolicy base;
    EXPECT_EQ(base.digest(), "opportunistic TLSv1.2 TLSv1.3");
    const std::function<void(TlsPolicy&)> changes[] = {
        [](auto& changed) { changed.level = TlsLevel::Encrypt; },
        [](auto& changed) { changed.min = TlsVersion::Tls10; },
        [](auto& changed) { changed.max = TlsVersion::Tls12; },
        [](auto& changed) { changed.names = {tls_name("mx.example.org")}; },
        [](auto& changed) { changed.domain = mail::Domain::parse("mx.example.org"); },
        [](auto& changed) { changed.pins = {"mx.example.org"}; },
        [](auto& changed) { changed.chain = true; },
        [](auto& changed) { changed.ca = "mx.example.org"; },
        [](auto& changed) { changed.own_name = true; },
        [](auto& changed) { changed.sts_name = tls_name("mx.example.org"); },
        [](auto& changed) { changed.tlsa = tlsa(); },
        [](auto& changed) { changed.clear_after_failure = false; },
        [](auto& changed) { changed.requiretls = true; },
        [](auto& changed) { changed.client_certificate = "mx.example.org"; },
        [](auto& changed) { changed.check_revocation = false; },
        [](auto& changed) { changed.compatibility = objects::Compatibility::Weak; },
    };
    std::vector<std::string> digests{base.digest()};
    for (const auto& change : changes) {
        TlsPolicy changed = base;
        change(changed);
        EXPECT_EQ(std::ranges::count(digests, changed.digest()), 0) << changed.digest();
        digests.push_back(changed.digest());
    }
}

}  // namespace
}  // namespace hermetic::policy
