// The service and the hosts of a destination: every address is tried, once; the verdict is per
// host. The rules are policy/next_hop_test.cc's; here it is shown that delivery keeps them.
#include "delivery/service_fixture.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::ElementsAre;

class HostsTest : public DeliveryTest {
protected:
    tls::ServerProfile profile()
    {
        tls::ServerProfile its;
        its.certificates = {pki_.make("mx.other.test")};
        return its;
    }
    std::shared_ptr<const tls::ServerContext> in_tls()
    {
        return *tls::make_server_context(profile());
    }
    // It knows old versions alone: no handshake under the default floor succeeds.
    PeerScript broken()
    {
        tls::ServerProfile old = profile();
        old.min = facts::TlsVersion::Tls10;
        old.max = facts::TlsVersion::Tls11;
        old.ciphers = "ALL:@SECLEVEL=0";
        PeerScript script;
        script.tls = *tls::make_server_context(old);
        return script;
    }
    // The MX host's addresses, in this order: 127.0.0.1 has `first`; 127.0.0.2 `second`, or nobody.
    void two_addresses(PeerScript first, std::optional<PeerScript> second)
    {
        auto& peer = peer_for("other.test", std::move(first));
        resolver.hosts["mx.other.test"] = {*IpAddress::parse("127.0.0.1"),
                                           *IpAddress::parse("127.0.0.2")};
        if (!second) return;
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, *std::move(second),
                                                       "127.0.0.2", peer.port()));
    }
    void first_address_last()
    {
        auto& addresses = resolver.hosts["mx.other.test"];
        std::swap(addresses[0], addresses[1]);
    }
    void add_dead_backup()
    {
        resolver.add_mx("other.test", 20, "backup.other.test");
        resolver.hosts["backup.other.test"] = {*IpAddress::parse("127.0.0.3")};
    }
    // How many are delivered by an attempt so much later.
    std::uint32_t attempt(std::chrono::minutes later)
    {
        fixture.clock.shift += later;
        return deliver(make_message({"b@other.test"})).delivered;
    }

    tls::PkiFixture pki_;
};

TEST_F(HostsTest, AClosedAddressHidesNoHandshakeThatFailedAtAnother)
{
    two_addresses(broken(), std::nullopt);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peers[0]->in_tls, ElementsAre(false));
}

TEST_F(HostsTest, NorDoesOneBeforeIt)
{
    two_addresses(broken(), std::nullopt);
    first_address_last();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peers[0]->in_tls, ElementsAre(false));
}

TEST_F(HostsTest, WhereTlsIsRequiredTheNextAddressMayHaveIt)
{
    contents.organizations[0].tls = objects::TlsLevel::Encrypt;
    PeerScript good;
    good.tls = in_tls();
    two_addresses({}, good);
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peers[1]->in_tls, ElementsAre(true));
    EXPECT_TRUE(peers[0]->messages.empty());
}

TEST_F(HostsTest, StartTlsMissingAtOneAddressIsNoAnswerWhereTheHandshakeFailedAtAnother)
{
    two_addresses(broken(), PeerScript{});
    add_dead_backup();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_TRUE(peers[1]->messages.empty()) << "it went in clear";
}

TEST_F(HostsTest, NobodyIsCalledTwiceInOneAttempt)
{
    PeerScript full;
    full.replies["RCPT"] = "452 4.2.2 full";
    two_addresses(full, std::nullopt);
    first_address_last();
    add_dead_backup();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    std::vector<std::string> called;
    for (const auto& step : log.attempts.back().steps)
        called.push_back(step.address.address.format());
    EXPECT_THAT(called, ElementsAre("127.0.0.2", "127.0.0.1", "127.0.0.3"));
}

// Specification §4.3.
TEST_F(HostsTest, ADeadBackupHoldsMailBackForAnHourAndNotForEver)
{
    peer_for("other.test", broken());
    add_dead_backup();
    EXPECT_EQ(attempt(std::chrono::minutes{0}), 0U);
    EXPECT_EQ(attempt(std::chrono::minutes{30}), 0U);
    EXPECT_TRUE(peers[0]->messages.empty()) << "it went in clear";
    EXPECT_EQ(attempt(std::chrono::minutes{31}), 1U);
    EXPECT_THAT(peers[0]->in_tls, ElementsAre(false));
}

// Nor is it forgotten on one core that the host has greeted another.
TEST_F(HostsTest, TheHourBeginsAnewOnceTheHostHasGreetedAnyCore)
{
    peer_for("other.test", broken());
    add_dead_backup();
    EXPECT_EQ(attempt(std::chrono::minutes{0}), 0U);
    const auto port = std::to_string(peers[0]->port());
    host_memory->note_greeted({"other.test", "backup.other.test:" + port});
    EXPECT_EQ(attempt(std::chrono::minutes{30}), 0U);
    EXPECT_EQ(attempt(std::chrono::minutes{31}), 0U);
    EXPECT_TRUE(peers[0]->messages.empty()) << "it went in clear";
    EXPECT_EQ(attempt(std::chrono::minutes{30}), 1U);
}

TEST_F(HostsTest, WhatIsRememberedIsListedAndForgotten)
{
    peer_for("other.test", broken());
    add_dead_backup();
    EXPECT_EQ(attempt(std::chrono::minutes{0}), 0U);
    const auto port = std::to_string(peers[0]->port());
    std::map<std::string, outbound::RememberedHost> rows;
    for (auto& each : service->remembered()) rows[each.what] = std::move(each);
    EXPECT_EQ(rows["unreachable"].host, "127.0.0.3:" + port);
    EXPECT_EQ(rows["greets-nobody"].host, "backup.other.test:" + port);
    EXPECT_EQ(rows["greets-nobody"].destination, "other.test");
    fixture.clock.shift += std::chrono::hours{1};
    EXPECT_EQ(service->remembered().at(0).what, "greets-nobody-for-an-hour");
    EXPECT_EQ(service->forget("backup.other.test"), 1U);
    EXPECT_TRUE(service->remembered().empty());
    EXPECT_EQ(attempt(std::chrono::minutes{0}), 0U) << "its hour begins anew";
}

// Where the first host takes all the time the next attempt begins with the other.
TEST_F(HostsTest, WhatThereWasNoTimeForComesFirstNextTimeAndNothingGoesInClear)
{
    peer_for("other.test", broken()).script_.silent_on = "EHLO";
    settings.options.attempt_time = std::chrono::seconds{1};
    settings.options.command_timeout = std::chrono::milliseconds{1500};
    add_dead_backup();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_TRUE(peers[0]->messages.empty());
    const auto port = std::to_string(peers[0]->port());
    auto rows = service->remembered();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].what, "left-untried");
    EXPECT_EQ(rows[0].host, "backup.other.test:" + port);
    peers[0]->go_on();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(log.attempts.back().steps.at(0).address.address.format(), "127.0.0.3");
    EXPECT_TRUE(peers[0]->messages.empty()) << "it went in clear";
}

TEST_F(HostsTest, AnAttemptHasATimeLimit)
{
    settings.options.attempt_time = Duration{};
    peer_for("other.test", {});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DeliveryTimeOver);
    EXPECT_EQ(outcome().enhanced.format(), "4.4.315");
}

}  // namespace
}  // namespace hermetic::delivery
