#include "facts/reasons.h"
#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

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
    Reason reason;
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
    const auto clean = Reason::TlsVerified;
    const auto unverified = Reason::TlsChainNotVerified;
    const auto mismatch = Reason::TlsNameMismatch;
    return {
        {"AnyCertificate", opportunistic, k13, kFailed, other, true, unverified},
        {"OtherName", opportunistic, k13, kVerified, other, true, mismatch},
        {"Verified", opportunistic, k13, kVerified, host, true, clean},
        {"BelowFloor", opportunistic, TlsVersion::Tls11, kVerified, host, false,
         Reason::TlsVersionBelowFloor},
        {"EncryptTakesAny", encrypt, k13, kFailed, other, true, unverified},
        {"Pinned", pinned, k13, kFailed, other, true, unverified},
        {"NotPinned", other_pin, k13, kVerified, host, false, Reason::TlsPinMismatch},
        {"CaWithoutChain", ca, k13, kFailed, host, false, unverified},
        {"CaWithoutName", ca, k13, kVerified, other, true, mismatch},
        {"NameMissing", named, k13, kVerified, other, false, mismatch},
        {"NameButNoChain", named, k13, kFailed, host, false, unverified},
        {"NameAndChain", named, k13, kVerified, host, true, clean},
        {"WildcardOfTheHost", named, k13, kVerified, "*.example.net", true, clean},
        {"TheDomainItself", domain, k13, kVerified, "example.org", true, clean},
        {"BelowTheDomain", domain, k13, kVerified, "a.b.example.org", true, clean},
        {"HostThatNothingProves", domain, k13, kVerified, host, false, mismatch},
        {"WildcardOfTheDomain", domain, k13, kVerified, "*.example.org", true, clean},
        {"StarInsideALabel", domain, k13, kVerified, "m*.example.org", false, mismatch},
        {"TwoStars", domain, k13, kVerified, "**.example.org", false, mismatch},
        {"StarBelowAName", domain, k13, kVerified, "mx.*.example.org", false, mismatch},
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
    EXPECT_EQ(verdict.reason, Reason::TlsRequired);
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

// Specification §4.3: weak TLS comes before clear text; elsewhere an exception under `encrypt`
// asks.
TEST(WeakHandshakes, PassOnlyWhereClearTextWouldOrAnExceptionSaysSo)
{
    const struct {
        facts::Weakness weakness;
        Reason reason;
    } rows[] = {{facts::Weakness::Signature, Reason::TlsWeakSignature},
                {facts::Weakness::Group, Reason::TlsWeakGroup},
                {facts::Weakness::Renegotiation, Reason::TlsNoSecureRenegotiation}};
    for (const auto& row : rows) {
        facts::TlsEvidence evidence;
        evidence.version = facts::TlsVersion::Tls12;
        evidence.weakness = row.weakness;
        TlsPolicy policy;
        EXPECT_TRUE(judge_evidence(policy, evidence).passes);
        for (const auto level :
             {TlsLevel::Encrypt, TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
            policy.level = level;
            policy.compatibility = objects::Compatibility::Normal;
            EXPECT_FALSE(judge_evidence(policy, evidence).passes);
            EXPECT_EQ(judge_evidence(policy, evidence).reason, row.reason);
            policy.compatibility = objects::Compatibility::Weak;
            EXPECT_EQ(judge_evidence(policy, evidence).reason == row.reason,
                      level != TlsLevel::Encrypt);
        }
    }
}

}  // namespace
}  // namespace hermetic::policy
