// Codes, stages and words of what the TLS policy refuses.
#include "outbound/policy_outcome.h"

#include "outbound/io_outcome.h"

#include <gmock/gmock.h>

namespace hermetic::outbound {
namespace {

using facts::OutcomeClass;
using facts::Stage;
using testing::HasSubstr;

TEST(PolicyOutcome, OfASkippedHostHasItsCode)
{
    const struct {
        const char* reason;
        const char* code;
        Stage stage;
        OutcomeClass result;
    } rows[] = {
        {"dane.lookup-failed", "4.7.324", Stage::Dns, OutcomeClass::Deferred},
        {"dane.mandatory-insecure-mx", "4.7.324", Stage::Verify, OutcomeClass::Deferred},
        {"dane.mandatory-missing", "4.7.323", Stage::Verify, OutcomeClass::Deferred},
        {"sts.host-not-listed", "4.7.1", Stage::Verify, OutcomeClass::Deferred},
        {"sts.mandatory-missing", "4.7.1", Stage::Verify, OutcomeClass::Deferred},
        {"requiretls.unproved-host", "5.7.10", Stage::Verify, OutcomeClass::Failed},
        {"something.new", "4.7.1", Stage::Verify, OutcomeClass::Deferred},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.reason);
        auto outcome = skipped_outcome(row.reason, "mx.example.org", "timeout");
        EXPECT_EQ(outcome.enhanced.format(), row.code);
        EXPECT_EQ(outcome.stage, row.stage);
        EXPECT_EQ(outcome.result, row.result);
        EXPECT_EQ(outcome.origin, facts::Origin::Local);
        EXPECT_EQ(outcome.reason, row.reason);
        EXPECT_THAT(outcome.text, HasSubstr("mx.example.org: "));
        EXPECT_THAT(outcome.text, HasSubstr("(timeout)"));
        suggest_fix(outcome);
        EXPECT_EQ(outcome.fix.empty(), std::string_view{row.reason} == "something.new");
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
        const char* reason;
        const facts::TlsEvidence& evidence;
        const char* code;
    } rows[] = {
        {"dane.tlsa-mismatch", good, "4.7.323"},
        {"dane.certificate-expired", expired, "4.7.322"},
        {"dane.certificate-host-mismatch", good, "4.7.325"},
        {"dane.chain-invalid", good, "4.7.320"},
        {"sts.name-mismatch", good, "4.7.325"},
        {"sts.chain-not-verified", good, "4.7.320"},
        {"sts.chain-not-verified", expired, "4.7.322"},
        {"tls.name-mismatch", good, "4.7.320"},
        {"tls.chain-not-verified", expired, "4.7.320"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.reason);
        auto outcome = unproved_outcome(row.reason, "mx.example.org", row.evidence, now);
        EXPECT_EQ(outcome.enhanced.format(), row.code);
        EXPECT_EQ(outcome.stage, Stage::Verify);
        EXPECT_EQ(outcome.result, OutcomeClass::Deferred);
        suggest_fix(outcome);
        EXPECT_FALSE(outcome.fix.empty());
    }
}

TEST(PolicyOutcome, OfAMissingStartTlsTellsWhatIsPublished)
{
    policy::TlsPolicy policy;
    EXPECT_EQ(not_offered_outcome("starttls.not-offered", policy).enhanced.format(), "4.4.317");
    policy.tlsa = std::make_shared<const facts::TlsaSet>();
    EXPECT_EQ(not_offered_outcome("starttls.not-offered", policy).enhanced.format(), "4.7.321");
    policy.tlsa = nullptr;
    policy.sts_name = policy::TlsName::parse("mx.example.org");
    EXPECT_EQ(not_offered_outcome("starttls.not-offered", policy).enhanced.format(), "4.7.321");
}

}  // namespace
}  // namespace hermetic::outbound
