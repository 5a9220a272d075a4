#include "policy/approval.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;

class Approval : public testing::Test {
protected:
    Approval()
    {
        organization_.tls = TlsLevel::Encrypt;
        connector_.tls.level = TlsLevel::VerifyName;
        connector_.tls.pins = {"ab"};
        connector_.tls.client_certificate = "ours";
        connector_.tls.dane = objects::Publication::Mandatory;
        connector_.tls.mta_sts = objects::Publication::Mandatory;
        inputs.organization = &organization_;
        inputs.connector = &connector_;
        inputs.hop.host = "mx.example.org";
        inputs.hop.domain = "example.org";
        inputs.hop.tlsa_status = TlsaStatus::Failed;
        inputs.hop.sts = StsMode::Enforce;
        inputs.rule = RuleTls{};
        inputs.ratchet = Expectation{true, true, TlsVersion::Tls13};
        inputs.retired_below = TlsVersion::Tls13;
    }
    TlsInputs inputs;

private:
    objects::Organization organization_;
    objects::OutboundConnector connector_;
};

TEST_F(Approval, LiftsEverySourceForTheAttempt)
{
    const auto decision = decide_approved(inputs);
    EXPECT_EQ(decision.policy.level, TlsLevel::Opportunistic);
    EXPECT_TRUE(decision.policy.allows_clear());
    EXPECT_TRUE(decision.policy.clear_after_failure);
    EXPECT_FALSE(decision.policy.proves_peer());
    EXPECT_EQ(decision.skip, Reason::None);
    EXPECT_EQ(decision.reasons.back(), Reason::QueueApproved);
}

TEST_F(Approval, ShowsNoSecretOfOurs)
{
    EXPECT_TRUE(decide_approved(inputs).policy.client_certificate.empty());
}

TEST_F(Approval, NeverLiftsRequireTls)
{
    inputs.requests.requiretls = true;
    EXPECT_FALSE(may_be_approved(inputs.requests));
    const auto decision = decide_approved(inputs);
    EXPECT_TRUE(decision.policy.requiretls);
    EXPECT_FALSE(decision.policy.allows_clear());
    EXPECT_EQ(decision.policy.digest(), decide_tls(inputs).policy.digest());
}

}  // namespace
}  // namespace hermetic::policy
