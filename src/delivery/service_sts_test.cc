// The service where a domain's MTA-STS policy is known: what it adds, and what takes its place.
#include "delivery/dane_fixture.h"
#include "delivery/service.h"
#include "facts/reasons.h"
#include "outbound/sts_policies.h"

#include <gmock/gmock.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using policy::StsMode;
using testing::Contains;

class KnownPolicies final : public outbound::StsPolicies {
public:
    StsMode mode = StsMode::Enforce;
    std::string listed;

    [[nodiscard]] outbound::StsFacts of(const std::string& domain,
                                        const std::string& host) const override
    {
        if (domain != "other.test") return {};
        return {mode, host == listed};
    }
};

class StsTest : public DaneTest {
protected:
    void know(StsMode mode, const std::string& listed)
    {
        auto policies = std::make_shared<KnownPolicies>();
        policies->mode = mode;
        policies->listed = listed;
        settings.sts = std::move(policies);
    }
    // other.test by an MX answer that nothing proves.
    ScriptedPeer& plain_peer(PeerScript script)
    {
        return peer_for("other.test", std::move(script));
    }
};

TEST_F(StsTest, AListedHostWithItsOwnNameGetsTheMail)
{
    know(StsMode::Enforce, "mx.other.test");
    auto& peer = plain_peer(with_certificate({}));
    expect_delivered(peer, Reason::TlsVerified, "verify_name");
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::StsEnforced));
}

TEST_F(StsTest, AnotherNameMakesTheMessageWait)
{
    know(StsMode::Enforce, "mx.other.test");
    plain_peer(with_certificate({.dns_names = {"other.test"}}));
    expect_waits(Reason::StsNameMismatch, "4.7.325");
}

TEST_F(StsTest, AnUnknownAuthorityMakesTheMessageWait)
{
    know(StsMode::Enforce, "mx.other.test");
    settings.cas = nullptr;
    plain_peer(with_certificate({}));
    expect_waits(Reason::TlsChainNotVerified, "4.7.320");
}

TEST_F(StsTest, AHostThatIsNotListedIsSkipped)
{
    know(StsMode::Enforce, "mx2.other.test");
    auto& peer = plain_peer(with_certificate({}));
    expect_waits(Reason::StsHostNotListed, "4.7.1");
    EXPECT_EQ(peer.connections, 0);
}

TEST_F(StsTest, NoStartTlsIsNeverFollowedByClearText)
{
    know(StsMode::Enforce, "mx.other.test");
    plain_peer({});
    expect_waits(Reason::StarttlsNotOffered, "4.7.321");
}

TEST_F(StsTest, APolicyThatTestsChangesNothing)
{
    know(StsMode::Testing, "mx.other.test");
    auto& peer = plain_peer(with_certificate({.dns_names = {"elsewhere.test"}}));
    expect_delivered(peer, Reason::TlsNameMismatch, "opportunistic");
}

TEST_F(StsTest, DaneTakesItsPlace)
{
    know(StsMode::Enforce, "nobody.other.test");
    auto& peer = secure_peer(with_certificate({.dns_names = {"elsewhere.test"}}), {});
    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::StsReplacedByDane));
}

TEST_F(StsTest, MandatoryWithoutAPolicySkipsTheHost)
{
    objects::TlsSettings tls;
    tls.mta_sts = objects::Publication::Mandatory;
    connect_by(tls);
    plain_peer(with_certificate({}));
    expect_waits(Reason::StsMandatoryMissing, "4.7.1");
}

}  // namespace
}  // namespace hermetic::delivery
