#include "admin/server.h"

#include "admin/arrivals.h"
#include "admin/line_stream.h"
#include "net/acceptor.h"
#include "net/core.h"
#include "net/task_group.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermetic::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::generic::stream_protocol;  // both kinds of place
using UnixProtocol = asio::local::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol, net::Executor>;
using Socket = asio::basic_stream_socket<Protocol, net::Executor>;
using Stream = beast::basic_stream<Protocol, net::Executor>;

constexpr std::size_t kMaxBody = 64U << 10U;
constexpr std::size_t kMaxDocument = 16U << 20U;  // by PUT: a whole set of objects
constexpr std::size_t kMaxDocumentsAtOnce = 2;
constexpr std::size_t kMaxHead = 16384;
constexpr std::size_t kFirstRead = 4096;
constexpr std::size_t kMaxConnections = 64;
// With those that are being told that they gave way.
constexpr std::size_t kMostConnections = 2 * kMaxConnections;
constexpr std::chrono::seconds kExchange{30};
constexpr std::chrono::seconds kForgetting{5};
constexpr unsigned kHttp11 = 11;
constexpr Duration kPause = std::chrono::milliseconds{100};

// True if somebody accepts connections on the socket at `path`.
bool is_alive(net::Core& core, const std::string& path)
{
    Socket probe{core.executor()};
    boost::system::error_code error;
    probe.connect(UnixProtocol::endpoint{path}, error);
    return !error;
}

// Who runs the process at the other end, as the kernel knows it.
std::optional<std::uint32_t> user_of(Stream& stream)
{
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(stream.socket().native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials,
                     &size) != 0 ||
        credentials.pid == 0) {  // of TCP
        return std::nullopt;
    }
    return credentials.uid;
}

// Counts what is being read of large bodies.
class Slot {
public:
    explicit Slot(std::size_t& taken) : taken_{taken} { ++taken_; }
    ~Slot() { --taken_; }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

private:
    std::size_t& taken_;
};

// What arrived is no request, or a part of one; not merely the end of the connection.
bool is_malformed(const boost::system::error_code& error)
{
    static const auto& of_http = http::make_error_code(http::error::bad_method).category();
    return error.category() == of_http && error != http::error::end_of_stream;
}

// Reads that follow end, too: a cancelled one may have succeeded already, and another begun.
void stop_reading(Stream& stream)
{
    boost::system::error_code ignored;
    stream.socket().shutdown(Protocol::socket::shutdown_receive, ignored);
}

}  // namespace

struct Server::Impl {
    Impl(net::Core& core_in, Handler handler_in)
        : core{core_in},
          handler{std::move(handler_in)},
          acceptor{core.executor()},
          tasks{core},
          arrivals{core}
    {
    }

    boost::system::error_code open_at(const Protocol::endpoint& where)
    {
        boost::system::error_code error;
        acceptor.open(where.protocol(), error);
        const bool is_tcp = where.protocol().family() != AF_UNIX;
        if (!error && is_tcp) acceptor.set_option(asio::socket_base::reuse_address{true}, error);
        if (!error) acceptor.bind(where, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        return error;
    }

    net::Task<> accept_loop()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(core.executor(), net::kAwait);
            if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
            if (error) {
                // Out of descriptors: the administrator gets the one that is kept for this.
                if (std::exchange(spare, net::FileDescriptor{})) continue;
                const Instant until = core.clock().now() + kPause;
                if (co_await net::sleep_until(core, until) == net::Woken::Cancelled) co_return;
                keep_spare();
                continue;
            }
            if (!has_place()) continue;
            auto stream = std::make_shared<Stream>(std::move(socket));
            open.insert(stream.get());
            tasks.spawn(serve(std::move(stream)));
        }
    }

    bool has_place()
    {
        if (open.size() < kMaxConnections) return true;
        return open.size() < kMostConnections && arrivals.give_way();
    }

    void keep_spare()
    {
        if (!spare) spare = net::FileDescriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    }

    net::Task<> serve(std::shared_ptr<Stream> stream)
    {
        beast::flat_buffer buffer;
        bool keep = true;
        while (keep && acceptor.is_open()) keep = co_await exchange(*stream, buffer);
        boost::system::error_code ignored;
        stream->socket().shutdown(Protocol::socket::shutdown_both, ignored);
        open.erase(stream.get());
        stream->socket().close(ignored);
        keep_spare();
    }

    // Waits for the first octet of a request; false: none comes.
    net::Task<bool> await_request(Stream& stream, beast::flat_buffer& buffer, Arrival& arrival)
    {
        stream.expires_after(kExchange);
        if (buffer.size() == 0) {
            const auto room = buffer.prepare(kFirstRead);
            auto [error, size] = co_await stream.async_read_some(room, net::kAwait);
            if (error) co_return false;
            buffer.commit(size);
        }
        arrival.on_first_octet();
        stream.expires_after(kExchange);
        co_return true;
    }

    // One request and its response; false when the connection is to end.
    net::Task<bool> exchange(Stream& stream, beast::flat_buffer& buffer)
    {
        http::request_parser<http::string_body> parser;
        parser.body_limit(kMaxDocument);
        parser.header_limit(kMaxHead);
        std::optional<Arrival> arrival{std::in_place, arrivals,
                                       [&stream] { stop_reading(stream); }};
        const bool has_begun = co_await await_request(stream, buffer, *arrival);
        if (!has_begun) co_return false;
        auto [header_error, header_size] =
            co_await http::async_read_header(stream, buffer, parser, net::kAwait);
        arrival->on_head();
        if (header_error) {
            co_return co_await refuse_broken(stream, header_error, *arrival, kMaxDocument);
        }
        const auto& message = parser.get();
        const bool large = message.method() == http::verb::put;
        if (large && documents >= kMaxDocumentsAtOnce) {
            Response busy = refuse(503, "other large documents are being received; try again");
            co_return co_await refuse_unread(stream, std::move(busy));
        }
        const Slot slot{large ? documents : others};
        const std::size_t limit = large ? kMaxDocument : kMaxBody;
        if (parser.content_length().value_or(0) > limit) {
            co_return co_await refuse_large(stream, limit);
        }
        parser.body_limit(limit);
        auto [read_error, read_size] =
            co_await http::async_read(stream, buffer, parser, net::kAwait);
        if (read_error) {
            co_return co_await refuse_broken(stream, read_error, *arrival, limit);
        }
        arrival.reset();
        Request request;
        request.method = std::string{message.method_string()};
        request.user_id = user_of(stream);
        Response answer = refuse(400, "the target is malformed", "/v1/…, with each parameter once");
        if (parse_target({message.target().data(), message.target().size()}, request)) {
            const bool keep = message.keep_alive();
            request.body = std::move(parser.get().body());
            answer = co_await handler(std::move(request));
            co_return co_await say(stream, std::move(answer), keep);
        }
        co_return co_await say(stream, std::move(answer), false);
    }

    // What has not arrived as a whole, or is no request. The arrival stands until the answer is
    // out: who still sends gives way to others.
    net::Task<bool> refuse_broken(Stream& stream, boost::system::error_code error,
                                  const Arrival& arrival, std::size_t limit)
    {
        if (arrival.is_late()) {
            Response late = refuse(408,
                                   "the request had not arrived as a whole in time, or when "
                                   "another client needed the connection",
                                   "its head within 5 seconds of its first octet, the rest "
                                   "without delay");
            co_return co_await say(stream, std::move(late), false);
        }
        if (error == http::error::body_limit) co_return co_await refuse_large(stream, limit);
        if (!is_malformed(error)) co_return false;
        Response malformed =
            refuse(400, "this is no request of HTTP/1.1: " + error.message(),
                   "a request line, header fields of 16384 octets or less together, and the body "
                   "that they announce");
        co_return co_await refuse_unread(stream, std::move(malformed));
    }

    net::Task<bool> refuse_large(Stream& stream, std::size_t limit)
    {
        Response answer =
            refuse(413, "the request is too large", std::to_string(limit) + " octets or less");
        co_return co_await refuse_unread(stream, std::move(answer));
    }

    // Who still sends would find the connection broken, and no answer: the rest is read, for a
    // while, and forgotten.
    net::Task<bool> refuse_unread(Stream& stream, Response answer)
    {
        (void)co_await say(stream, std::move(answer), false);
        boost::system::error_code error;
        stream.socket().shutdown(Protocol::socket::shutdown_send, error);
        stream.expires_after(kForgetting);
        std::vector<char> rest(64U << 10U);
        while (!error) {
            auto [read_error, size] =
                co_await stream.async_read_some(asio::buffer(rest), net::kAwait);
            error = read_error;
        }
        co_return false;
    }

    // False when the connection is to end.
    net::Task<bool> say(Stream& stream, Response answer, bool keep)
    {
        if (answer.lines != nullptr) {
            co_await say_lines(stream, std::move(answer));
            co_return false;
        }
        http::response<http::string_body> response{static_cast<http::status>(answer.status),
                                                   kHttp11};
        response.set(http::field::content_type, answer.content_type);
        response.set(http::field::cache_control, "no-store");
        response.keep_alive(keep);
        response.body() = std::move(answer.body);
        response.prepare_payload();
        stream.expires_after(kExchange);
        auto [write_error, written] = co_await http::async_write(stream, response, net::kAwait);
        co_return !write_error && keep;
    }

    // Each line as soon as it is there, as a chunk of its own (RFC 9112 §7.1).
    net::Task<> say_lines(Stream& stream, Response answer)
    {
        const auto lines = answer.lines;
        streaming.insert(lines.get());
        http::response<http::empty_body> response{static_cast<http::status>(answer.status),
                                                  kHttp11};
        response.set(http::field::content_type, answer.content_type);
        response.set(http::field::cache_control, "no-store");
        response.keep_alive(false);
        response.chunked(true);
        http::response_serializer<http::empty_body> serializer{response};
        stream.expires_after(kExchange);
        auto [error, size] = co_await http::async_write_header(stream, serializer, net::kAwait);
        while (!error) {
            stream.expires_never();
            const auto line = co_await lines->next();
            if (!line) break;
            const auto chunk = http::make_chunk(asio::buffer(*line));
            stream.expires_after(kExchange);
            auto [write_error, written] = co_await asio::async_write(stream, chunk, net::kAwait);
            error = write_error;
        }
        streaming.erase(lines.get());
        lines->close();
        const auto last = http::make_chunk_last();
        stream.expires_after(kExchange);
        if (!error) co_await asio::async_write(stream, last, net::kAwait);
    }

    net::Core& core;
    Handler handler;
    Acceptor acceptor;
    net::TaskGroup tasks;
    std::string path;
    net::FileDescriptor spare;
    std::unordered_set<Stream*> open;
    Arrivals arrivals;
    std::unordered_set<LineStream*> streaming;
    std::size_t documents = 0;  // large requests under way
    std::size_t others = 0;
};

Server::Server(net::Core& core, Handler handler)
    : impl_{std::make_unique<Impl>(core, std::move(handler))}
{
}

Server::~Server() = default;

Result<void, std::string> Server::listen(const std::string& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) {
            return failure(path +
                           ": there is something that is no socket; expected: a path of its "
                           "own");
        }
        if (is_alive(impl_->core, path)) return failure(path + ": another server listens there");
        ::unlink(path.c_str());
    }
    const mode_t before = ::umask(0117);
    const auto error = impl_->open_at(UnixProtocol::endpoint{path});
    ::umask(before);
    if (error) return failure(path + ": " + error.message());
    impl_->path = path;
    impl_->keep_spare();
    impl_->tasks.spawn(impl_->accept_loop());
    return {};
}

Result<void, std::string> Server::listen(const Endpoint& address)
{
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address.address.format(), error);
    if (!error) error = impl_->open_at(asio::ip::tcp::endpoint{ip, address.port});
    if (error) return failure(address.format() + ": " + error.message());
    impl_->tasks.spawn(impl_->accept_loop());
    return {};
}

Endpoint Server::address() const
{
    asio::ip::tcp::endpoint bound;
    const auto generic = impl_->acceptor.local_endpoint();
    std::memcpy(bound.data(), generic.data(), std::min(generic.size(), bound.capacity()));
    return {*IpAddress::parse(bound.address().to_string()), bound.port()};
}

net::Task<> Server::stop()
{
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
    if (!impl_->path.empty()) ::unlink(impl_->path.c_str());
    // A client that keeps its connection would keep us for its whole time.
    for (Stream* stream : impl_->open) stream->cancel();
    for (LineStream* lines : impl_->streaming) lines->close();
    co_await impl_->tasks.join();
}

}  // namespace hermetic::admin
