#include "policy/tls_policy.h"

#include "policy/rung_memory.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using std::chrono::hours;

TEST(TlsPolicy, OpportunisticByDefaultWithItsReason)
{
    const auto decision = decide_tls({});
    EXPECT_EQ(decision.policy,
              (TlsPolicy{TlsLevel::Opportunistic, TlsVersion::Tls12, TlsVersion::Tls13}));
    EXPECT_EQ(decision.reasons, std::vector<std::string_view>{"tls.organization-level"});
    EXPECT_TRUE(decision.policy.allows_clear());
    EXPECT_TRUE(decision.policy.wants_tls());
}

TEST(TlsPolicy, ALocalSocketIsNotEncrypted)
{
    TlsInputs inputs;
    inputs.base = TlsLevel::Encrypt;
    inputs.hop = HopKind::LocalSocket;
    const auto decision = decide_tls(inputs);
    EXPECT_FALSE(decision.policy.wants_tls());
    EXPECT_EQ(decision.reasons.back(), "tls.local-socket");
}

TEST(TlsPolicy, OnlyTheTwoWeakestLevelsAllowClear)
{
    for (const auto level : {TlsLevel::Encrypt, TlsLevel::VerifyCa, TlsLevel::VerifyName}) {
        EXPECT_FALSE((TlsPolicy{level, TlsVersion::Tls12, TlsVersion::Tls13}.allows_clear()));
    }
}

TEST(TlsPolicy, DigestTellsPoliciesApart)
{
    const TlsPolicy base;
    EXPECT_EQ(base.digest(), "opportunistic TLSv1.2 TLSv1.3");
    TlsPolicy changed = base;
    changed.level = TlsLevel::Encrypt;
    EXPECT_NE(changed.digest(), base.digest());
    changed = base;
    changed.min = TlsVersion::Tls10;
    EXPECT_NE(changed.digest(), base.digest());
    changed = base;
    changed.max = TlsVersion::Tls12;
    EXPECT_NE(changed.digest(), base.digest());
}

struct Row {
    const char* name;
    TlsLevel level;
    TlsVersion version;
    facts::ChainVerdict::State chain;
    bool name_matches;
    bool passes;
    std::string_view reason;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class JudgeEvidence : public testing::TestWithParam<Row> {};

TEST_P(JudgeEvidence, ByLevel)
{
    const auto& row = GetParam();
    facts::TlsEvidence evidence;
    evidence.version = row.version;
    evidence.verdict.state = row.chain;
    evidence.name_matches = row.name_matches;
    const TlsPolicy policy{row.level, TlsVersion::Tls12, TlsVersion::Tls13};
    const auto verdict = judge_evidence(policy, evidence);
    EXPECT_EQ(verdict.passes, row.passes);
    EXPECT_EQ(verdict.reason, row.reason);
}

constexpr auto kVerified = facts::ChainVerdict::State::Verified;
constexpr auto kFailed = facts::ChainVerdict::State::Failed;
constexpr auto kOpp = TlsLevel::Opportunistic;
constexpr auto k13 = TlsVersion::Tls13;

INSTANTIATE_TEST_SUITE_P(
    Rows, JudgeEvidence,
    testing::Values(
        Row{"AnyCertificate", kOpp, k13, kFailed, false, true, "tls.chain-not-verified"},
        Row{"OtherName", kOpp, k13, kVerified, false, true, "tls.name-mismatch"},
        Row{"Verified", kOpp, k13, kVerified, true, true, "tls.verified"},
        Row{"NameWithoutChainProvesNothing", kOpp, k13, kFailed, true, true,
            "tls.chain-not-verified"},
        Row{"BelowFloor", kOpp, TlsVersion::Tls11, kVerified, true, false,
            "tls.version-below-floor"},
        Row{"EncryptTakesAny", TlsLevel::Encrypt, k13, kFailed, false, true,
            "tls.chain-not-verified"},
        Row{"CaWithoutChain", TlsLevel::VerifyCa, k13, kFailed, true, false,
            "tls.chain-not-verified"},
        Row{"CaWithoutName", TlsLevel::VerifyCa, k13, kVerified, false, true, "tls.name-mismatch"},
        Row{"NameMissing", TlsLevel::VerifyName, k13, kVerified, false, false, "tls.name-mismatch"},
        Row{"NameButNoChain", TlsLevel::VerifyName, k13, kFailed, true, false,
            "tls.chain-not-verified"},
        Row{"NameAndChain", TlsLevel::VerifyName, k13, kVerified, true, true, "tls.verified"}),
    [](const auto& row) { return row.param.name; });

TEST(RungMemory, RemembersForAWhile)
{
    RungMemory memory{hours{6}, 2};
    const Instant start{hours{1}};
    EXPECT_EQ(memory.recall("a", start), std::nullopt);
    memory.worked("a", RungKind::LowerVersion, start);
    EXPECT_EQ(memory.recall("a", start + hours{5}), RungKind::LowerVersion);
    memory.worked("a", RungKind::LowerVersion, start + hours{5});
    EXPECT_EQ(memory.recall("a", start + hours{6}), std::nullopt) << "not prolonged by use";
    memory.worked("a", RungKind::Compatible, start + hours{7});
    EXPECT_EQ(memory.recall("a", start + hours{8}), RungKind::Compatible);
    memory.failed("a");
    EXPECT_EQ(memory.recall("a", start + hours{8}), std::nullopt);
}

TEST(RungMemory, TheFullHandshakeNeedsNone)
{
    RungMemory memory;
    memory.worked("a", RungKind::LowerVersion, Instant{});
    memory.worked("a", RungKind::Everything, Instant{});
    EXPECT_EQ(memory.size(), 0U);
}

TEST(RungMemory, IsBounded)
{
    RungMemory memory{hours{6}, 2};
    memory.worked("a", RungKind::Compatible, Instant{});
    memory.worked("b", RungKind::Compatible, Instant{} + hours{5});
    memory.worked("c", RungKind::Compatible, Instant{} + hours{7});
    EXPECT_EQ(memory.size(), 2U);
    EXPECT_EQ(memory.recall("b", Instant{} + hours{7}), RungKind::Compatible)
        << "what is over goes first";
    memory.worked("d", RungKind::Compatible, Instant{} + hours{8});
    EXPECT_EQ(memory.size(), 2U);
}

}  // namespace
}  // namespace hermetic::policy
