// Admission: how many sessions, connections, messages and refused recipients there may be, in all
// and of each client, and which sessions give way where there are too many.
//
// Thread-safe: the acceptor admits, sessions on all cores give back. One short lock a session, and
// one for each message and refused recipient of a client whose rates are limited. IPv6 clients are
// counted by their /64: its owner has all addresses in it. Specification §2.2.
#pragma once

#include "config/node_options.h"
#include "core/ip.h"
#include "core/result.h"
#include "core/time.h"
#include "objects/snapshot.h"
#include "smtp/reply.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace hermetic::inbound {

// Whether limits of rate (connections, messages, refused recipients) are for a client.
enum class Rates : std::uint8_t { Limited, Exempt };

class Admission {
public:
    // A place among the sessions, given back when it goes. May change threads, and outlive the
    // Admission.
    class Ticket;
    enum class Count : std::uint8_t {
        Client,     // in all, and among the sessions of its address
        TotalOnly,  // a proxy: its clients are counted when they are known
    };
    // A session that waits for its client shorter than this gives way to nobody.
    static constexpr Duration kLeastIdle = std::chrono::seconds{10};

    explicit Admission(const config::LimitOptions& limits);
    void set_limits(const config::LimitOptions& limits);

    // The refusal is limit.sessions, limit.sessions-per-client or limit.connections-per-client.
    // Where the places run out, the longest idle sessions of the clients that hold most are told to
    // give way, and their places count as free.
    [[nodiscard]] Result<Ticket, const smtp::RefusalKind*> admit(const IpAddress& client,
                                                                 Count count, Rates rates,
                                                                 Instant now);
    // Counts a message of this client; false above its limit per minute.
    [[nodiscard]] bool admit_message(const IpAddress& client, Instant now);
    // Whether as many of its recipients as may be have been refused within the hour.
    [[nodiscard]] bool has_harvested(const IpAddress& client, Instant now);
    void note_refused_recipient(const IpAddress& client, Instant now);
    [[nodiscard]] std::size_t sessions() const;

private:
    struct Entry;
    struct State;
    std::shared_ptr<State> state_;
};

class Admission::Ticket {
public:
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    // The client is another than was thought (PROXY, XCLIENT). Null, or the refusal: then nothing
    // has changed.
    [[nodiscard]] const smtp::RefusalKind* count_as(const IpAddress& client, Rates rates,
                                                    Instant now);

    // `give_way` is called at most once, on any thread, and must not wait. The session has a second
    // owner of its place from then on: it ends soon.
    void on_give_way(std::function<void()> give_way);
    // From now on the session waits for its client; or it works, and nobody takes its place. Of the
    // session's thread; no lock.
    void waits(Instant now);
    void works();

private:
    friend class Admission;
    Ticket(std::shared_ptr<State> state, std::shared_ptr<Entry> entry);
    void give_back();

    std::shared_ptr<State> state_;
    std::shared_ptr<Entry> entry_;
};

// The address that a client is counted by.
[[nodiscard]] IpAddress counted_address(const IpAddress& client);

// Loopback, and networks of connectors that grant, are not limited in rate (specification §2.2).
[[nodiscard]] Rates rates_for(const objects::Snapshot& snapshot, const IpAddress& client);

}  // namespace hermetic::inbound
