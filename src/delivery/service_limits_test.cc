// The service and destinations with more hosts, or hosts with more addresses, than one attempt
// tries; and hosts of which only one family of addresses could be looked up (specification §4.3).
// The rules are policy/attempt_limits_test.cc's and policy/next_hop_limits_test.cc's; here it is
// shown that delivery keeps them from one attempt to the next.
#include "delivery/dane_fixture.h"
#include "facts/reasons.h"
#include "policy/attempt_limits.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::ElementsAre;
using testing::IsEmpty;

class LimitsTest : public DaneTest {
protected:
    // It knows old versions alone: no handshake under the default floor succeeds.
    PeerScript broken()
    {
        tls::ServerProfile profile;
        profile.min = facts::TlsVersion::Tls10;
        profile.max = facts::TlsVersion::Tls11;
        profile.ciphers = "ALL:@SECLEVEL=0";
        return with_certificate({.name = "old"}, profile);
    }
    static PeerScript refusing()
    {
        PeerScript script;
        script.greeting = "554 5.7.1 go away";
        return script;
    }
    // The first address is that of the first peer; others listen at its port.
    ScriptedPeer& peer_at(const std::string& address, PeerScript script)
    {
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script), address,
                                                       peers.at(0)->port()));
        return *peers.back();
    }
    // mx.other.test, and as many more hosts as make `count`, all at 127.0.0.1.
    void add_hosts(PeerScript script, int count)
    {
        peer_for("other.test", std::move(script));
        for (int i = 1; i < count; ++i) add_host(i, "127.0.0.1");
    }
    void add_host(int number, const std::string& address)
    {
        const auto name = fmt::format("mx{:03}.other.test", number);
        resolver.add_mx("other.test", static_cast<std::uint16_t>(10 + number), name);
        resolver.hosts[name] = {*IpAddress::parse(address)};
    }
    // mx.other.test at 127.0.0.1 to 127.0.0.`count`, all the same.
    void add_addresses(const PeerScript& script, int count)
    {
        peer_for("other.test", script);
        auto& addresses = resolver.hosts["mx.other.test"];
        for (int i = 2; i <= count; ++i) {
            const auto address = fmt::format("127.0.0.{}", i);
            addresses.push_back(*IpAddress::parse(address));
            peer_at(address, script);
        }
    }
    dispatch::GrantReport attempt(std::chrono::minutes later = {})
    {
        fixture.clock.shift += later;
        return deliver(make_message({"b@other.test"}));
    }
    // Of all peers.
    std::vector<bool> messages() const
    {
        std::vector<bool> in_tls;
        for (const auto& peer : peers)
            in_tls.insert(in_tls.end(), peer->in_tls.begin(), peer->in_tls.end());
        return in_tls;
    }
};

constexpr int kHosts = static_cast<int>(policy::kMaxHosts);

TEST_F(LimitsTest, AHostBeyondTheLimitKeepsMailFromClearTextAndComesFirstNextTime)
{
    add_hosts(broken(), kHosts);
    add_host(kHosts, "127.0.0.2");
    peer_at("127.0.0.2", with_certificate({.name = "good"}));
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty()) << "it went in clear";
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(true));
    const auto& last = log.attempts.back();
    EXPECT_EQ(last.host, "mx032.other.test");
    EXPECT_EQ(last.steps.size(), 1U) << "nobody was tried before it";
}

// Over attempts the last resort is reached all the same.
TEST_F(LimitsTest, WhereAllOfManyHostsFailMailGoesInClearOnceAllHaveBeenTried)
{
    add_hosts(broken(), kHosts + 8);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty());
    EXPECT_EQ(attempt(std::chrono::minutes{5}).delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(false));
    EXPECT_EQ(log.attempts.back().steps.back().reason, Reason::LadderEveryHandshakeFailed);
    // What was found counts for hours, and not for ever.
    EXPECT_EQ(attempt(outbound::HostMemory::kFindingKept).deferred, 1U);
    EXPECT_EQ(attempt().delivered, 1U);
}

TEST_F(LimitsTest, WhatIsFoundIsListedAndForgotten)
{
    add_hosts(broken(), kHosts + 1);
    EXPECT_EQ(attempt().deferred, 1U);
    const auto rows = service->remembered();
    const auto found = std::ranges::count_if(
        rows, [](const auto& row) { return row.what == "handshakes-failed"; });
    EXPECT_EQ(found, kHosts);
    EXPECT_GE(service->forget(""), policy::kMaxHosts);
    EXPECT_EQ(attempt().deferred, 1U) << "as if there had been no attempt";
    EXPECT_THAT(messages(), IsEmpty());
}

TEST_F(LimitsTest, AnAddressBeyondTheLimitKeepsMailFromClearTextAndComesFirstNextTime)
{
    add_addresses(broken(), static_cast<int>(policy::kMaxAddresses));
    resolver.hosts["mx.other.test"].push_back(*IpAddress::parse("127.0.0.7"));
    peer_at("127.0.0.7", with_certificate({.name = "good"}));
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty()) << "it went in clear";
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(true));
    EXPECT_EQ(log.attempts.back().address->address.format(), "127.0.0.7");
    EXPECT_EQ(log.attempts.back().steps.size(), 1U);
}

TEST_F(LimitsTest, WhereAllOfManyAddressesFailMailGoesInClearOnceAllHaveBeenTried)
{
    add_addresses(broken(), 8);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty());
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(false));
}

TEST_F(LimitsTest, AnAttemptIsBoundedHoweverManyHostsThereAre)
{
    add_hosts(refusing(), 500);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(peers[0]->connections, kHosts);
    EXPECT_EQ(outcome().reason, Reason::DeliveryLeftUntried);
    EXPECT_EQ(outcome().enhanced.format(), "4.4.317");
    EXPECT_EQ(log.attempts.back().host, "") << "those that were tried are not meant";
    EXPECT_FALSE(facts::suggest_fix(outcome()).empty());
}

TEST_F(LimitsTest, MailIsReturnedOnceAllHostsHaveRefusedIt)
{
    add_hosts(refusing(), kHosts + 8);
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DeliveryLeftUntried);
    EXPECT_EQ(attempt().failed, 1U);
    EXPECT_EQ(outcome().reason, Reason::GreetingRefused);
}

// What one policy found of handshakes says nothing of another's.
TEST_F(LimitsTest, AnotherPolicyFindsOutByItself)
{
    add_hosts(broken(), kHosts + 8);
    EXPECT_EQ(attempt().deferred, 1U);
    contents.organizations[0].max_tls = facts::TlsVersion::Tls12;
    service->set_snapshot(std::make_shared<const objects::Snapshot>(contents));
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty());
    EXPECT_EQ(attempt().delivered, 1U);
}

TEST_F(LimitsTest, AFamilyThatCouldNotBeLookedUpKeepsMailFromClearText)
{
    peer_for("other.test", broken());
    resolver.missing_families["mx.other.test"] = "AAAA: SERVFAIL";
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_THAT(messages(), IsEmpty()) << "it went in clear";
    resolver.missing_families.clear();
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(false));
}

TEST_F(LimitsTest, AndNotFromTheAddressesThatAreKnown)
{
    peer_for("other.test", with_certificate({.name = "good"}));
    resolver.missing_families["mx.other.test"] = "AAAA: SERVFAIL";
    EXPECT_EQ(attempt().delivered, 1U);
    EXPECT_THAT(messages(), ElementsAre(true));
}

TEST_F(LimitsTest, WhatTheKnownAddressesRefuseWaitsForTheOthers)
{
    peer_for("other.test", refusing());
    resolver.missing_families["mx.other.test"] = "AAAA: SERVFAIL";
    EXPECT_EQ(attempt().deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DnsFailed);
    EXPECT_EQ(outcome().text,
              "some addresses of mx.other.test could not be looked up "
              "(AAAA: SERVFAIL)");
}

}  // namespace
}  // namespace hermetic::delivery
