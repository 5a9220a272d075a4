// The service while old versions of TLS are being retired (specification §4.6).
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using std::chrono::hours;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class RetirementTest : public DeliveryTest {
protected:
    RetirementTest() { contents.organizations[0].min_tls = facts::TlsVersion::Tls10; }

    // A server of other.test that has nothing above TLS 1.1.
    ScriptedPeer& old_peer()
    {
        tls::ServerProfile profile;
        profile.min = facts::TlsVersion::Tls10;
        profile.max = facts::TlsVersion::Tls11;
        profile.ciphers = "ALL:@SECLEVEL=0";
        profile.certificates = {pki_.make("mx.other.test")};
        PeerScript script;
        script.tls = *tls::make_server_context(profile);
        return peer_for("other.test", script);
    }
    void retire(Duration until_start, Duration until_end)
    {
        const auto at = [&](Duration wait) {
            return fixture.clock.wall() + std::chrono::duration_cast<WallTime::duration>(wait);
        };
        objects::Retirement plan;
        plan.name = "old-tls";
        plan.organization = "Example";
        plan.direction = objects::Direction::Outbound;
        plan.versions = {facts::TlsVersion::Tls10, facts::TlsVersion::Tls11};
        plan.start = at(until_start);
        plan.end = at(until_end);
        contents.retirements = {plan};
    }

private:
    tls::PkiFixture pki_;
};

TEST_F(RetirementTest, BeforeTheStartTheOldVersionIsUsed)
{
    auto& peer = old_peer();
    retire(hours{1}, hours{100});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_THAT(log.attempts[0].policy_reasons, Not(Contains(Reason::RetirementShare)));
}

TEST_F(RetirementTest, InTheShareItIsDeferredAndNeverSentInClear)
{
    auto& peer = old_peer();
    // All but the last millionth of the plan has passed: every peer is in the share.
    retire(-hours{1'000'000}, std::chrono::minutes{1});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.messages, IsEmpty());
    EXPECT_EQ(outcome().reason, Reason::RetirementShare);
    EXPECT_EQ(outcome().enhanced.format(), "4.7.66");
    EXPECT_EQ(outcome().origin, facts::Origin::Local);
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::RetirementShare));
    ASSERT_EQ(spool.changes.size(), 1U);
    EXPECT_TRUE(spool.changes[0].state.tls_failing_since) << "it fails after a day";
}

TEST_F(RetirementTest, AfterTheEndTheNormalPolicyHoldsAboveTheOldVersions)
{
    auto& peer = old_peer();
    retire(-hours{100}, -hours{1});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false)) << "opportunistic, and no handshake to be had";
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::RetirementEnded));
}

TEST_F(RetirementTest, AfterTheEndARequiredLevelSaysWhatIsMissing)
{
    auto& peer = old_peer();
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    retire(-hours{100}, -hours{1});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_THAT(peer.messages, IsEmpty());
    EXPECT_EQ(outcome().reason, Reason::RetirementEnded);
}

TEST_F(RetirementTest, AnUnexpiredExceptionIsExempt)
{
    auto& peer = old_peer();
    retire(-hours{100}, -hours{1});
    objects::OutboundConnector connector;
    connector.name = "old-partner";
    connector.organization = "Example";
    connector.recipient_domains = {*objects::DomainPattern::parse("other.test")};
    auto& exception = connector.tls.exception.emplace();
    exception.min = facts::TlsVersion::Tls10;
    exception.valid_until = fixture.clock.wall() + hours{1};
    contents.outbound_connectors.push_back(std::move(connector));
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_THAT(log.attempts[0].policy_reasons, Contains(Reason::RetirementExempt));
}

}  // namespace
}  // namespace hermetic::delivery
