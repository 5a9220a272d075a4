// The listening sockets: who may come in, and which core gets the connection.
//
// Main's thread only. At a stop the sessions are told first: until they have ended the ports
// answer, with 421.
#pragma once

#include "config/node_options.h"
#include "core/result.h"
#include "daemon/ready.h"
#include "daemon/subsystem.h"
#include "inbound/admission.h"
#include "inbound/listener.h"
#include "net/acceptor.h"
#include "net/task_group.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

class Cores;
class ServicesPart;
class Worker;

// Whether a listener at [::] failed with this errno because the machine has no IPv6: a
// configuration that is right elsewhere, which the other addresses serve. An address that is given
// whole must be there.
[[nodiscard]] bool lacks_ipv6(const Endpoint& address, int code);

class Listeners final : public Subsystem {
public:
    // All of it outlives this; `file` is the configuration's, for people.
    Listeners(net::Core& main, events::Publisher& events, const config::NodeOptions& options,
              Cores& cores, ServicesPart& services, std::string file);
    ~Listeners() override;

    [[nodiscard]] Result<void, std::string> start() override;
    // New sockets first: one that cannot be had leaves everything as it is.
    [[nodiscard]] Result<void, std::string> prepare(const ReloadPlan& plan) override;
    // New settings for connections to come; the sockets stay.
    [[nodiscard]] Result<void, std::string> reload() override;
    [[nodiscard]] net::Task<> stop() override;
    // Before a stop: sessions are told and end, or are cut after the grace time; until then the
    // ports answer, with 421. Nothing where it has not started.
    [[nodiscard]] net::Task<> end_sessions();

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

    // All addresses, or none: the error names the one that could not be had.
    [[nodiscard]] Result<void, std::string> open(inbound::ListenerPointer listener);
    void close(const std::string& name);
    void close_all();
    void reopen_missing();
    void tell_addresses();
    void report_legacy(const config::ListenerOptions& options);
    void on_accepted(const std::string& name, net::Accepted accepted);
    [[nodiscard]] Worker& least_loaded();
    void hand_over(Worker& worker, net::Accepted accepted, inbound::ListenerPointer listener,
                   inbound::Admission::Ticket ticket);

    net::Core& main_;
    events::Publisher& events_;
    const config::NodeOptions& options_;
    Cores& cores_;
    ServicesPart& services_;
    std::string file_;
    net::TaskGroup tasks_;
    std::map<std::string, Open> open_;
    std::vector<std::unique_ptr<net::Acceptor>> closed_;  // until their run() has ended
    std::size_t next_ = 0;
};

}  // namespace hermetic::daemon
