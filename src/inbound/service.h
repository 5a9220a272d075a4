// Service: the inbound sessions of one core.
//
// Lives on its core's thread, like everything that it is called with; other threads post to the
// core. The acceptor admits a connection (Admission), then posts accept() to the least loaded core.
#pragma once

#include "inbound/admission.h"
#include "inbound/client_trust.h"
#include "inbound/listener.h"
#include "inbound/message_memory.h"
#include "net/acceptor.h"
#include "net/task.h"
#include "net/task_group.h"
#include "objects/snapshot.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace hermetic::observations {
class Observations;
}
namespace hermetic::events {
class Publisher;
}
namespace hermetic::metrics {
class Metrics;
}
namespace hermetic::spool {
class Spool;
}
namespace hermetic::tls {
class ServerContext;
}

namespace hermetic::inbound {

class BounceWatch;
class Session;
class SessionWatch;

// What sessions use; all of it outlives the service.
struct Environment {
    net::Core& core;
    spool::Spool& spool;
    events::Publisher& events;
    metrics::Metrics& metrics;
    Admission& admission;
    MessageMemory& memory;
    observations::Observations* observations = nullptr;  // null: nothing is observed
    BounceWatch* bounces = nullptr;                      // null: nobody waits for any
    SessionWatch* sessions = nullptr;                    // null: no guided test
};

class Service {
public:
    // `snapshot` is not null.
    Service(Environment environment, objects::SnapshotPointer snapshot);
    ~Service();  // after stop()

    // Transactions that have begun keep the snapshot, sessions in TLS their context.
    void set_snapshot(objects::SnapshotPointer snapshot);
    void set_client_trust(ClientTrustPointer trust) { client_trust_ = std::move(trust); }
    void set_tls(const std::string& listener, std::shared_ptr<const tls::ServerContext> context);

    void accept(net::Accepted accepted, ListenerPointer listener, Admission::Ticket ticket);

    // Idle sessions get 421 now, the others when their transaction ends, or after `grace`. Returns
    // when the last has ended. Nothing is accepted any more.
    [[nodiscard]] net::Task<> stop(Duration grace);

    // Others need the session's place; where it has ended meanwhile nothing is to do.
    void give_way(SessionId session);

    [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

    // Any thread: a connection is on its way to accept(). load() counts those and the sessions, for
    // the choice of the least loaded core.
    void expect() { load_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t load() const { return load_.load(std::memory_order_relaxed); }

    // For sessions.
    [[nodiscard]] const Environment& environment() const { return environment_; }
    [[nodiscard]] const objects::SnapshotPointer& snapshot() const { return snapshot_; }
    [[nodiscard]] std::shared_ptr<const tls::ServerContext> tls(const std::string& listener) const;
    // May be null: then no client certificate proves anything.
    [[nodiscard]] const ClientTrustPointer& client_trust() const { return client_trust_; }
    [[nodiscard]] bool stopping() const { return stopping_; }

private:
    static net::Task<> serve(Service& service, std::unique_ptr<Session> session);

    Environment environment_;
    objects::SnapshotPointer snapshot_;
    ClientTrustPointer client_trust_;
    std::unordered_map<std::string, std::shared_ptr<const tls::ServerContext>> tls_;
    std::unordered_set<Session*> sessions_;
    net::TaskGroup tasks_;
    std::atomic<std::size_t> load_ = 0;
    bool stopping_ = false;
};

// How a new connection counts: that of a trusted proxy is its clients', who are counted when it has
// named them.
[[nodiscard]] Admission::Count count_for(const Listener& listener, const IpAddress& peer);

// Tells a client that was not admitted why, without waiting, and closes. It has an id, in the
// reply and as an event. On the thread of `here`.
void turn_away(net::Accepted accepted, const Listener& listener, const smtp::RefusalKind& why,
               events::Publisher& events, net::Core& here);

}  // namespace hermetic::inbound
