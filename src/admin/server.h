// An HTTP/1.1 server with one handler, at one place: a Unix socket that only its owner and group
// may use, or an address. Each role of the control API (api.h) has a server of its own.
//
// Lives on one core (main's). Bounded: connections, size of a request (large only by PUT, and few
// at once), time of a request's head and of each exchange. Incomplete requests keep no new client
// out (arrivals.h).
#pragma once

#include "admin/http.h"
#include "core/ip.h"
#include "core/result.h"
#include "net/task.h"

#include <functional>
#include <memory>
#include <string>

namespace hermetic::net {
class Core;
}

namespace hermetic::admin {

using Handler = std::function<net::Task<Response>(Request)>;

class Server {
public:
    Server(net::Core& core, Handler handler);
    ~Server();

    // Replaces a socket that nobody listens on any more. Mode 0660. The error is for people.
    [[nodiscard]] Result<void, std::string> listen(const std::string& path);
    // In clear, to whoever can connect.
    [[nodiscard]] Result<void, std::string> listen(const Endpoint& address);
    // Where it listens; of port 0 the one that the system chose. Only after listen(Endpoint).
    [[nodiscard]] Endpoint address() const;

    // Ends connections, removes the socket. Await it before destruction.
    [[nodiscard]] net::Task<> stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::admin
