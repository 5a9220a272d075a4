// What the peer of one grant does: whether it has been silent, since when, and whether it may have
// the whole message; and the end of the grant's attempt where others need its place.
//
// Not thread-safe: the core's. Silence is the time that an operation has waited for the peer to
// make progress, for a whole reply or handshake (or for DNS, while a connection is made); our own
// work is none.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "net/stream.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace hermetic::outbound {

class PeerWatch {
public:
    PeerWatch() = default;
    PeerWatch(const PeerWatch&) = delete;  // tokens point at it
    PeerWatch& operator=(const PeerWatch&) = delete;

    // While hosts are looked for and connected to: between two connections too.
    void begin_opening(Instant now) { opening_since_ = now; }
    void end_opening() { opening_since_.reset(); }
    // This stream, or this connect, is what it waits for, until the token is gone; one at a time.
    // The token does not outlive the watch.
    [[nodiscard]] std::shared_ptr<void> attach(net::Stream& stream);
    [[nodiscard]] std::shared_ptr<void> attach(net::Connecting& connecting,
                                               const IpAddress& address, Instant now);

    enum class Dot : std::uint8_t {
        Before,
        After,  // the final dot has been sent: the peer may have the message
    };
    void set_dot(Dot dot) { dot_ = dot; }
    [[nodiscard]] Dot dot() const { return dot_; }

    // nullopt: nobody is waited for.
    [[nodiscard]] std::optional<Instant> silent_since() const;
    // Who it is; nullopt: nobody yet. 0.0.0.0 behind a Unix socket.
    [[nodiscard]] const std::optional<IpAddress>& peer() const { return peer_; }

    // What it waits for ends now; nothing more is to be begun for this grant.
    void give_way();
    [[nodiscard]] bool has_given_way() const { return given_way_; }

private:
    net::Stream* stream_ = nullptr;
    net::Connecting* connecting_ = nullptr;
    std::optional<IpAddress> peer_;  // of these
    std::optional<Instant> opening_since_;
    Dot dot_ = Dot::Before;
    bool given_way_ = false;
};

}  // namespace hermetic::outbound
