// A delivery service with a spool, a resolver and a log in memory, on one core. For tests only.
#pragma once

#include "delivery/service.h"
#include "dns/resolver_fixture.h"
#include "ledger/log_fixture.h"
#include "metrics/metrics.h"
#include "net/core_fixture.h"
#include "outbound/peer_fixture.h"
#include "routing/route.h"
#include "spool/spool.h"
#include "tls/pki_fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace hermetic::delivery {

using outbound::PeerScript;
using outbound::ScriptedPeer;

// Keeps what is recorded; bodies "in files" are in memory too.
class MemorySpool final : public spool::Spool {
public:
    void commit(std::vector<std::shared_ptr<const spool::StoredMessage>>,
                spool::CommitOperation& done) override
    {
        done.result = spool::Durability::Refused;
        done.port.post({&done});
    }
    void record(spool::Change change, spool::CommitOperation*) override
    {
        changes.push_back(std::move(change));
    }
    [[nodiscard]] std::uint64_t epoch() const override { return 1; }
    [[nodiscard]] std::vector<spool::Claimed> claim(std::size_t, std::optional<MessageId>) override
    {
        return {};
    }
    void renew(std::span<const spool::Lease>) override {}
    void load(MessageId id, spool::LoadOperation& done) override
    {
        const auto found = stored.find(id);
        if (found != stored.end()) done.message = found->second;
        done.port.post({&done});
    }
    [[nodiscard]] std::unique_ptr<spool::BodyWriter> write_body(BodyId) override { return nullptr; }
    [[nodiscard]] std::unique_ptr<spool::BodyReader> open_body(const spool::Body& body) override
    {
        const auto found = files.find(body.id);
        if (found == files.end()) return nullptr;
        return std::make_unique<Reader>(found->second);
    }
    [[nodiscard]] std::size_t body_file_threshold() const override { return 1U << 18; }
    [[nodiscard]] spool::Pressure pressure() const override { return spool::Pressure::None; }
    [[nodiscard]] spool::SpoolStatus status() const override { return {}; }
    void close() override {}

    std::vector<spool::Change> changes;
    std::map<MessageId, std::shared_ptr<const spool::StoredMessage>> stored;
    std::map<BodyId, std::string> files;

private:
    class Reader final : public spool::BodyReader {
    public:
        explicit Reader(std::string text) : text_{std::move(text)} {}
        void read(std::uint64_t offset, std::size_t limit, spool::BodyOperation& done) override
        {
            done.bytes = text_.substr(std::min<std::size_t>(offset, text_.size()), limit);
            done.port.post({&done});
        }

    private:
        std::string text_;
    };
};

using dns::MemoryResolver;
using ledger::MemoryLog;

class MemoryReports final : public dispatch::GrantReports {
public:
    void ended(std::vector<dispatch::GrantReport> batch) override
    {
        for (auto& each : batch) reports.push_back(std::move(each));
    }
    void peers_changed(std::vector<queue::PeerChanged> batch) override
    {
        peers.insert(peers.end(), batch.begin(), batch.end());
    }
    std::vector<dispatch::GrantReport> reports;
    std::vector<queue::PeerChanged> peers;
};

inline mail::Mailbox test_mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

class DeliveryTest : public testing::Test {
protected:
    DeliveryTest()
    {
        settings.hostname = "us.test";
        settings.own_names = {"us.test"};
        settings.options.allow_loopback = true;
        settings.options.connect_timeout = std::chrono::seconds{5};
        settings.options.command_timeout = std::chrono::seconds{5};
        settings.options.greeting_timeout = std::chrono::seconds{5};
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        contents.organizations[0].postmaster = test_mailbox("postmaster@sender.test");
        objects::AcceptedDomain own;
        own.name = *objects::DomainPattern::parse("sender.test");
        contents.accepted_domains.push_back(std::move(own));
    }
    ~DeliveryTest() override
    {
        if (service) finish();
    }

    // One MX host for the domain, at 127.0.0.1 and the peer's port.
    ScriptedPeer& peer_for(const std::string& domain, PeerScript script)
    {
        peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script)));
        resolver.add_mx(domain, 10, "mx." + domain);
        resolver.hosts["mx." + domain] = {*IpAddress::parse("127.0.0.1")};
        settings.options.port = peers.back()->port();
        return *peers.back();
    }
    // A configured next hop for the domain.
    void next_hop_for(const std::string& domain, std::vector<objects::NextHopHost> hosts)
    {
        objects::OutboundConnector connector;
        connector.name = domain;
        connector.recipient_domains = {*objects::DomainPattern::parse(domain)};
        connector.next_hop.mx = false;
        connector.next_hop.hosts = std::move(hosts);
        contents.outbound_connectors.push_back(std::move(connector));
    }
    objects::NextHopHost host_of(const ScriptedPeer& peer)
    {
        objects::NextHopHost host;
        host.address = IpAddress::parse("127.0.0.1");
        host.port = peer.port();
        return host;
    }

    // Nobody listens there.
    std::uint16_t closed_port()
    {
        ScriptedPeer gone{fixture.core, {}};
        const std::uint16_t port = gone.port();
        gone.close();
        fixture.run(gone.join());
        return port;
    }

    std::shared_ptr<spool::StoredMessage> make_message(
        std::vector<std::string> recipients, std::string body = "Subject: x\r\n\r\nhi\r\n")
    {
        auto envelope = std::make_shared<mail::Envelope>();
        auto message = std::make_shared<spool::StoredMessage>();
        const auto now = fixture.clock.wall();
        message->id = ids.next<MessageId>(now);
        envelope->accepted_as = message->id;
        envelope->sender = test_mailbox("a@sender.test");
        for (const auto& each : recipients) {
            envelope->recipients.push_back({.address = test_mailbox(each), .orcpt = ""});
        }
        envelope->accepted_at = now;
        envelope->size = body.size();
        envelope->organization = "Example";
        message->envelope = envelope;
        message->body.id = ids.next<BodyId>(now);
        message->body.size = body.size();
        message->body.bytes = Bytes{std::move(body)};
        return message;
    }

    dispatch::Grant grant_for(std::vector<std::shared_ptr<spool::StoredMessage>> messages)
    {
        dispatch::Grant grant;
        grant.id = ++grants;
        const objects::Snapshot snapshot{contents};
        grant.destination =
            routing::decide_route(snapshot, {}, messages[0]->envelope->recipients[0].address).key;
        for (auto& message : messages) {
            grant.messages.push_back({{message->id, 1, WallTime::max()},
                                      message,
                                      std::nullopt,
                                      message->state.approval});
        }
        return grant;
    }

    void begin()
    {
        settings.options.idle_connection = std::chrono::seconds{10};
        service = std::make_unique<DeliveryService>(
            outbound::Adapters{fixture.core, &spool, resolver, log, metrics}, reports,
            std::make_shared<const outbound::DeliverySettings>(settings),
            std::make_shared<const objects::Snapshot>(contents));
    }
    dispatch::GrantReport deliver(dispatch::Grant grant)
    {
        if (!service) begin();
        const auto before = reports.reports.size();
        give(std::move(grant));
        turn_until([&] { return reports.reports.size() != before; });
        EXPECT_TRUE(log.events.empty()) << log.events.front();
        return reports.reports.back();
    }
    template <typename Condition>
    void turn_until(Condition condition)
    {
        fixture.core.loop().restart();
        while (!condition()) fixture.core.loop().run_one();
    }
    void give(dispatch::Grant grant)
    {
        std::vector<dispatch::Grant> batch;
        batch.push_back(std::move(grant));
        service->grant(std::move(batch));
    }
    dispatch::GrantReport deliver(std::shared_ptr<spool::StoredMessage> message)
    {
        return deliver(grant_for({std::move(message)}));
    }

    void finish()
    {
        fixture.run(service->stop(fixture.in(std::chrono::seconds{1})));
        for (auto& peer : peers) {
            peer->close();
            fixture.run(peer->join());
        }
        service.reset();
    }

    const facts::Outcome& outcome(std::size_t part = 0)
    {
        return log.attempts.back().parts.at(part).outcome;
    }

    net::CoreFixture fixture;
    MemorySpool spool;
    MemoryResolver resolver;
    MemoryLog log;
    metrics::Metrics metrics;
    MemoryReports reports;
    IdSource ids{1, 1};
    outbound::DeliverySettings settings;
    objects::Snapshot::Contents contents;
    std::vector<std::unique_ptr<ScriptedPeer>> peers;
    std::unique_ptr<DeliveryService> service;
    std::uint64_t grants = 0;
};

}  // namespace hermetic::delivery
