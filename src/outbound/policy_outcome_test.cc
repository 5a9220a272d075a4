// Codes, stages and words of what the TLS policy refuses.
#include "outbound/policy_outcome.h"

#include "facts/reasons.h"
#include "outbound/io_outcome.h"

#include <gmock/gmock.h>

namespace hermetic::outbound {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using facts::Stage;
using testing::HasSubstr;

TEST(PolicyOutcome, OfASkippedHostHasItsCode)
{
    const struct {
        Reason reason;
        const char* code;
        Stage stage;
        OutcomeClass result;
    } rows[] = {
        {Reason::DaneLookupFailed, "4.7.324", Stage::Dns, OutcomeClass::Deferred},
        {Reason::DaneMandatoryInsecureMx, "4.7.324", Stage::Verify, OutcomeClass::Deferred},
        {Reason::DaneMandatoryMissing, "4.7.323", Stage::Verify, OutcomeClass::Deferred},
        {Reason::StsHostNotListed, "4.7.1", Stage::Verify, OutcomeClass::Deferred},
        {Reason::StsMandatoryMissing, "4.7.1", Stage::Verify, OutcomeClass::Deferred},
        {Reason::RequiretlsUnprovedHost, "5.7.10", Stage::Verify, OutcomeClass::Failed},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(facts::name(row.reason));
        auto outcome = skipped_outcome(row.reason, "mx.example.org", "timeout");
        EXPECT_EQ(outcome.enhanced.format(), row.code);
        EXPECT_EQ(outcome.stage, row.stage);
        EXPECT_EQ(outcome.result, row.result);
        EXPECT_EQ(outcome.origin, facts::Origin::Local);
        EXPECT_EQ(outcome.reason, row.reason);
        EXPECT_THAT(outcome.text, HasSubstr("mx.example.org: "));
        EXPECT_THAT(outcome.text, HasSubstr("(timeout)"));
        EXPECT_FALSE(facts::suggest_fix(outcome).empty());
    }
}

TEST(PolicyOutcome, OfAHandshakeHasItsCode)
{
    const WallTime now = WallTime{} + std::chrono::hours{24 * 365 * 50};
    facts::TlsEvidence good;
    good.chain.emplace_back();
    good.chain[0].not_after = now + std::chrono::hours{1};
    facts::TlsEvidence expired = good;
    expired.chain[0].not_after = now - std::chrono::hours{1};
    const struct {
        Reason reason;
        const facts::TlsEvidence& evidence;
        const char* code;
    } rows[] = {
        {Reason::DaneTlsaMismatch, good, "4.7.323"},
        {Reason::DaneCertificateExpired, expired, "4.7.322"},
        {Reason::DaneCertificateHostMismatch, good, "4.7.325"},
        {Reason::DaneChainInvalid, good, "4.7.320"},
        {Reason::StsNameMismatch, good, "4.7.325"},
        {Reason::TlsCertificateExpired, expired, "4.7.320"},
        {Reason::TlsNameMismatch, good, "4.7.320"},
        {Reason::TlsChainNotVerified, expired, "4.7.320"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(facts::name(row.reason));
        auto outcome = unproved_outcome(row.reason, "mx.example.org", {}, row.evidence, now);
        EXPECT_EQ(outcome.enhanced.format(), row.code);
        EXPECT_EQ(outcome.stage, Stage::Verify);
        EXPECT_EQ(outcome.result, OutcomeClass::Deferred);
        EXPECT_FALSE(facts::suggest_fix(outcome).empty());
    }
}

// RFC 8460's name for it, where the domain publishes what is to be expected.
TEST(PolicyOutcome, OfAnExpiredCertificateUnderMtaStsHasItsOwnCode)
{
    policy::TlsPolicy policy;
    policy.sts_name = policy::TlsName::parse("mx.example.org");
    facts::TlsEvidence expired;
    expired.verdict.state = facts::ChainVerdict::State::Failed;
    expired.verdict.fault = facts::ChainFault::Expired;
    expired.verdict.subject = "CN=mx.example.org";
    expired.verdict.not_after = *parse_rfc3339("2026-05-01T12:00:00Z");
    const auto outcome = unproved_outcome(Reason::TlsCertificateExpired, "mx.example.org", policy,
                                          expired, *parse_rfc3339("2026-11-21T12:00:00Z"));
    EXPECT_EQ(outcome.enhanced.format(), "4.7.322");
    EXPECT_THAT(outcome.text, HasSubstr("CN=mx.example.org expired on 2026-05-01T12:00:00"));
    EXPECT_THAT(std::string{facts::suggest_fix(outcome)}, HasSubstr("renew"));
}

TEST(PolicyOutcome, OfAMissingStartTlsTellsWhatIsPublished)
{
    policy::TlsPolicy policy;
    EXPECT_EQ(not_offered_outcome(Reason::StarttlsNotOffered, policy).enhanced.format(), "4.4.317");
    policy.tlsa = std::make_shared<const facts::TlsaSet>();
    EXPECT_EQ(not_offered_outcome(Reason::StarttlsNotOffered, policy).enhanced.format(), "4.7.321");
    policy.tlsa = nullptr;
    policy.sts_name = policy::TlsName::parse("mx.example.org");
    EXPECT_EQ(not_offered_outcome(Reason::StarttlsNotOffered, policy).enhanced.format(), "4.7.321");
}

facts::Outcome said(Stage stage, int code, std::string text)
{
    facts::Outcome outcome;
    outcome.stage = stage;
    outcome.origin = facts::Origin::Remote;
    outcome.code = code;
    outcome.result = code >= 500 ? OutcomeClass::Failed : OutcomeClass::Deferred;
    outcome.text = std::move(text);
    outcome.reason = Reason::GreetingRefused;
    return outcome;
}

// Specification §4.3: nobody's word but the proved peer's returns mail.
TEST(SessionOutcome, OfARefusalByNobodyKnowsWhomIsOurOwnAndTemporary)
{
    policy::TlsPolicy encrypt;
    encrypt.level = policy::TlsLevel::Encrypt;
    for (const Stage stage : {Stage::Greeting, Stage::Ehlo}) {
        auto outcome = session_outcome(said(stage, 554, "5.7.1 go\x1b[2J away"), encrypt,
                                       std::nullopt, "mx.example.org", WallTime{});
        EXPECT_EQ(outcome.result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome.origin, facts::Origin::Local);
        EXPECT_EQ(outcome.enhanced.format(), "4.4.317");
        EXPECT_EQ(outcome.reason, Reason::PeerUnproved);
        EXPECT_EQ(outcome.stage, stage);
        EXPECT_THAT(outcome.text, HasSubstr("\"554 5.7.1 go"));
        EXPECT_THAT(outcome.text, testing::Not(HasSubstr("\x1b")));
        EXPECT_FALSE(facts::suggest_fix(outcome).empty());
    }
    const auto later = session_outcome(said(Stage::Greeting, 421, "busy"), encrypt, std::nullopt,
                                       "mx.example.org", WallTime{});
    EXPECT_EQ(later.origin, facts::Origin::Local) << "a 421 is anybody's, too";
    EXPECT_EQ(later.reason, Reason::PeerUnproved);
    const auto believed = session_outcome(said(Stage::Greeting, 554, "no"), policy::TlsPolicy{},
                                          std::nullopt, "mx.example.org", WallTime{});
    EXPECT_EQ(believed.result, OutcomeClass::Failed) << "opportunistic asks for no proof";
    EXPECT_EQ(believed.origin, facts::Origin::Remote);
}

TEST(SessionOutcome, InTlsTheCertificateIsJudgedFirst)
{
    policy::TlsPolicy verify;
    verify.level = policy::TlsLevel::VerifyCa;
    verify.chain = true;
    facts::TlsEvidence evidence;
    evidence.version = facts::TlsVersion::Tls13;
    const auto refusal = said(Stage::Ehlo, 550, "5.7.1 not you");
    const auto unproved = session_outcome(refusal, verify, evidence, "mx.example.org", WallTime{});
    EXPECT_EQ(unproved.stage, Stage::Verify);
    EXPECT_EQ(unproved.reason, Reason::TlsChainNotVerified);
    EXPECT_EQ(unproved.result, OutcomeClass::Deferred);
    evidence.verdict.state = facts::ChainVerdict::State::Verified;
    const auto proved = session_outcome(refusal, verify, evidence, "mx.example.org", WallTime{});
    EXPECT_EQ(proved.result, OutcomeClass::Failed);
    EXPECT_EQ(proved.text, refusal.text);
}

TEST(SessionOutcome, OfStartTlsRefusedTellsWhatIsPublished)
{
    policy::TlsPolicy policy;
    const auto refusal = said(Stage::StartTls, 554, "no TLS today");
    const auto outcome = [&] {
        return session_outcome(refusal, policy, std::nullopt, "mx.example.org", WallTime{});
    };
    EXPECT_EQ(outcome().reason, Reason::StarttlsRefused);
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome().origin, facts::Origin::Remote) << "nothing asks for proof";
    policy.level = policy::TlsLevel::Encrypt;
    EXPECT_EQ(outcome().enhanced.format(), "4.4.317");
    EXPECT_THAT(outcome().text, HasSubstr("nothing proves that the server said so: \"554 no TLS"));
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_EQ(outcome().reason, Reason::StarttlsRefused);
    EXPECT_THAT(outcome().text, HasSubstr("\"554 no TLS today\""));
    policy.sts_name = policy::TlsName::parse("mx.example.org");
    EXPECT_EQ(outcome().enhanced.format(), "4.7.321");
}

TEST(SessionOutcome, OfAServerThatClosesBeforeTlsIsNoRefusalOfStartTls)
{
    policy::TlsPolicy policy;
    auto closing = said(Stage::StartTls, 421, "4.3.2 bye");
    closing.reason = Reason::StarttlsDeferred;
    const auto outcome = [&] {
        return session_outcome(closing, policy, std::nullopt, "mx.example.org", WallTime{});
    };
    EXPECT_EQ(outcome().reason, Reason::StarttlsDeferred);
    EXPECT_EQ(outcome().origin, facts::Origin::Remote);
    policy.level = policy::TlsLevel::Encrypt;
    EXPECT_EQ(outcome().reason, Reason::PeerUnproved);
    EXPECT_EQ(outcome().stage, Stage::StartTls);
    EXPECT_EQ(outcome().enhanced.format(), "4.4.317");
}

}  // namespace
}  // namespace hermetic::outbound
