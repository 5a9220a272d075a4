#include "lab/channel.h"

#include "core/assert.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>

#include <algorithm>

namespace hermetic::lab {
namespace {

namespace asio = boost::asio;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadSize = 16 * 1024;

// Fatal alerts in a TLS 1.0 record, which every version understands (RFC 8446 §6, §5.1).
const std::string kProtocolVersionAlert{"\x15\x03\x01\x00\x02\x02\x46", 7};
const std::string kHandshakeFailureAlert{"\x15\x03\x01\x00\x02\x02\x28", 7};
// A handshake record that claims to be a ServerHello and is not.
const std::string kGarbageServerHello =
    std::string{"\x16\x03\x03\x00\x24\x02\x00\x00\x20", 9} + std::string(32, '\x5a');

}  // namespace

const char* describe(ChannelError error)
{
    switch (error) {
    case ChannelError::Closed:
        return "closed by client";
    case ChannelError::Reset:
        return "reset by client";
    case ChannelError::TimedOut:
        return "timed out";
    case ChannelError::Stopped:
        return "lab stopped";
    case ChannelError::LineTooLong:
        return "line too long";
    case ChannelError::TlsBroken:
        return "TLS broken";
    }
    unreachable("every ChannelError is named above");
}

Channel::Channel(asio::ip::tcp::socket socket)
    : socket_{std::move(socket)},
      deadline_{socket_.get_executor()},
      pause_{socket_.get_executor()},
      scratch_(kReadSize)
{
    Error ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
}

void Channel::limit_life(std::chrono::milliseconds at_most)
{
    deadline_.expires_after(at_most);
    deadline_.async_wait([weak = weak_from_this()](const Error& error) {
        const auto channel = weak.lock();
        if (!error && channel) channel->abort(ChannelError::TimedOut);
    });
}

Task<Result<std::string, ChannelError>> Channel::read_line(std::size_t limit)
{
    for (;;) {
        const auto end = in_.find("\r\n");
        if (end != std::string::npos && end <= limit) {
            std::string line = in_.substr(0, end);
            in_.erase(0, end + 2);
            co_return line;
        }
        if (in_.size() > limit) co_return failure(ChannelError::LineTooLong);
        const auto more = co_await read_more();
        if (!more) co_return failure(more.error());
    }
}

Task<Result<std::string, ChannelError>> Channel::read_some(std::size_t limit)
{
    if (in_.empty()) {
        const auto more = co_await read_more();
        if (!more) co_return failure(more.error());
    }
    std::string octets = in_.substr(0, limit);
    in_.erase(0, octets.size());
    co_return octets;
}

Task<Result<void, ChannelError>> Channel::write(std::string octets)
{
    if (!ssl_) {
        const auto written = co_await write_socket(std::move(octets));
        co_return written;
    }
    ERR_clear_error();
    const int length = static_cast<int>(octets.size());
    // A memory BIO takes everything at once, so that less means a broken session.
    if (length > 0 && SSL_write(ssl_.get(), octets.data(), length) != length) {
        co_return failure(ChannelError::TlsBroken);
    }
    const auto flushed = co_await flush_tls();
    co_return flushed;
}

void Channel::unread(std::string octets)
{
    in_.insert(0, octets);
}

Task<HandshakeReport> Channel::accept_tls(const TlsServer& server, HandshakeFault fault)
{
    in_.clear();
    if (fault.act == HandshakeAct::CloseBeforeClientHello) {
        close();
        HandshakeReport report;
        report.error = "closed by partner before the ClientHello";
        co_return report;
    }
    ssl_ = server.accept(capture_);
    HandshakeReport report = co_await shake_hands(fault);
    if (report.session) {
        tls_established_ = true;
    } else {
        close();
    }
    co_return report;
}

Task<HandshakeReport> Channel::shake_hands(HandshakeFault fault)
{
    HandshakeReport report;
    bool cut_flight = false;
    for (;;) {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_.get());
        if (done == 1) {
            const auto flushed = co_await flush_tls();
            if (flushed) report.session = describe_session(*ssl_);
            if (!flushed) report.error = describe(flushed.error());
            co_return report;
        }
        const int state = SSL_get_error(ssl_.get(), done);
        if (state == SSL_ERROR_WANT_CLIENT_HELLO_CB) {
            report.hello = capture_.hello;
            if (!concerns(fault, *report.hello)) continue;
            cut_flight = fault.act == HandshakeAct::CloseInServerFlight;
            if (cut_flight) continue;
            report.error = co_await act_out(fault.act);
            co_return report;
        }
        if (state != SSL_ERROR_WANT_READ) {
            report.error = take_tls_error();
            co_await flush_tls();  // the alert
            co_return report;
        }
        if (cut_flight) {
            std::string flight = take_tls_output();
            flight.resize(flight.size() / 2);
            co_await write_socket(std::move(flight));
            report.error = "closed by partner in its flight";
            co_return report;
        }
        auto moved = co_await flush_tls();
        if (moved) moved = co_await read_socket();
        if (!moved) {
            report.error = std::string{describe(moved.error())} + " during the handshake";
            co_return report;
        }
    }
}

// The words for the record. The caller closes.
Task<std::string> Channel::act_out(HandshakeAct act)
{
    switch (act) {
    case HandshakeAct::ResetAfterClientHello:
        reset();
        co_return "reset by partner after the ClientHello";
    case HandshakeAct::ProtocolVersionAlert:
        co_await write_socket(kProtocolVersionAlert);
        co_return "answered with a protocol_version alert";
    case HandshakeAct::HandshakeFailureAlert:
        co_await write_socket(kHandshakeFailureAlert);
        co_return "answered with a handshake_failure alert";
    case HandshakeAct::GarbageServerHello:
        co_await write_socket(kGarbageServerHello);
        // A client that gives up closes; closing first could overtake the garbage.
        co_await wait_for_end();
        co_return "answered with garbage";
    case HandshakeAct::Silence:
        co_await wait_for_end();
        co_return "never answered";
    default:
        co_return "closed by partner after the ClientHello";
    }
}

Task<void> Channel::pause(std::chrono::milliseconds time)
{
    if (aborted_) co_return;
    pause_.expires_after(time);
    co_await pause_.async_wait(kAwait);
}

Task<ChannelError> Channel::wait_for_end()
{
    for (;;) {
        // Below TLS on purpose: what comes is of no interest.
        const auto buffer = asio::buffer(scratch_);
        const auto [error, length] = co_await socket_.async_read_some(buffer, kAwait);
        if (error) co_return cause_of(error);
    }
}

void Channel::close()
{
    if (!socket_.is_open()) return;
    Error ignored;
    if (ssl_ && tls_established_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        const std::string farewell = take_tls_output();
        socket_.write_some(asio::buffer(farewell), ignored);
    }
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
    deadline_.cancel();
    pause_.cancel();
}

void Channel::reset()
{
    Error ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
    deadline_.cancel();
    pause_.cancel();
}

void Channel::abort(ChannelError cause)
{
    if (!aborted_) aborted_ = cause;
    Error ignored;
    socket_.close(ignored);
    deadline_.cancel();
    pause_.cancel();
}

Task<Result<void, ChannelError>> Channel::read_more()
{
    if (!ssl_) {
        const auto read = co_await read_socket();
        co_return read;
    }
    for (;;) {
        ERR_clear_error();
        const int length = SSL_read(ssl_.get(), scratch_.data(), static_cast<int>(scratch_.size()));
        if (length > 0) {
            in_.append(scratch_.data(), static_cast<std::size_t>(length));
            co_return Result<void, ChannelError>{};
        }
        const int state = SSL_get_error(ssl_.get(), length);
        if (state == SSL_ERROR_ZERO_RETURN) co_return failure(ChannelError::Closed);
        if (state != SSL_ERROR_WANT_READ) co_return failure(ChannelError::TlsBroken);
        const auto flushed = co_await flush_tls();
        if (!flushed) co_return flushed;
        const auto read = co_await read_socket();
        if (!read) co_return read;
    }
}

// Into OpenSSL's BIO under TLS, else into in_.
Task<Result<void, ChannelError>> Channel::read_socket()
{
    if (aborted_) co_return failure(*aborted_);
    const auto buffer = asio::buffer(scratch_);
    const auto [error, length] = co_await socket_.async_read_some(buffer, kAwait);
    if (error) co_return failure(cause_of(error));
    if (ssl_) {
        BIO_write(SSL_get_rbio(ssl_.get()), scratch_.data(), static_cast<int>(length));
    } else {
        in_.append(scratch_.data(), length);
    }
    co_return Result<void, ChannelError>{};
}

Task<Result<void, ChannelError>> Channel::write_socket(std::string octets)
{
    if (aborted_) co_return failure(*aborted_);
    const auto buffer = asio::buffer(octets);
    const auto [error, length] = co_await asio::async_write(socket_, buffer, kAwait);
    if (error) co_return failure(cause_of(error));
    co_return Result<void, ChannelError>{};
}

Task<Result<void, ChannelError>> Channel::flush_tls()
{
    std::string octets = take_tls_output();
    if (octets.empty()) co_return Result<void, ChannelError>{};
    const auto written = co_await write_socket(std::move(octets));
    co_return written;
}

std::string Channel::take_tls_output()
{
    BIO* const output = SSL_get_wbio(ssl_.get());
    std::string octets(BIO_ctrl_pending(output), '\0');
    if (octets.empty()) return octets;
    const int length = BIO_read(output, octets.data(), static_cast<int>(octets.size()));
    octets.resize(static_cast<std::size_t>(std::max(length, 0)));
    return octets;
}

ChannelError Channel::cause_of(const Error& error) const
{
    if (aborted_) return *aborted_;
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
        return ChannelError::Reset;
    }
    return ChannelError::Closed;
}

}  // namespace hermetic::lab
