// The listening sockets: who may come in, and which core gets the connection.
//
// Main's thread only.
#pragma once

#include "core/result.h"
#include "daemon/ready.h"
#include "inbound/admission.h"
#include "inbound/listener.h"
#include "net/acceptor.h"
#include "net/task_group.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::ledger {
class Log;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class Worker;

class Listeners {
public:
    // All of it outlives this.
    Listeners(net::Core& main, std::vector<Worker*> workers, inbound::Admission& admission,
              ledger::Log& log, metrics::Metrics& metrics);
    ~Listeners();

    // All addresses, or none: the error names the one that could not be had.
    [[nodiscard]] Result<void, std::string> open(inbound::ListenerPointer listener);
    // New settings for connections to come; the sockets stay.
    void replace(const inbound::ListenerPointer& listener);
    void close(const std::string& name);
    void close_all();

    struct Bound {
        inbound::ListenerPointer listener;
        Endpoint address;
    };
    [[nodiscard]] std::vector<Bound> bound() const;

private:
    struct Open {
        inbound::ListenerPointer listener;
        std::vector<std::unique_ptr<net::Acceptor>> acceptors;
    };

    void report_legacy(const config::ListenerOptions& options);
    void on_accepted(const std::string& name, net::Accepted accepted);
    [[nodiscard]] Worker& least_loaded();
    void hand_over(Worker& worker, net::Accepted accepted, inbound::ListenerPointer listener,
                   inbound::Admission::Ticket ticket);

    net::Core& main_;
    std::vector<Worker*> workers_;
    inbound::Admission& admission_;
    ledger::Log& log_;
    metrics::Metrics& metrics_;
    net::TaskGroup tasks_;
    std::map<std::string, Open> open_;
    std::vector<std::unique_ptr<net::Acceptor>> closed_;  // until their run() has ended
    std::size_t next_ = 0;
};

}  // namespace hermetic::daemon
