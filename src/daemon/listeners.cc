#include "daemon/listeners.h"

#include "core/text.h"
#include "daemon/worker.h"
#include "ledger/log.h"

namespace hermetic::daemon {
Listeners::Listeners(net::Core& main, std::vector<Worker*> workers, inbound::Admission& admission,
                     ledger::Log& log, metrics::Metrics& metrics)
    : main_{main},
      workers_{std::move(workers)},
      admission_{admission},
      log_{log},
      metrics_{metrics},
      tasks_{main}
{
}

Listeners::~Listeners() = default;

Result<void, std::string> Listeners::open(inbound::ListenerPointer listener)
{
    Open opened{listener, {}};
    for (const Endpoint& address : listener->options.addresses) {
        auto acceptor = net::Acceptor::listen(main_, address);
        if (!acceptor) return failure(listener->options.name + ": " + acceptor.error());
        opened.acceptors.push_back(std::move(*acceptor));
    }
    const std::string name = listener->options.name;
    for (const auto& acceptor : opened.acceptors) {
        log_.event(ledger::Level::Info, "listener.ready",
                   {{"listener", name}, {"address", acceptor->local().format()}});
        net::Acceptor::OnAccepted accepted = [this, name](net::Accepted connection) {
            on_accepted(name, std::move(connection));
        };
        net::Acceptor::OnTrouble trouble = [this, name](std::string what) {
            log_.event(ledger::Level::Error, "listener.trouble",
                       {{"listener", name}, {"what", what}});
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
    std::vector<std::string> networks;
    for (const Network& each : options.legacy_networks) networks.push_back(each.format());
    log_.event(ledger::Level::Warning, "listener.legacy",
               {{"listener", options.name},
                {"min_tls", std::string{facts::format_version(options.min_tls)}},
                {"networks", join(networks, ", ")}});
}

void Listeners::replace(const inbound::ListenerPointer& listener)
{
    const auto found = open_.find(listener->options.name);
    if (found != open_.end()) found->second.listener = listener;
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
    next_ = (next_ + 1) % workers_.size();
    Worker* best = workers_[next_];
    for (Worker* worker : workers_) {
        if (worker->inbound().load() < best->inbound().load()) best = worker;
    }
    return *best;
}

void Listeners::on_accepted(const std::string& name, net::Accepted accepted)
{
    const auto found = open_.find(name);
    if (found == open_.end()) return;
    const inbound::ListenerPointer& listener = found->second.listener;
    const IpAddress client = accepted.remote.address;
    auto ticket =
        admission_.admit(client, inbound::count_for(*listener, client), main_.clock().now());
    if (!ticket) {
        inbound::turn_away(std::move(accepted), *listener, *ticket.error(), metrics_,
                           main_.clock().wall());
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
