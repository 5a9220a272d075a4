// A service on loopback and clients that talk to it, on one core. For tests only.
#pragma once

#include "inbound/bounce_watch.h"
#include "inbound/fake_spool.h"
#include "inbound/service.h"
#include "inbound/session_watch.h"
#include "ledger/log_fixture.h"
#include "metrics/event_counter.h"
#include "metrics/metrics.h"
#include "net/core_fixture.h"
#include "smtp/refusals.h"

#include <memory>
#include <string>
#include <string_view>

namespace hermetic::inbound {

// Talks and reads replies; a broken connection reads as "(closed)".
class TestClient {
public:
    explicit TestClient(std::unique_ptr<net::Stream> stream);
    ~TestClient();
    TestClient(const TestClient&) = delete;
    TestClient& operator=(const TestClient&) = delete;

    net::Stream& stream() { return *stream_; }

    net::Task<> send(std::string bytes);

    // The lines of one reply, joined by '|'.
    net::Task<std::string> reply();
    net::Task<std::string> say(std::string line);

private:
    std::unique_ptr<net::Stream> stream_;
};

// The reply of this refusal, by its public name; what follows is its mark.
void expect_refused(const std::string& reply, const smtp::RefusalKind& kind, std::string_view id);

class SessionFixture {
public:
    SessionFixture();
    ~SessionFixture();
    SessionFixture(const SessionFixture&) = delete;
    SessionFixture& operator=(const SessionFixture&) = delete;

    using Conversation = net::Task<> (*)(SessionFixture& fixture, TestClient& client);

    // Serves until `conversation` has ended, then stops.
    void run(Conversation conversation);

    [[nodiscard]] Environment environment();

    net::CoreFixture loop;
    FakeSpool spool;
    metrics::Metrics metrics;
    metrics::EventCounter counter{metrics};
    config::ListenerOptions options;
    config::LimitOptions limits;
    Admission admission{limits};
    MessageMemory memory{metrics, limits.memory};
    BounceWatch bounces;
    SessionWatch watched;
    ledger::MemoryLog log{{&counter, &bounces, &watched}};
    objects::SnapshotPointer snapshot;
    std::shared_ptr<const tls::ServerContext> tls;
    ClientTrustPointer trust;
    std::unique_ptr<Service> service;
    ListenerPointer listener;
    Endpoint address;

private:
    static net::Task<> serve(SessionFixture& self, Conversation conversation);

    void on_accepted(net::Accepted accepted);
};

}  // namespace hermetic::inbound
