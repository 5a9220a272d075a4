// What TLSA records make of a handshake's evidence, alone and beside a connector's own checks; and
// what an audited connector would have skipped a host for.
#include "facts/reasons.h"
#include "policy/tls_policy.h"

#include <gmock/gmock.h>

#include <ostream>

namespace hermetic::policy {
namespace {

using facts::TlsaVerdict;
using State = facts::ChainVerdict::State;

std::shared_ptr<const TlsaSet> some_tlsa(std::string base = "mx.example.net")
{
    return std::make_shared<const TlsaSet>(TlsaSet{std::move(base), {{3, 1, 1, "digest"}}});
}

TlsPolicy under_dane()
{
    TlsPolicy policy;
    policy.level = TlsLevel::Dane;
    policy.tlsa = some_tlsa();
    return policy;
}

facts::TlsEvidence evidence(TlsaVerdict tlsa, State chain = State::Failed)
{
    facts::TlsEvidence shown;
    shown.version = facts::TlsVersion::Tls13;
    shown.chain.emplace_back();
    shown.chain[0].dns_names = {"mx.example.net"};
    shown.chain[0].spki_sha256 = "leaf";
    shown.verdict.state = chain;
    shown.tlsa = tlsa;
    return shown;
}

struct JudgedRow {
    const char* name;
    TlsPolicy policy;
    facts::TlsEvidence evidence;
    bool passes;
    Reason reason;
    friend void PrintTo(const JudgedRow& row, std::ostream* out) { *out << row.name; }
};

std::vector<JudgedRow> judged_rows()
{
    auto with_chain = under_dane();
    with_chain.chain = true;
    auto with_name = with_chain;
    with_name.names = {*TlsName::parse("mx.example.org")};
    auto with_pin = under_dane();
    with_pin.pins = {"other"};
    auto with_own_pin = under_dane();
    with_own_pin.pins = {"leaf"};
    auto above_floor = under_dane();
    above_floor.min = facts::TlsVersion::Tls13;
    auto old = evidence(TlsaVerdict::Matched);
    old.version = facts::TlsVersion::Tls12;
    auto with_sts = under_dane();
    with_sts.sts_name = TlsName::parse("mx.example.net");
    const auto verified = evidence(TlsaVerdict::Matched, State::Verified);
    return {
        {"AMatchNeedsNoCa", under_dane(), evidence(TlsaVerdict::Matched), true,
         Reason::DaneMatched},
        {"NoMatch", under_dane(), evidence(TlsaVerdict::Mismatch), false, Reason::DaneTlsaMismatch},
        {"ACaDoesNotHelp", under_dane(), evidence(TlsaVerdict::Mismatch, State::Verified), false,
         Reason::DaneTlsaMismatch},
        {"NeverChecked", under_dane(), evidence(TlsaVerdict::NotChecked, State::Verified), false,
         Reason::DaneTlsaMismatch},
        {"Expired", under_dane(), evidence(TlsaVerdict::Expired), false,
         Reason::DaneCertificateExpired},
        {"OtherName", under_dane(), evidence(TlsaVerdict::HostMismatch), false,
         Reason::DaneCertificateHostMismatch},
        {"Weak", under_dane(), evidence(TlsaVerdict::ChainInvalid), false,
         Reason::DaneChainInvalid},
        {"AConnectorsCasCountBeside", with_chain, evidence(TlsaVerdict::Matched), false,
         Reason::TlsChainNotVerified},
        {"BothPass", with_chain, verified, true, Reason::DaneMatched},
        {"AConnectorsNamesCountBeside", with_name, verified, false, Reason::TlsNameMismatch},
        {"AConnectorsPinsCountBeside", with_pin, verified, false, Reason::TlsPinMismatch},
        {"ItsOwnPin", with_own_pin, evidence(TlsaVerdict::Matched), true, Reason::DaneMatched},
        {"TheFloorCountsBeside", above_floor, old, false, Reason::TlsVersionBelowFloor},
        {"StsCountsWhereBothAreAsked", with_sts, evidence(TlsaVerdict::Matched), false,
         Reason::TlsChainNotVerified},
    };
}

class JudgeTlsa : public testing::TestWithParam<JudgedRow> {};

TEST_P(JudgeTlsa, SaysWhetherItPassesAndWhy)
{
    const auto& row = GetParam();
    const auto verdict = judge_evidence(row.policy, row.evidence);
    EXPECT_EQ(verdict.passes, row.passes);
    EXPECT_EQ(verdict.reason, row.reason);
    EXPECT_FALSE(row.policy.allows_clear());
}

INSTANTIATE_TEST_SUITE_P(Rows, JudgeTlsa, testing::ValuesIn(judged_rows()),
                         [](const auto& row) { return row.param.name; });

TEST(TlsaPolicy, IsPartOfTheKeyOfConnections)
{
    const auto policy = under_dane();
    const auto other = [&](TlsaSet set) {
        auto changed = policy;
        changed.tlsa = std::make_shared<const TlsaSet>(std::move(set));
        EXPECT_EQ(changed == policy, changed.digest() == policy.digest());
        return changed.digest() != policy.digest();
    };
    EXPECT_FALSE(other(*policy.tlsa)) << "the same records, looked up again";
    EXPECT_TRUE(other({"mx2.example.net", {{3, 1, 1, "digest"}}}));
    EXPECT_TRUE(other({"mx.example.net", {{3, 1, 1, "digest"}, {3, 1, 1, "second"}}}));
    EXPECT_TRUE(other({"mx.example.net", {{3, 0, 1, "digest"}}}));
    EXPECT_TRUE(other({"mx.example.net", {{2, 1, 1, "digest"}}}));
    EXPECT_TRUE(other({"mx.example.net", {{3, 1, 1, "digest"}}, {"example.org"}}));
}

TEST(AuditedDane, TellsWhyAHostWouldHaveBeenSkipped)
{
    using objects::Publication;
    objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.mode = objects::ConnectorMode::Audit;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop.host = "mx.example.net";
    inputs.hop.mx_security = facts::DnsSecurity::Secure;

    EXPECT_FALSE(decide_tls(inputs).audited) << "it asks for nothing";
    for (const bool by_level : {false, true}) {
        connector.tls.level.reset();
        if (by_level) connector.tls.level = TlsLevel::Dane;
        connector.tls.dane = by_level ? Publication::Opportunistic : Publication::Mandatory;
        inputs.hop.tlsa_status = TlsaStatus::Absent;
        inputs.hop.tlsa = nullptr;
        auto decision = decide_tls(inputs);
        EXPECT_TRUE(decision.audited);
        EXPECT_EQ(decision.audited_skip, Reason::DaneMandatoryMissing);
        EXPECT_EQ(decision.skip, Reason::None);
        inputs.hop.tlsa_status = TlsaStatus::Usable;
        inputs.hop.tlsa = some_tlsa();
        EXPECT_EQ(decide_tls(inputs).audited_skip, Reason::None);
        inputs.hop.mx_security = facts::DnsSecurity::Insecure;
        EXPECT_EQ(decide_tls(inputs).audited_skip, Reason::DaneMandatoryInsecureMx);
        inputs.hop.mx_security = facts::DnsSecurity::Secure;
    }
}

}  // namespace
}  // namespace hermetic::policy
