// One accepted connection as a stream of octets, plain or TLS, that ends by a deadline.
//
// Written for the lab alone, over OpenSSL's memory BIOs, and deliberately not with net/: a partner
// that shared code with the server under test would share its errors. Private header: Asio types.
// One thread. Every wait ends when the deadline passes or abort() is called.
#pragma once

#include "core/result.h"
#include "lab/tls_server.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::lab {

template <typename T>
using Task = boost::asio::awaitable<T>;

enum class ChannelError { Closed, Reset, TimedOut, Stopped, LineTooLong, TlsBroken };

[[nodiscard]] const char* describe(ChannelError error);

// How an attempt to speak TLS ended. `session` is set only where it was done.
struct HandshakeReport {
    std::optional<ClientHello> hello;
    std::optional<TlsSession> session;
    std::string error;
};

class Channel : public std::enable_shared_from_this<Channel> {
public:
    explicit Channel(boost::asio::ip::tcp::socket socket);

    // Starts the clock: after `at_most` everything fails with TimedOut.
    void limit_life(std::chrono::milliseconds at_most);

    // The next line without its CRLF. Only CRLF ends a line; a lone CR or LF is part of it.
    [[nodiscard]] Task<Result<std::string, ChannelError>> read_line(std::size_t limit);

    // What has come, at least one octet and at most `limit`.
    [[nodiscard]] Task<Result<std::string, ChannelError>> read_some(std::size_t limit);

    [[nodiscard]] Task<Result<void, ChannelError>> write(std::string octets);

    // Puts octets that read_some() returned before what comes next.
    void unread(std::string octets);

    // Speaks TLS from here on, or acts out `fault` and closes. Nothing buffered survives.
    [[nodiscard]] Task<HandshakeReport> accept_tls(const TlsServer& server, HandshakeFault fault);

    [[nodiscard]] Task<void> pause(std::chrono::milliseconds time);

    // Reads and drops until the client closes; false: the deadline came first.
    [[nodiscard]] Task<ChannelError> wait_for_end();

    [[nodiscard]] std::size_t buffered() const { return in_.size(); }
    [[nodiscard]] bool is_tls() const { return tls_established_; }

    void close();                    // orderly: close_notify, FIN
    void reset();                    // RST
    void abort(ChannelError cause);  // wakes every wait with `cause`

private:
    using Error = boost::system::error_code;

    Task<Result<void, ChannelError>> read_more();
    Task<Result<void, ChannelError>> read_socket();
    Task<Result<void, ChannelError>> write_socket(std::string octets);
    Task<Result<void, ChannelError>> flush_tls();
    Task<HandshakeReport> shake_hands(HandshakeFault fault);
    Task<std::string> act_out(HandshakeAct act);
    [[nodiscard]] std::string take_tls_output();
    [[nodiscard]] ChannelError cause_of(const Error& error) const;

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer deadline_;
    boost::asio::steady_timer pause_;
    std::optional<ChannelError> aborted_;
    std::string in_;
    std::vector<char> scratch_;
    HelloCapture capture_;
    SslPtr ssl_;
    bool tls_established_ = false;
};

}  // namespace hermetic::lab
