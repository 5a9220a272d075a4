#include "policy/tls_policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using objects::ConnectorMode;
using objects::TlsSettings;
using Reasons = std::vector<std::string_view>;

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

TlsName tls_name(std::string_view text)
{
    return *TlsName::parse(text);
}

HopFacts by_mx(facts::DnsSecurity security)
{
    HopFacts hop;
    hop.host = "mx.example.net";
    hop.domain = "example.org";
    hop.mx_security = security;
    return hop;
}

HopFacts smart_host()
{
    HopFacts hop;
    hop.configured = true;
    hop.host = "relay.example.net";
    return hop;
}

HopFacts local_socket()
{
    HopFacts hop;
    hop.kind = HopKind::LocalSocket;
    hop.configured = true;
    return hop;
}

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

TlsPolicy policy(TlsLevel level, TlsVersion min = TlsVersion::Tls12,
                 std::vector<TlsName> names = {}, std::vector<std::string> pins = {})
{
    return {level, min, TlsVersion::Tls13, std::move(names), std::nullopt, std::move(pins)};
}

TlsPolicy named_by_domain()
{
    auto result = policy(TlsLevel::VerifyName);
    result.domain = mail::Domain::parse("example.org");
    return result;
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
    const auto exception = settings([](auto& tls) {
        tls.level = TlsLevel::Opportunistic;
        tls.min = TlsVersion::Tls10;
        tls.valid_until = kNow + std::chrono::hours{1};
    });
    const auto ended = settings([](auto& tls) {
        tls.level = TlsLevel::Opportunistic;
        tls.valid_until = kNow;
    });
    const auto half_ended = settings([](auto& tls) {
        tls.level = TlsLevel::VerifyCa;
        tls.min = TlsVersion::Tls10;
        tls.valid_until = kNow - std::chrono::hours{1};
    });
    const auto named = settings([](auto& tls) {
        tls.level = TlsLevel::VerifyName;
        tls.names = {tls_name("*.example.org")};
        tls.pins = {"ab"};
    });
    const auto mode = [&](ConnectorMode wanted) {
        return settings([&](auto& tls) {
            tls.level = TlsLevel::VerifyName;
            tls.mode = wanted;
        });
    };
    const Reasons organization{"tls.organization-level"};
    const Reasons connector{"tls.organization-level", "tls.connector-level"};
    const auto with = [](Reasons reasons, std::string_view more) {
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
         with(organization, "tls.name-of-domain")},
        {"LocalSocket",
         TlsLevel::VerifyName,
         k12,
         {},
         local_socket(),
         policy(TlsLevel::None),
         with(organization, "tls.local-socket")},
        {"ConnectorThatSaysNothing", kOpp, k12, TlsSettings{}, insecure, policy(kOpp),
         organization},
        {"ConnectorAdds", kOpp, k12, level(TlsLevel::Encrypt), insecure, policy(TlsLevel::Encrypt),
         connector},
        {"NameOfASecureMx", kOpp, k12, level(TlsLevel::VerifyName), secure,
         policy(TlsLevel::VerifyName, k12, {tls_name("mx.example.net")}),
         with(connector, "tls.name-of-secure-mx")},
        {"NameOfTheDomain", kOpp, k12, level(TlsLevel::VerifyName), insecure, named_by_domain(),
         with(connector, "tls.name-of-domain")},
        {"NameOfASmartHost", kOpp, k12, level(TlsLevel::VerifyName), smart_host(),
         policy(TlsLevel::VerifyName, k12, {tls_name("relay.example.net")}),
         with(connector, "tls.name-of-next-hop")},
        {"OwnNamesAndPins", kOpp, k12, named, secure,
         policy(TlsLevel::VerifyName, k12, {tls_name("*.example.org")}, {"ab"}),
         with(connector, "tls.names-of-connector")},
        {"Exception", TlsLevel::Encrypt, k12, exception, insecure, policy(kOpp, TlsVersion::Tls10),
         connector},
        {"EndedException", TlsLevel::Encrypt, k12, ended, insecure, policy(TlsLevel::Encrypt),
         with(organization, "tls.exception-ended")},
        {"OnlyTheExceptionEnds", kOpp, k12, half_ended, insecure, policy(TlsLevel::VerifyCa),
         with(connector, "tls.exception-ended")},
        {"Audit", kOpp, k12, mode(ConnectorMode::Audit), insecure, policy(kOpp),
         with(organization, "tls.connector-audited"), true},
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

TEST(TlsPolicy, OnlyTheTwoWeakestLevelsAllowClear)
{
    EXPECT_TRUE(policy(TlsLevel::None).allows_clear());
    EXPECT_TRUE(policy(TlsLevel::Opportunistic).allows_clear());
    for (const auto level : {TlsLevel::Encrypt, TlsLevel::VerifyCa, TlsLevel::VerifyName}) {
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
    };
    std::vector<std::string> digests{base.digest()};
    for (const auto& change : changes) {
        TlsPolicy changed = base;
        change(changed);
        EXPECT_EQ(std::ranges::count(digests, changed.digest()), 0) << changed.digest();
        digests.push_back(changed.digest());
    }
}

struct NameRow {
    std::string_view asked;
    std::string_view in_certificate;
    bool matches;
};

TEST(TlsNames, AWildcardStandsForOneLabel)
{
    const NameRow table[] = {
        {"mx.example.org", "mx.example.org", true},
        {"mx.example.org", "*.example.org", true},
        {"a.mx.example.org", "*.example.org", false},
        {"example.org", "*.example.org", false},
        {"mx.example.org", "example.org", false},
        {"mx.example.org", "amx.example.org", false},
        {"*.example.org", "mx.example.org", true},
        {"*.example.org", "*.example.org", true},
        {"*.example.org", "a.mx.example.org", false},
        {"*.example.org", "example.org", false},
        {"*.example.org", ".example.org", false},
        {"mx.example.org", "*.org", false},
        {"example.org", "*.org", false},
        {"mx.example.org", "m*.example.org", false},
        {"mx.example.org", "mx.*.org", false},
        {"mx.example.org", "*", false},
        {"mx.example.org", "", false},
        {"mx.example.org", "mx.example.org\\x00.test", false},
    };
    for (const auto& row : table) {
        EXPECT_EQ(matches(tls_name(row.asked), row.in_certificate), row.matches)
            << row.asked << " and " << row.in_certificate;
    }
}

constexpr auto kVerified = facts::ChainVerdict::State::Verified;
constexpr auto kFailed = facts::ChainVerdict::State::Failed;
constexpr auto k13 = TlsVersion::Tls13;

struct EvidenceRow {
    const char* name;
    TlsPolicy policy;
    TlsVersion version;
    facts::ChainVerdict::State chain;
    const char* dns_name;
    bool passes;
    std::string_view reason;
    friend void PrintTo(const EvidenceRow& row, std::ostream* out) { *out << row.name; }
};

facts::TlsEvidence evidence_of(const EvidenceRow& row)
{
    facts::TlsEvidence evidence;
    evidence.version = row.version;
    evidence.verdict.state = row.chain;
    evidence.name_matches = std::string_view{row.dns_name} == "mx.example.net";
    facts::CertificateFacts leaf;
    leaf.dns_names = {"unrelated.test", row.dns_name};
    leaf.spki_sha256 = "ab";
    evidence.chain = {leaf};
    return evidence;
}

class JudgeEvidence : public testing::TestWithParam<EvidenceRow> {};

TEST_P(JudgeEvidence, ByLevel)
{
    const auto verdict = judge_evidence(GetParam().policy, evidence_of(GetParam()));
    EXPECT_EQ(verdict.passes, GetParam().passes);
    EXPECT_EQ(verdict.reason, GetParam().reason);
}

std::vector<EvidenceRow> evidence_rows()
{
    const auto opportunistic = policy(TlsLevel::Opportunistic);
    const auto encrypt = policy(TlsLevel::Encrypt);
    const auto ca = policy(TlsLevel::VerifyCa);
    const auto named =
        policy(TlsLevel::VerifyName, TlsVersion::Tls12, {tls_name("mx.example.net")});
    const auto domain = named_by_domain();
    const auto pinned = policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"cd", "ab"});
    const auto other_pin = policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"cd"});
    const char* const host = "mx.example.net";
    const char* const other = "mx.example.com";
    const auto clean = std::string_view{"tls.verified"};
    const auto unverified = std::string_view{"tls.chain-not-verified"};
    const auto mismatch = std::string_view{"tls.name-mismatch"};
    return {
        {"AnyCertificate", opportunistic, k13, kFailed, other, true, unverified},
        {"OtherName", opportunistic, k13, kVerified, other, true, mismatch},
        {"Verified", opportunistic, k13, kVerified, host, true, clean},
        {"BelowFloor", opportunistic, TlsVersion::Tls11, kVerified, host, false,
         "tls.version-below-floor"},
        {"EncryptTakesAny", encrypt, k13, kFailed, other, true, unverified},
        {"Pinned", pinned, k13, kFailed, other, true, unverified},
        {"NotPinned", other_pin, k13, kVerified, host, false, "tls.pin-mismatch"},
        {"CaWithoutChain", ca, k13, kFailed, host, false, unverified},
        {"CaWithoutName", ca, k13, kVerified, other, true, mismatch},
        {"NameMissing", named, k13, kVerified, other, false, mismatch},
        {"NameButNoChain", named, k13, kFailed, host, false, unverified},
        {"NameAndChain", named, k13, kVerified, host, true, clean},
        {"WildcardOfTheHost", named, k13, kVerified, "*.example.net", true, clean},
        {"TheDomainItself", domain, k13, kVerified, "example.org", true, clean},
        {"BelowTheDomain", domain, k13, kVerified, "a.b.example.org", true, clean},
        {"HostThatNothingProves", domain, k13, kVerified, host, false, mismatch},
        {"EndsLikeTheDomain", domain, k13, kVerified, "anexample.org", false, mismatch},
    };
}

INSTANTIATE_TEST_SUITE_P(Rows, JudgeEvidence, testing::ValuesIn(evidence_rows()),
                         [](const auto& row) { return row.param.name; });

TEST(JudgeConnection, InClearOnlyWhereThePolicyAllowsIt)
{
    EXPECT_TRUE(judge_connection(policy(TlsLevel::Opportunistic), std::nullopt).passes);
    const auto verdict = judge_connection(policy(TlsLevel::Encrypt), std::nullopt);
    EXPECT_FALSE(verdict.passes);
    EXPECT_EQ(verdict.reason, "tls.required");
}

TEST(JudgeEvidence, WithoutACertificateNothingIsProved)
{
    facts::TlsEvidence evidence;
    evidence.version = k13;
    EXPECT_TRUE(judge_evidence(policy(TlsLevel::Encrypt), evidence).passes);
    EXPECT_FALSE(judge_evidence(named_by_domain(), evidence).passes);
    EXPECT_FALSE(
        judge_evidence(policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"ab"}), evidence).passes);
}

}  // namespace
}  // namespace hermetic::policy
