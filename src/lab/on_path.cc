#include "lab/on_path.h"

#include "core/assert.h"
#include "lab/on_path_session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

namespace hermetic::lab {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

enum class Side { Client, Server };

// Nothing in a connection throws but for want of memory.
void on_end(const std::exception_ptr& error)
{
    if (error) unreachable("an exception left a connection of OnPath");
}

// The connections' octets, for tests to look at.
class Tap {
public:
    explicit Tap(const OnPathOptions& options) : keep_{options.keep}, keep_all_{options.keep_all} {}

    std::size_t begin()
    {
        const std::lock_guard lock{mutex_};
        connections_.emplace_back();
        return connections_.size() - 1;
    }
    void add(std::size_t place, Side side, std::string_view octets)
    {
        const std::lock_guard lock{mutex_};
        auto& connection = connections_[place];
        auto& kept = side == Side::Client ? connection.from_client : connection.to_client;
        octets = octets.substr(0, std::min(keep_ - kept.size(), keep_all_ - kept_all_));
        kept += octets;
        kept_all_ += octets.size();
    }
    [[nodiscard]] std::vector<TappedConnection> all() const
    {
        const std::lock_guard lock{mutex_};
        return {connections_.begin(), connections_.end()};
    }

private:
    mutable std::mutex mutex_;
    std::size_t keep_;
    std::size_t keep_all_;
    std::size_t kept_all_ = 0;
    std::deque<TappedConnection> connections_;
};

// One connection and the one made for it. Ends when either side does.
struct Pair {
    Pair(tcp::socket accepted, const OnPathAttack& attack, OnPathMemory& memory, std::size_t in_tap)
        : client{std::move(accepted)},
          server{client.get_executor()},
          deadline{client.get_executor()},
          session{attack, memory},
          place{in_tap}
    {
    }

    void close()
    {
        Error ignored;
        deadline.cancel();
        client.close(ignored);
        server.close(ignored);
    }
    void reset()
    {
        Error ignored;
        client.set_option(asio::socket_base::linger{true, 0}, ignored);
        close();
    }

    tcp::socket client;
    tcp::socket server;
    asio::steady_timer deadline;
    OnPathSession session;
    std::size_t place;
};

using PairPointer = std::shared_ptr<Pair>;

}  // namespace

struct OnPath::Parts {
    Parts(const OnPathAttack& its_attack, OnPathOptions its_options)
        : attack{its_attack}, options{its_options}, tap{options}
    {
    }

    asio::awaitable<void> accept_all();
    void begin(tcp::socket socket);
    asio::awaitable<void> serve(PairPointer pair);
    asio::awaitable<void> carry(PairPointer pair, Side from);
    asio::awaitable<bool> carry_out(PairPointer pair, OnPathStep step);

    const OnPathAttack& attack;
    OnPathOptions options;
    Tap tap;
    OnPathMemory memory;
    std::uint16_t port = 0;
    asio::io_context context{1};
    std::optional<tcp::acceptor> acceptor;
    std::unordered_set<PairPointer> live;
    std::thread thread;
};

asio::awaitable<void> OnPath::Parts::accept_all()
{
    while (acceptor->is_open()) {
        auto [error, socket] = co_await acceptor->async_accept(kAwait);
        if (error == asio::error::operation_aborted) co_return;
        if (!error && live.size() < options.connections) begin(std::move(socket));
    }
}

void OnPath::Parts::begin(tcp::socket socket)
{
    const auto pair = std::make_shared<Pair>(std::move(socket), attack, memory, tap.begin());
    live.insert(pair);
    pair->deadline.expires_after(options.connection_time);
    pair->deadline.async_wait([weak = std::weak_ptr{pair}](const Error& error) {
        const auto late = weak.lock();
        if (!error && late) late->close();
    });
    asio::co_spawn(context, serve(pair), on_end);
}

asio::awaitable<void> OnPath::Parts::serve(PairPointer pair)
{
    const tcp::endpoint upstream{asio::ip::make_address(options.upstream.address.format()),
                                 options.upstream.port};
    const auto [error] = co_await pair->server.async_connect(upstream, kAwait);
    Error ignored;
    pair->client.set_option(tcp::no_delay{true}, ignored);
    pair->server.set_option(tcp::no_delay{true}, ignored);
    if (!error) {
        asio::co_spawn(context, carry(pair, Side::Server), on_end);
        co_await carry(pair, Side::Client);
    }
    pair->close();
    live.erase(pair);
}

// Until this side ends, or the attack ends both.
asio::awaitable<void> OnPath::Parts::carry(PairPointer pair, Side from)
{
    std::array<char, 16 * 1024> room{};
    tcp::socket& socket = from == Side::Client ? pair->client : pair->server;
    bool goes_on = true;
    while (goes_on) {
        const auto buffer = asio::buffer(room);
        const auto [error, size] = co_await socket.async_read_some(buffer, kAwait);
        if (error) break;
        const std::string_view octets{room.data(), size};
        if (from == Side::Client) tap.add(pair->place, from, octets);
        OnPathStep step = from == Side::Client ? pair->session.from_client(octets)
                                               : pair->session.from_server(octets);
        goes_on = co_await carry_out(pair, std::move(step));
    }
    pair->close();
}

asio::awaitable<bool> OnPath::Parts::carry_out(PairPointer pair, OnPathStep step)
{
    bool sent = true;
    if (!step.to_client.empty()) {
        tap.add(pair->place, Side::Server, step.to_client);
        const auto buffer = asio::buffer(step.to_client);
        const auto [error, size] = co_await asio::async_write(pair->client, buffer, kAwait);
        sent = !error;
    }
    if (sent && !step.to_server.empty()) {
        const auto buffer = asio::buffer(step.to_server);
        const auto [error, size] = co_await asio::async_write(pair->server, buffer, kAwait);
        sent = !error;
    }
    if (step.end == OnPathStep::End::Reset) pair->reset();
    co_return sent&& step.end == OnPathStep::End::No;
}

OnPath::OnPath(const OnPathAttack& attack, OnPathOptions options)
    : parts_{std::make_unique<Parts>(attack, options)}
{
}

OnPath::~OnPath()
{
    stop();
}

Result<void, OnPathError> OnPath::start()
{
    Parts& parts = *parts_;
    HERMETIC_ASSERT(!parts.thread.joinable());
    Error error;
    tcp::acceptor acceptor{parts.context};
    acceptor.open(tcp::v4(), error);
    if (!error) acceptor.bind({asio::ip::address_v4::loopback(), 0}, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failure(OnPathError::NoPort);
    parts.port = acceptor.local_endpoint().port();
    parts.acceptor.emplace(std::move(acceptor));
    asio::co_spawn(parts.context, parts.accept_all(), on_end);
    parts.thread = std::thread{[&parts] { parts.context.run(); }};
    return {};
}

void OnPath::stop()
{
    Parts& parts = *parts_;
    if (!parts.thread.joinable()) return;
    asio::post(parts.context, [&parts] {
        Error ignored;
        parts.acceptor->close(ignored);
        for (const auto& pair : parts.live) pair->close();
    });
    // run() returns when the last connection has ended: every wait of theirs was just cancelled.
    parts.thread.join();
}

Endpoint OnPath::endpoint() const
{
    return {IpAddress::v4({127, 0, 0, 1}), parts_->port};
}

std::vector<TappedConnection> OnPath::tapped() const
{
    return parts_->tap.all();
}

std::size_t OnPath::seen_from_client(std::string_view octets) const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(tapped(), [octets](const TappedConnection& connection) {
            return connection.from_client.find(octets) != std::string::npos;
        }));
}

const OnPathAttack* find_on_path_attack(std::string_view name)
{
    const auto& table = all_on_path_attacks();
    const auto found = std::ranges::find(table, name, &OnPathAttack::name);
    return found == table.end() ? nullptr : &*found;
}

}  // namespace hermetic::lab
