// Requests that are arriving: when one is late, and which gives its place to a new client.
//
// Lives on one core. Who sends half a request and stops has one place for a bounded time, and
// however many do so keep nobody else out. A request that is there as a whole is no longer here:
// whoever is being answered keeps the connection.
#pragma once

#include "core/time.h"
#include "net/deadline_wheel.h"

#include <functional>
#include <vector>

namespace hermetic::net {
class Core;
}

namespace hermetic::admin {

class Arrival;

class Arrivals {
public:
    // From the first octet of a request to the end of its head.
    static constexpr std::chrono::seconds kHead{5};

    explicit Arrivals(net::Core& core);
    Arrivals(const Arrivals&) = delete;
    Arrivals& operator=(const Arrivals&) = delete;

    // Ends the request that has been incomplete longest; where none has begun, the connection that
    // has been silent longest. False: there is neither.
    [[nodiscard]] bool give_way();

private:
    friend class Arrival;
    void forget(const Arrival& arrival);

    net::Core& core_;
    std::vector<Arrival*> silent_;  // nothing of a request has come; the oldest first
    std::vector<Arrival*> begun_;   // the oldest first
};

// From when a connection waits for a request until all of it is there.
class Arrival final : public net::Deadline {
public:
    // `stop_reading` makes the connection end for its reader, now and from now on; called at most
    // once, and destroys nothing.
    Arrival(Arrivals& all, std::function<void()> stop_reading);
    ~Arrival() override;

    void on_first_octet();
    void on_head();  // it is complete, or will not be: from here on the caller bounds the time
    // It was ended, and what its reader has is not all.
    [[nodiscard]] bool is_late() const { return late_; }

    void on_expired() override { end(); }
    void on_cancelled() override {}  // stopping is the server's business

private:
    friend class Arrivals;
    void end();

    Arrivals& all_;
    std::function<void()> stop_reading_;
    bool late_ = false;
};

}  // namespace hermetic::admin
