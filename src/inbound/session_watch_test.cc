#include "inbound/session_watch.h"

#include "facts/reasons.h"
#include "inbound/connector_fixture.h"

#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using facts::TlsVersion;
using testing::HasSubstr;

class Watching : public ConnectorFixture {
public:
    Watching() { set_versions(TlsVersion::Tls12, TlsVersion::Tls13); }

    // What the watch has of one session with one recipient.
    std::optional<SeenSession> seen(const std::string& connector, TlsVersion version,
                                    ShownCertificate shown, const std::string& sender)
    {
        const objects::OwnedName name{"a", connector};
        EXPECT_TRUE(watched.watch(name, {}));
        version_ = version;
        shown_ = shown;
        sender_ = sender;
        run([](SessionFixture& fixture, TestClient& client) -> net::Task<> {
            auto& self = static_cast<Watching&>(fixture);
            (void)co_await client.reply();
            co_await greet(client, self.version_, self.shown_);
            (void)co_await client.say("MAIL FROM:<" + self.sender_ + ">");
            (void)co_await client.say("RCPT TO:<r@a.example>");
            (void)co_await client.say("QUIT");
        });
        auto found = watched.take(name);
        watched.forget(name);
        return found;
    }

private:
    TlsVersion version_ = TlsVersion::None;
    ShownCertificate shown_;
    std::string sender_;
};

TEST(SessionWatch, ShowsWhatAGatewayWasGrantedAndBy)
{
    Watching fixture;
    const auto seen =
        fixture.seen("a-gateway", TlsVersion::Tls13, {"a", "gw.a.example"}, "u@a.example");
    ASSERT_TRUE(seen && seen->judged);
    EXPECT_EQ(seen->judged->matched, "certificate name gw.a.example");
    EXPECT_TRUE(seen->judged->granted);
    EXPECT_EQ(seen->judged->why, "attribution.certificate gw.a.example");
    EXPECT_FALSE(seen->judged->fault);
    EXPECT_EQ(seen->judged->recipients.at(0), "r@a.example: accepted, recipient.accepted-domain");
    EXPECT_EQ(seen->tls->version, TlsVersion::Tls13);
    EXPECT_EQ(seen->ended, "quit");
    EXPECT_EQ(seen->helo, "client.example");
}

TEST(SessionWatch, ShowsWhyAChainOfOthersGrantsNothing)
{
    Watching fixture;
    const auto seen =
        fixture.seen("a-gateway", TlsVersion::Tls13, {"b", "gw.a.example"}, "u@s.example");
    ASSERT_TRUE(seen && seen->judged);
    EXPECT_THAT(seen->judged->matched, HasSubstr("but its chain fails"));
    EXPECT_FALSE(seen->judged->granted);
    EXPECT_EQ(seen->judged->why, "neither its certificate names nor its networks");
}

TEST(SessionWatch, ShowsWhatAPartnersConnectorAskedForAndDidNotGet)
{
    Watching fixture;
    const auto seen = fixture.seen("partner-x", TlsVersion::None, {}, "u@x.example");
    ASSERT_TRUE(seen && seen->judged);
    EXPECT_EQ(seen->judged->matched, "sender domain x.example");
    ASSERT_TRUE(seen->judged->fault);
    EXPECT_EQ(seen->judged->fault->reason, facts::Reason::ConnectorTlsRequired);
    EXPECT_TRUE(seen->judged->restricts);
    EXPECT_THAT(seen->judged->recipients.at(0), HasSubstr("refused, connector.tls-required"));
}

TEST(SessionWatch, AStrangersSessionMatchesNothing)
{
    Watching fixture;
    const auto seen = fixture.seen("partner-x", TlsVersion::None, {}, "u@s.example");
    ASSERT_TRUE(seen && seen->judged);
    EXPECT_EQ(seen->judged->matched, "");
    EXPECT_FALSE(seen->in_networks);
}

TEST(SessionWatch, IsBoundedAndKeepsWhatConcernsTheConnector)
{
    SessionWatch watch;
    EXPECT_FALSE(watch.is_waiting());
    for (std::size_t i = 0; i < SessionWatch::kMaxWatched; ++i)
        EXPECT_TRUE(watch.watch({"Example", "c" + std::to_string(i)}, {}));
    EXPECT_FALSE(watch.watch({"Example", "more"}, {}));
    SeenSession own;
    own.in_networks = true;
    for (std::size_t i = 0; i <= SessionWatch::kMaxKept; ++i) watch.note({"Example", "c0"}, {});
    watch.note({"Example", "c0"}, own);
    std::size_t kept = 0;
    bool found = false;
    const objects::OwnedName c0{"Example", "c0"};
    for (auto each = watch.take(c0); each; each = watch.take(c0)) {
        ++kept;
        found = found || each->in_networks;
    }
    EXPECT_EQ(kept, SessionWatch::kMaxKept);
    EXPECT_TRUE(found);
    watch.note({"Example", "more"}, {});
    EXPECT_FALSE(watch.take({"Example", "more"}));
}

}  // namespace
}  // namespace hermetic::inbound
