// A delivery service with a spool, a resolver and a log in memory, on one core. For tests only.
#pragma once

#include "delivery/service.h"
#include "dns/resolver_fixture.h"
#include "ledger/log_fixture.h"
#include "metrics/event_counter.h"
#include "metrics/metrics.h"
#include "net/core_fixture.h"
#include "outbound/peer_fixture.h"
#include "routing/route.h"
#include "spool/spool.h"
#include "tls/pki_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::delivery {

using outbound::PeerScript;
using outbound::ScriptedPeer;

// Keeps what is recorded; bodies "in files" are in memory too.
class MemorySpool final : public spool::Spool {
public:
    MemorySpool();
    ~MemorySpool() override;
    void commit(std::vector<std::shared_ptr<const spool::StoredMessage>>,
                spool::CommitOperation& done) override;
    void record(spool::Change change, spool::CommitOperation*) override;
    [[nodiscard]] std::uint64_t epoch() const override { return 1; }
    [[nodiscard]] std::vector<spool::Claimed> claim(std::size_t, std::optional<MessageId>) override;
    void renew(std::span<const spool::Lease>) override {}
    void load(MessageId id, spool::LoadOperation& done) override;
    [[nodiscard]] std::unique_ptr<spool::BodyWriter> write_body(BodyId, std::string) override
    {
        return nullptr;
    }
    [[nodiscard]] std::unique_ptr<spool::BodyReader> open_body(const spool::Body& body) override;
    [[nodiscard]] std::size_t body_file_threshold() const override { return 1U << 18; }
    [[nodiscard]] spool::Pressure pressure() const override { return spool::Pressure::None; }
    [[nodiscard]] spool::SpoolStatus status() const override { return {}; }
    void close() override {}

    std::vector<spool::Change> changes;
    std::map<MessageId, std::shared_ptr<const spool::StoredMessage>> stored;
    std::map<BodyId, std::string> files;

private:
    class Reader;
};

using dns::MemoryResolver;
using ledger::MemoryLog;

class MemoryReports final : public dispatch::GrantReports {
public:
    MemoryReports();
    ~MemoryReports();
    void ended(std::vector<dispatch::GrantReport> batch) override;
    void peers_changed(std::vector<queue::PeerChanged> batch) override;
    std::vector<dispatch::GrantReport> reports;
    std::vector<queue::PeerChanged> peers;
};

[[nodiscard]] mail::Mailbox test_mailbox(std::string_view text);

class DeliveryTest : public testing::Test {
public:
    DeliveryTest();
    ~DeliveryTest() override;

    // One MX host for the domain, at 127.0.0.1 and the peer's port.
    ScriptedPeer& peer_for(const std::string& domain, PeerScript script);
    // A configured next hop for the domain.
    void next_hop_for(const std::string& domain, std::vector<objects::NextHopHost> hosts);
    objects::NextHopHost host_of(const ScriptedPeer& peer);

    // Nobody listens there.
    std::uint16_t closed_port();

    std::shared_ptr<spool::StoredMessage> make_message(
        std::vector<std::string> recipients, std::string body = "Subject: x\r\n\r\nhi\r\n");

    // The same, asking for this of every hop.
    static std::shared_ptr<spool::StoredMessage> wishing(
        std::shared_ptr<spool::StoredMessage> message, mail::TlsRequests requests);

    dispatch::Grant grant_for(std::vector<std::shared_ptr<spool::StoredMessage>> messages);

    void begin();
    dispatch::GrantReport deliver(dispatch::Grant grant);
    void turn_until(const std::function<bool()>& condition);
    void give(dispatch::Grant grant);
    dispatch::GrantReport deliver(std::shared_ptr<spool::StoredMessage> message);

    void finish();

    const facts::Outcome& outcome(std::size_t part = 0);

    net::CoreFixture fixture;
    MemorySpool spool;
    MemoryResolver resolver;
    metrics::Metrics metrics;
    metrics::EventCounter counter{metrics};
    MemoryLog log{{&counter}};
    MemoryReports reports;
    std::shared_ptr<outbound::HostMemory> host_memory = std::make_shared<outbound::HostMemory>();
    IdSource ids{1, 1};
    outbound::DeliverySettings settings;
    objects::Snapshot::Contents contents;
    std::vector<std::unique_ptr<ScriptedPeer>> peers;
    std::unique_ptr<DeliveryService> service;
    std::uint64_t grants = 0;
};

}  // namespace hermetic::delivery
