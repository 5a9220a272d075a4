// Answers an order's challenges at the configured addresses, and listens there only as long as it
// exists: nothing of this server is at port 80 or 443 otherwise.
//
// Lives on one core.
#pragma once

#include "acme/challenges.h"
#include "core/ip.h"
#include "core/result.h"
#include "net/acceptor.h"
#include "net/task.h"
#include "net/task_group.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::acme {

class Responder {
public:
    // The error is for people. `challenges` outlives it.
    [[nodiscard]] static Result<std::unique_ptr<Responder>, std::string> start(
        net::Core& core, Challenge challenge, const std::vector<Endpoint>& at,
        const Challenges& challenges);
    // Before it goes.
    [[nodiscard]] net::Task<> stop();
    [[nodiscard]] std::vector<Endpoint> bound() const;

private:
    Responder(net::Core& core, Challenge challenge, const Challenges& challenges);
    void take(net::Accepted accepted);
    net::Task<> serve(std::unique_ptr<net::Stream> stream);
    net::Task<> serve_http(net::Stream& stream);
    net::Task<> serve_tls(net::Stream& stream);

    net::Core& core_;
    Challenge challenge_;
    const Challenges& challenges_;
    net::TaskGroup tasks_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    int serving_ = 0;
};

}  // namespace hermetic::acme
