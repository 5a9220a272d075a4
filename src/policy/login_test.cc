// When a password may be said, and what revocation means at each level: one row each.
#include "policy/login.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using facts::ChainFault;
using facts::ChainVerdict;
using facts::TlsEvidence;
using facts::TlsVersion;

TlsEvidence good()
{
    TlsEvidence evidence;
    evidence.version = TlsVersion::Tls13;
    facts::CertificateFacts leaf;
    leaf.dns_names = {"relay.test"};
    leaf.spki_sha256 = std::string(64, 'a');
    evidence.chain = {leaf};
    evidence.verdict.state = ChainVerdict::State::Verified;
    evidence.name_matches = true;
    return evidence;
}

TlsPolicy named()
{
    TlsPolicy policy;
    policy.level = TlsLevel::VerifyName;
    policy.chain = true;
    policy.names = {*TlsName::parse("relay.test")};
    return policy;
}

TlsPolicy pinned(char digit)
{
    TlsPolicy policy;
    policy.level = TlsLevel::Encrypt;
    policy.pins = {std::string(64, digit)};
    return policy;
}

bool may_log_in(const TlsDecision& decision, Credentials credentials,
                const std::optional<TlsEvidence>& evidence)
{
    return why_no_login(decision, credentials, evidence) == Reason::None;
}

// Under a decision that is nothing but this policy.
bool may_log_in(const TlsPolicy& policy, const std::optional<TlsEvidence>& evidence)
{
    TlsDecision decision;
    decision.policy = policy;
    return may_log_in(decision, Credentials::Complete, evidence);
}

TEST(MayLogIn, WhereTheHostIsProved)
{
    EXPECT_TRUE(may_log_in(named(), good()));
    EXPECT_TRUE(may_log_in(pinned('a'), good()));
    TlsPolicy own = named();
    own.own_name = true;
    EXPECT_TRUE(may_log_in(own, good()));
    TlsPolicy dane;
    dane.level = TlsLevel::Dane;
    dane.tlsa = std::make_shared<const TlsaSet>(TlsaSet{"relay.test", {{}}});
    TlsEvidence matched = good();
    matched.tlsa = facts::TlsaVerdict::Matched;
    EXPECT_TRUE(may_log_in(dane, matched));
    EXPECT_FALSE(may_log_in(dane, good()));
}

// Specification §3.1: never where enforcing would have refused the host.
TEST(MayLogIn, InAuditModeOnlyWhereEnforcingWouldHaveConnected)
{
    TlsDecision audit;
    audit.audited = named();
    EXPECT_TRUE(may_log_in(audit, Credentials::Complete, good()));
    EXPECT_FALSE(may_log_in(audit, Credentials::Missing, good()))
        << "it would have waited for its files";
    audit.audited_skip = Reason::StsMandatoryMissing;
    EXPECT_FALSE(may_log_in(audit, Credentials::Complete, good()))
        << "it would have left the host alone";
    audit.audited_skip = {};
    audit.audited = pinned('b');
    EXPECT_FALSE(may_log_in(audit, Credentials::Complete, good()));
}

// Specification §3.1: logins need the lasting values.
TEST(MayLogIn, BesideAnExceptionOnlyWhereWhatLastsIsMet)
{
    TlsDecision decision;
    decision.policy.level = TlsLevel::Encrypt;
    decision.lasting = named();
    EXPECT_TRUE(may_log_in(decision, Credentials::Complete, good()));
    decision.lasting = pinned('b');
    EXPECT_FALSE(may_log_in(decision, Credentials::Complete, good()));
    decision.lasting = named();
    decision.lasting_skip = Reason::DaneMandatoryMissing;
    EXPECT_FALSE(may_log_in(decision, Credentials::Complete, good()));
}

TEST(MayLogIn, NeverInAWeakHandshake)
{
    TlsEvidence weak = good();
    weak.weakness = facts::Weakness::Group;
    TlsPolicy policy = pinned('a');
    policy.compatibility = objects::Compatibility::Weak;
    EXPECT_TRUE(judge_evidence(policy, weak).passes);
    EXPECT_FALSE(may_log_in(policy, weak));
}

TEST(MayLogIn, NeverInClear)
{
    EXPECT_FALSE(may_log_in(named(), std::nullopt));
    EXPECT_FALSE(may_log_in(TlsPolicy{}, std::nullopt));
}

TEST(MayLogIn, NotWhereNothingSaysWhoseTheCertificateIs)
{
    for (const auto level :
         {TlsLevel::None, TlsLevel::Opportunistic, TlsLevel::Encrypt, TlsLevel::VerifyCa}) {
        TlsPolicy policy;
        policy.level = level;
        policy.chain = level == TlsLevel::VerifyCa;
        EXPECT_FALSE(may_log_in(policy, good())) << name(level);
    }
    TlsPolicy opportunistic = named();
    opportunistic.level = TlsLevel::Opportunistic;
    EXPECT_FALSE(may_log_in(opportunistic, good()));
}

TEST(MayLogIn, NotToAnImpostor)
{
    TlsEvidence other = good();
    other.chain[0].dns_names = {"elsewhere.test"};
    EXPECT_FALSE(may_log_in(named(), other));
    TlsEvidence unverified = good();
    unverified.verdict.state = ChainVerdict::State::Failed;
    EXPECT_FALSE(may_log_in(named(), unverified));
    TlsEvidence old = good();
    old.version = TlsVersion::Tls11;
    EXPECT_FALSE(may_log_in(named(), old));
    EXPECT_FALSE(may_log_in(pinned('b'), good()));
}

TEST(MayLogIn, ElseTheCauseIsNamed)
{
    TlsDecision decision;
    decision.policy.level = TlsLevel::Encrypt;
    decision.lasting = named();
    TlsEvidence other = good();
    other.chain[0].dns_names = {"elsewhere.test"};
    const auto complete = Credentials::Complete;
    EXPECT_EQ(why_no_login(decision, complete, other), Reason::TlsNameMismatch);
    EXPECT_EQ(why_no_login(decision, complete, std::nullopt), Reason::AuthWithheld);
    EXPECT_EQ(why_no_login(decision, Credentials::Missing, good()), Reason::AuthWithheld);
    TlsEvidence weak = good();
    weak.weakness = facts::Weakness::Group;
    EXPECT_EQ(why_no_login(decision, complete, weak), Reason::TlsWeakGroup);
    decision.lasting_skip = Reason::DaneMandatoryMissing;
    EXPECT_EQ(why_no_login(decision, complete, good()), Reason::DaneMandatoryMissing);
}

TEST(Revoked, FailsWhereAChainIsVerifiedAndIsRecordedBelow)
{
    for (const auto& [what, reason] :
         {std::pair{ChainFault::Revoked, Reason::TlsRevoked},
          std::pair{ChainFault::StapleMissing, Reason::TlsStapleMissing}}) {
        TlsEvidence evidence = good();
        evidence.verdict.state = ChainVerdict::State::Failed;
        evidence.verdict.fault = what;
        EXPECT_FALSE(judge_evidence(named(), evidence).passes);
        EXPECT_EQ(judge_evidence(named(), evidence).reason, reason);
        TlsPolicy encrypt;
        encrypt.level = TlsLevel::Encrypt;
        EXPECT_TRUE(judge_evidence(encrypt, evidence).passes);
        EXPECT_EQ(judge_evidence(encrypt, evidence).reason, reason);
    }
}

TEST(OwnCas, DecideForThoseWhoNameThemAndTheSystemsForOthers)
{
    TlsEvidence evidence = good();
    evidence.system_verdict =
        ChainVerdict{ChainVerdict::State::Failed, "unknown", ChainFault::UnknownCa};
    TlsPolicy own = named();
    own.ca = "/etc/bank-ca.pem";
    EXPECT_TRUE(judge_evidence(own, evidence).passes);
    EXPECT_FALSE(judge_evidence(named(), evidence).passes) << "an audited connector's CAs";
}

}  // namespace
}  // namespace hermetic::policy
