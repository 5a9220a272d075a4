// Mail that came with REQUIRETLS (RFC 8689): where it goes, and how it fails.
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>

namespace hermetic::delivery {
namespace {

using facts::OutcomeClass;
using facts::Reason;
using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

class RequireTlsTest : public DeliveryTest {
protected:
    RequireTlsTest() { settings.cas = *tls::load_cas(pki.root_file()); }

    PeerScript in_tls(const std::string& name, bool offers)
    {
        PeerScript script;
        tls::ServerProfile profile;
        profile.certificates = {pki.make(name)};
        script.tls = *tls::make_server_context(profile);
        if (offers) script.extensions.emplace_back("REQUIRETLS");
        return script;
    }
    // To a host whose MX answer is proved.
    void send(facts::DnsSecurity security = facts::DnsSecurity::Secure)
    {
        resolver.mxs["other.test"].security = security;
        auto message = make_message({"b@other.test"});
        auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
        envelope->tls.requiretls = true;
        auto changed = std::make_shared<spool::StoredMessage>(*message);
        changed->envelope = std::move(envelope);
        deliver(std::move(changed));
    }

    tls::PkiFixture pki;
};

TEST_F(RequireTlsTest, GoesOnWithItWhereItIsOfferedInTls)
{
    auto& peer = peer_for("other.test", in_tls("mx.other.test", true));
    send();
    EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_THAT(peer.commands, Contains(testing::AllOf(StartsWith("MAIL FROM:<a@sender.test>"),
                                                       testing::HasSubstr(" REQUIRETLS"))));
}

// RFC 8689 §5: a notice that gives nothing back carries it where it can, and is not lost.
TEST_F(RequireTlsTest, ARedactedNoticeCarriesItWhereItIsOfferedInTls)
{
    for (const bool offers : {true, false}) {
        auto& peer = peer_for("other.test", in_tls("mx.other.test", offers));
        auto message = make_message({"b@other.test"});
        auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
        envelope->sender.reset();
        envelope->is_notice = true;
        envelope->tls.requiretls = true;
        message->envelope = std::move(envelope);
        deliver(message);
        EXPECT_EQ(outcome().result, OutcomeClass::Delivered);
        const auto carries = Contains(testing::HasSubstr(" REQUIRETLS"));
        if (offers) {
            EXPECT_THAT(peer.commands, carries);
        } else {
            EXPECT_THAT(peer.commands, testing::Not(carries));
        }
        finish();
        peers.clear();
        resolver.mxs.clear();
    }
}

TEST_F(RequireTlsTest, ComesBackWhereItIsNot)
{
    auto& peer = peer_for("other.test", in_tls("mx.other.test", false));
    send();
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
    EXPECT_EQ(outcome().reason, Reason::RequiretlsNotOffered);
    EXPECT_EQ(outcome().enhanced.format(), "5.7.30");
    EXPECT_TRUE(peer.messages.empty());
}

TEST_F(RequireTlsTest, WaitsWhereTlsFailsOrProvesNothing)
{
    const struct {
        PeerScript script;
        Reason reason;
    } rows[] = {{{}, Reason::StarttlsNotOffered},
                {in_tls("mx.elsewhere.test", true), Reason::TlsNameMismatch}};
    for (const auto& row : rows) {
        auto& peer = peer_for("other.test", row.script);
        send();
        EXPECT_EQ(outcome().result, OutcomeClass::Deferred);
        EXPECT_EQ(outcome().reason, row.reason);
        EXPECT_EQ(outcome().enhanced.format(), "4.7.10");
        EXPECT_TRUE(peer.messages.empty());
        finish();
        peers.clear();
        resolver = {};
        log.attempts.clear();
    }
}

TEST_F(RequireTlsTest, ComesBackWhereNothingProvesTheHost)
{
    auto& peer = peer_for("other.test", in_tls("mx.other.test", true));
    send(facts::DnsSecurity::Insecure);
    EXPECT_EQ(outcome().result, OutcomeClass::Failed);
    EXPECT_EQ(outcome().enhanced.format(), "5.7.10");
    EXPECT_EQ(peer.connections, 0);
}

}  // namespace
}  // namespace hermetic::delivery
