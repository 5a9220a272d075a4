// The inside of net::Stream. Private to net/.
#pragma once

#include "net/core.h"
#include "net/deadline_wheel.h"
#include "net/read_buffer.h"
#include "net/stream.h"
#include "tls/connection.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

namespace hermetic::net {

struct Stream::Impl final : Deadline {
    // TCP and Unix-domain alike.
    using AnySocket =
        boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;
    using Wait = boost::asio::socket_base::wait_type;

    Impl(Core& its_core, AnySocket its_socket);
    ~Impl() override;

    void on_expired() override;
    void on_cancelled() override;

    // Why no operation may go on: stopping, closed, deadline.
    [[nodiscard]] std::optional<StreamError> interrupted() const;
    [[nodiscard]] StreamError tls_error() const;

    // One read or write without waiting.
    [[nodiscard]] tls::Io try_fill();
    // Neither octets nor an end, in the socket or with OpenSSL. Cheap: needs no buffer, and asks
    // OpenSSL only for what it holds.
    [[nodiscard]] bool has_nothing_to_read();
    [[nodiscard]] tls::Io try_write(std::string_view bytes);
    // Waits for the socket.
    [[nodiscard]] Task<Result<void, StreamError>> wait(Wait what);
    // At least one more octet in `in`.
    [[nodiscard]] Task<Result<void, StreamError>> fill();
    // Lets others run when this stream has had its share of the core.
    [[nodiscard]] bool is_over_share(std::size_t octets);
    [[nodiscard]] Task<> yield();
    [[nodiscard]] Task<Result<facts::TlsEvidence, facts::TlsFailure>> shake_hands();
    // What a progress other than Done and Want… means.
    [[nodiscard]] StreamError error_of(const tls::Io& io) const;
    void close();
    void learn_endpoints();

    Core& core;
    AnySocket socket;
    ReadBuffer in;
    std::unique_ptr<tls::Connection> tls;
    Endpoint remote;
    Endpoint local;
    std::optional<StreamError> dead;       // what ended it for good
    std::optional<Instant> waiting_since;  // for the peer's progress; none: not yet
    bool waiting = false;                  // for the socket, now
    std::size_t spent = 0;                 // of this turn
    // The last read took all there was: another would find nothing, and waiting says so for the
    // same price (a wait arms the socket anew, so what came meanwhile wakes it at once).
    bool drained = false;
    bool skipping = false;  // the rest of a line that is too long
    std::string long_line_start;
    void note_long_line(std::string_view text) { long_line_start = text.substr(0, 8); }
    bool expired = false;
    bool cancelled = false;
    bool closed = false;
    bool unix_domain = false;
};

}  // namespace hermetic::net
