#include "daemon/listeners.h"

#include "core/text.h"
#include "daemon/cores.h"
#include "daemon/grace.h"
#include "daemon/reload_plan.h"
#include "daemon/services_part.h"
#include "events/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hermetic::daemon {

bool lacks_ipv6(const Endpoint& address, int code)
{
    const bool every = address.address.is_v6() && address.address.is_unspecified();
    return every && (code == EAFNOSUPPORT || code == EPROTONOSUPPORT || code == EADDRNOTAVAIL);
}

Listeners::Listeners(net::Core& main, events::Publisher& events, const config::NodeOptions& options,
                     Cores& cores, ServicesPart& services, std::string file)
    : main_{main},
      events_{events},
      options_{options},
      cores_{cores},
      services_{services},
      file_{std::move(file)},
      tasks_{main}
{
}

Listeners::~Listeners() = default;

Result<void, std::string> Listeners::start()
{
    for (const config::ListenerOptions& each : options_.listeners) {
        auto opened = open(inbound::make_listener(each, options_.hostname, options_.limits));
        if (opened) continue;
        close_all();
        return opened;
    }
    tell_addresses();  // now the ports that the system chose are known
    return {};
}

// A listener that moves opens under its own name only after its old sockets are closed.
Result<void, std::string> Listeners::prepare(const ReloadPlan& plan)
{
    std::vector<std::string> opened;
    for (const config::ListenerOptions& each : plan.listeners_to_open) {
        close(each.name);
        auto done = open(inbound::make_listener(each, options_.hostname, plan.options.limits));
        if (done) {
            opened.push_back(each.name);
            continue;
        }
        for (const std::string& name : opened) close(name);
        reopen_missing();
        return done;
    }
    for (const std::string& name : plan.listeners_to_close) {
        if (std::find(opened.begin(), opened.end(), name) == opened.end()) close(name);
    }
    return {};
}

// After a failed move: what the configuration in force has.
void Listeners::reopen_missing()
{
    for (const config::ListenerOptions& each : options_.listeners) {
        if (open_.contains(each.name)) continue;
        (void)open(inbound::make_listener(each, options_.hostname, options_.limits));
    }
}

Result<void, std::string> Listeners::reload()
{
    for (const config::ListenerOptions& each : options_.listeners) {
        const auto found = open_.find(each.name);
        if (found != open_.end())
            found->second.listener =
                inbound::make_listener(each, options_.hostname, options_.limits);
    }
    tell_addresses();
    return {};
}

void Listeners::tell_addresses()
{
    std::vector<Endpoint> own;
    for (const auto& each : bound()) own.push_back(each.address);
    services_.set_listening(std::move(own));
}

net::Task<> Listeners::end_sessions()
{
    if (open_.empty()) co_return;
    std::function<net::Task<>(Worker&)> end = [](Worker& worker) {
        return worker.inbound().stop(kGrace);
    };
    co_await cores_.run_on_all(std::move(end));
}

net::Task<> Listeners::stop()
{
    close_all();
    tasks_.close();
    co_await tasks_.join();
}

Result<void, std::string> Listeners::open(inbound::ListenerPointer listener)
{
    Open opened{listener, {}};
    for (const Endpoint& address : listener->options.addresses) {
        auto acceptor = net::Acceptor::listen(main_, address);
        if (!acceptor && lacks_ipv6(address, acceptor.error().code)) {
            events_.publish(events::ListenerWithoutIpv6{listener->options.name, address,
                                                        acceptor.error().words});
            continue;
        }
        if (!acceptor)
            return failure(fmt::format("{}: listener \"{}\".addresses: {}", file_,
                                       listener->options.name, acceptor.error().words));
        opened.acceptors.push_back(std::move(*acceptor));
    }
    const std::string name = listener->options.name;
    for (const auto& acceptor : opened.acceptors) {
        events_.publish(events::ListenerReady{name, acceptor->local()});
        net::Acceptor::OnAccepted accepted = [this, name](net::Accepted connection) {
            on_accepted(name, std::move(connection));
        };
        net::Acceptor::OnTrouble trouble = [this, name](std::string what) {
            events_.publish(events::ListenerTrouble{name, std::move(what)});
        };
        tasks_.spawn(acceptor->run(std::move(accepted), std::move(trouble)));
    }
    report_legacy(listener->options);
    open_[name] = std::move(opened);
    return {};
}

// Weak TLS is nobody's secret (specification §2.1).
void Listeners::report_legacy(const config::ListenerOptions& options)
{
    if (!options.is_legacy()) return;
    events_.publish(events::ListenerLegacy{options.name, options.min_tls, options.legacy_networks});
}

void Listeners::close(const std::string& name)
{
    const auto found = open_.find(name);
    if (found == open_.end()) return;
    for (auto& acceptor : found->second.acceptors) {
        acceptor->close();
        closed_.push_back(std::move(acceptor));
    }
    open_.erase(found);
}

void Listeners::close_all()
{
    while (!open_.empty()) close(open_.begin()->first);
}

std::vector<Listeners::Bound> Listeners::bound() const
{
    std::vector<Bound> bound;
    for (const auto& [name, open] : open_) {
        for (const auto& acceptor : open.acceptors)
            bound.push_back({open.listener, acceptor->local()});
    }
    return bound;
}

Worker& Listeners::least_loaded()
{
    // Ties go round, so that a first burst spreads too.
    const auto& workers = cores_.all();
    next_ = (next_ + 1) % workers.size();
    Worker* best = workers[next_].get();
    for (const auto& worker : workers) {
        if (worker->inbound().load() < best->inbound().load()) best = worker.get();
    }
    return *best;
}

void Listeners::on_accepted(const std::string& name, net::Accepted accepted)
{
    const auto found = open_.find(name);
    if (found == open_.end()) return;
    const inbound::ListenerPointer& listener = found->second.listener;
    const IpAddress client = accepted.remote.address;
    auto ticket = services_.admission().admit(client, inbound::count_for(*listener, client),
                                              services_.rates_for(client), main_.clock().now());
    if (!ticket) {
        inbound::turn_away(std::move(accepted), *listener, *ticket.error(), events_, main_);
        return;
    }
    hand_over(least_loaded(), std::move(accepted), listener, std::move(*ticket));
}

void Listeners::hand_over(Worker& worker, net::Accepted accepted, inbound::ListenerPointer listener,
                          inbound::Admission::Ticket ticket)
{
    struct Handover {
        net::Accepted accepted;
        inbound::ListenerPointer listener;
        inbound::Admission::Ticket ticket;
    };
    // A std::function holds only what can be copied.
    const auto handover = std::make_shared<Handover>(
        Handover{std::move(accepted), std::move(listener), std::move(ticket)});
    inbound::Service& service = worker.inbound();
    service.expect();
    worker.core().post([&service, handover] {
        service.accept(std::move(handover->accepted), std::move(handover->listener),
                       std::move(handover->ticket));
    });
}

}  // namespace hermetic::daemon
