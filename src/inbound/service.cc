#include "inbound/service.h"

#include "core/assert.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "inbound/session.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "net/stream.h"
#include "smtp/refusals.h"

#include <sys/socket.h>

namespace hermetic::inbound {
namespace {

constexpr Duration kCheckInterval = std::chrono::milliseconds{50};

}  // namespace

Service::Service(Environment environment, objects::SnapshotPointer snapshot)
    : environment_{environment},
      snapshot_{std::move(snapshot)},
      tasks_{environment.core, [&events = environment.events](std::string_view what) {
                 events.publish(events::Escaped{events::Escaped::From::Session, std::string{what}});
             }}
{
    HERMETIC_ASSERT(snapshot_ != nullptr);
}

Service::~Service() = default;

void Service::set_snapshot(objects::SnapshotPointer snapshot)
{
    HERMETIC_ASSERT(snapshot != nullptr);
    snapshot_ = std::move(snapshot);
}

void Service::set_tls(const std::string& listener,
                      std::shared_ptr<const tls::ServerContext> context)
{
    tls_[listener] = std::move(context);
}

std::shared_ptr<const tls::ServerContext> Service::tls(const std::string& listener) const
{
    const auto found = tls_.find(listener);
    return found == tls_.end() ? nullptr : found->second;
}

void Service::accept(net::Accepted accepted, ListenerPointer listener, Admission::Ticket ticket)
{
    if (stopping_) {
        turn_away(std::move(accepted), *listener, smtp::refusal::kSessionStopping,
                  environment_.events, environment_.core);
        load_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto stream = net::adopt(environment_.core, std::move(accepted));
    if (!stream) {  // the peer has gone meanwhile
        load_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto session = std::make_unique<Session>(*this, std::move(*stream), std::move(listener),
                                             std::move(ticket));
    tasks_.spawn(serve(*this, std::move(session)));
}

net::Task<> Service::serve(Service& service, std::unique_ptr<Session> session)
{
    service.sessions_.insert(session.get());
    // Also where an exception ends the session.
    struct Leave {
        Service& service;
        Session* session;
        ~Leave()
        {
            service.sessions_.erase(session);
            service.load_.fetch_sub(1, std::memory_order_relaxed);
        }
    };
    const Leave leave{service, session.get()};
    co_await session->run();
}

void Service::give_way(SessionId session)
{
    for (Session* each : sessions_) {
        if (each->id() == session) return each->give_way();
    }
}

net::Task<> Service::stop(Duration grace)
{
    stopping_ = true;
    tasks_.close();
    for (Session* session : sessions_) session->on_stopping();
    const Instant deadline = environment_.core.clock().now() + grace;
    while (tasks_.size() != 0 && environment_.core.clock().now() < deadline) {
        const Instant next = environment_.core.clock().now() + kCheckInterval;
        if (co_await net::sleep_until(environment_.core, next) == net::Woken::Cancelled) break;
    }
    for (Session* session : sessions_) session->cut();
    co_await tasks_.join();
}

Admission::Count count_for(const Listener& listener, const IpAddress& peer)
{
    for (const auto* networks :
         {&listener.options.proxy_networks, &listener.options.xclient_networks}) {
        for (const Network& network : *networks) {
            if (network.contains(peer)) return Admission::Count::TotalOnly;
        }
    }
    return Admission::Count::Client;
}

void turn_away(net::Accepted accepted, const Listener& listener, const smtp::RefusalKind& why,
               events::Publisher& events, net::Core& here)
{
    const SessionId session = here.ids().next_session();
    events.publish(
        events::ClientTurnedAway{session, listener.options.name, accepted.remote, why.reason});
    if (listener.options.tls == config::ListenerTls::Implicit) return;  // it would expect TLS
    std::string line;
    smtp::append_refusal(line, why, {}, {listener.smtp.hostname, here.clock().wall(), session});
    // A new socket's buffer takes a line; if not, the client sees the connection closed.
    (void)::send(accepted.descriptor.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)::shutdown(accepted.descriptor.get(), SHUT_WR);
}

}  // namespace hermetic::inbound
