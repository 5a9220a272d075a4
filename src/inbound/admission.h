// Admission: how many sessions, connections and messages there may be, in all and of each client.
//
// Thread-safe: the acceptor admits, sessions on all cores give back. One short lock a session, and
// one a message where messages per client are limited. IPv6 clients are counted by their /64: its
// owner has all addresses in it.
#pragma once

#include "config/node_options.h"
#include "core/ip.h"
#include "core/result.h"
#include "core/time.h"
#include "smtp/reply.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace hermetic::inbound {

class Admission {
public:
    // A place among the sessions, given back when it goes. May change threads, and outlive the
    // Admission.
    class Ticket;
    enum class Count : std::uint8_t {
        Client,     // in all, and among the sessions of its address
        TotalOnly,  // a proxy: its clients are counted when they are known
    };

    explicit Admission(const config::LimitOptions& limits);
    void set_limits(const config::LimitOptions& limits);

    // The refusal is limit.sessions, limit.sessions-per-client or limit.connections-per-client.
    [[nodiscard]] Result<Ticket, const smtp::RefusalKind*> admit(const IpAddress& client,
                                                                 Count count, Instant now);
    // Counts a message of this client; false above its limit per minute.
    [[nodiscard]] bool admit_message(const IpAddress& client, Instant now);
    [[nodiscard]] std::size_t sessions() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

class Admission::Ticket {
public:
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    // The client is another than was thought (PROXY, XCLIENT). Null, or the refusal: then nothing
    // has changed.
    [[nodiscard]] const smtp::RefusalKind* count_as(const IpAddress& client, Instant now);

private:
    friend class Admission;
    Ticket(std::shared_ptr<State> state, std::optional<IpAddress> client);
    void give_back();

    std::shared_ptr<State> state_;
    std::optional<IpAddress> counted_as_;
};

}  // namespace hermetic::inbound
