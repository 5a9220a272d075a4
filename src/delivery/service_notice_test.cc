// Notices about mail that required TLS, on their way back.
#include "delivery/service.h"
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class NoticeBack : public DeliveryTest {
protected:
    std::shared_ptr<spool::StoredMessage> notice_to(const std::string& recipient,
                                                    mail::TlsLevel level)
    {
        auto message = make_message({recipient});
        auto envelope = *message->envelope;
        envelope.sender.reset();
        envelope.is_notice = true;
        envelope.tls.level = level;
        message->envelope = std::make_shared<const mail::Envelope>(std::move(envelope));
        return message;
    }
    std::shared_ptr<const tls::ServerContext> server_context(const std::string& name)
    {
        tls::ServerProfile profile;
        profile.certificates = {pki.make(name)};
        return *tls::make_server_context(profile);
    }
    tls::PkiFixture pki;
};

TEST_F(NoticeBack, NeverGoesInClearWhereItCarriesADemand)
{
    auto& peer = peer_for("other.test", {});
    EXPECT_EQ(deliver(notice_to("b@other.test", mail::TlsLevel::Encrypt)).delivered, 0U);
    EXPECT_TRUE(peer.messages.empty());
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(facts::Reason::TlsMessageLevel));
    EXPECT_EQ(spool.changes.back().state.required_tls,
              (mail::RequiredTls{mail::TlsLevel::Encrypt, "tls.message-level"}));
}

// One grant, one destination, three messages: each by what it asks for.
TEST_F(NoticeBack, DemandsOnlyForItself)
{
    auto& peer = peer_for("other.test", {});
    const auto report = deliver(grant_for({make_message({"a@other.test"}),
                                           notice_to("b@other.test", mail::TlsLevel::Encrypt),
                                           make_message({"c@other.test"})}));
    EXPECT_EQ(report.delivered, 2U);
    EXPECT_EQ(report.deferred, 1U);
    EXPECT_FALSE(report.destination_failure) << "its failure is its own";
    EXPECT_EQ(peer.messages.size(), 2U);
    EXPECT_THAT(peer.commands, Not(Contains(HasSubstr("<b@"))));
}

TEST_F(NoticeBack, GoesInTlsWhereThatMeetsTheDemand)
{
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context("mx.other.test");
    auto& peer = peer_for("other.test", script);
    EXPECT_EQ(deliver(notice_to("b@other.test", mail::TlsLevel::VerifyName)).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
}

TEST_F(NoticeBack, DoesNotUseAConnectionThatProvesLess)
{
    settings.cas = *tls::load_cas(pki.root_file());
    PeerScript script;
    script.tls = server_context("whoever.test");
    auto& peer = peer_for("other.test", script);
    const auto report = deliver(grant_for(
        {make_message({"a@other.test"}), notice_to("b@other.test", mail::TlsLevel::VerifyName)}));
    EXPECT_EQ(report.delivered, 1U) << "opportunistic: any certificate";
    EXPECT_EQ(peer.messages.size(), 1U);
    EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
}

TEST_F(NoticeBack, AboutMailThatFailedForTlsQuotesNothingAndDemandsNothing)
{
    contents.organizations[0].expiry_tls = std::chrono::minutes{0};
    objects::OutboundConnector connector;
    connector.name = "bank";
    connector.recipient_domains = {*objects::DomainPattern::parse("other.test")};
    connector.tls.level = objects::TlsLevel::VerifyName;
    contents.outbound_connectors.push_back(connector);
    peer_for("other.test", {});
    auto message = make_message({"b@other.test"}, "Subject: secret\r\n\r\nsecret\r\n");
    deliver(std::move(message));
    ASSERT_EQ(spool.changes.back().new_messages.size(), 1U);
    const auto& notice = *spool.changes.back().new_messages[0];
    EXPECT_THAT(std::string{notice.body.bytes.view()}, Not(HasSubstr("secret")));
    EXPECT_EQ(notice.envelope->tls, mail::TlsRequests{});
    EXPECT_EQ(log.notices.back().content, facts::Reason::NoticeContentWithheld);
}

}  // namespace
}  // namespace hermetic::delivery
