#include "outbound/peer_fixture.h"

#include "core/text.h"
#include "net/core.h"
#include "net/stream.h"
#include "tls/context.h"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <utility>

namespace hermetic::outbound {

PeerScript::PeerScript() : extensions{"PIPELINING", "8BITMIME", "SIZE 1000000", "DSN"}
{
}

PeerScript::PeerScript(const PeerScript& other) = default;

PeerScript::PeerScript(PeerScript&& other) noexcept = default;

PeerScript& PeerScript::operator=(const PeerScript& other) = default;

PeerScript& PeerScript::operator=(PeerScript&& other) noexcept = default;

PeerScript::~PeerScript() = default;

struct ScriptedPeer::Listening {
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, net::Executor> acceptor;
};

ScriptedPeer::ScriptedPeer(net::Core& core, PeerScript script, const std::string& address,
                           std::uint16_t port)
    : script_{std::move(script)},
      core_{core},
      listening_{std::make_unique<Listening>(Listening{
          {core.executor(),
           boost::asio::ip::tcp::endpoint{boost::asio::ip::make_address(address), port}}})},
      tasks_{core},
      silence_ended_{core}
{
    tasks_.spawn(accept());
}

ScriptedPeer::~ScriptedPeer() = default;

std::uint16_t ScriptedPeer::port() const
{
    return listening_->acceptor.local_endpoint().port();
}

void ScriptedPeer::close()
{
    boost::system::error_code ignored;
    listening_->acceptor.close(ignored);
    for (auto* stream : open_) stream->until(Instant{});
    silence_ended_.set();
}

void ScriptedPeer::go_on()
{
    script_.silent_on.clear();
    silence_ended_.set();
}

net::Task<> ScriptedPeer::accept()
{
    for (;;) {
        auto [error, socket] = co_await listening_->acceptor.async_accept(net::kAwait);
        if (error) co_return;
        ++connections;
        auto stream = std::make_unique<net::Stream>(core_, std::move(socket));
        if (connections <= script_.refuse_connections) continue;
        tasks_.spawn(serve(std::move(stream)));
    }
}

net::Task<> ScriptedPeer::serve(std::unique_ptr<net::Stream> stream)
{
    stream->until(core_.clock().now() + std::chrono::seconds{20});
    open_.push_back(stream.get());
    recipients_ = 0;
    bool going_on = true;
    if (script_.implicit_tls) going_on = co_await shake_hands(*stream);
    if (going_on) co_await keep_silent(*stream, "GREETING");
    if (going_on) going_on = co_await say(*stream, script_.greeting);
    while (going_on) {
        auto line = co_await stream->read_line(4096);
        if (!line) break;
        const std::string command{line->text};
        commands.push_back(command);
        co_await keep_silent(*stream, command);
        going_on = co_await answer(*stream, command);
    }
    std::erase(open_, stream.get());
    stream->close();
}

std::optional<std::string> ScriptedPeer::scripted(const std::string& command) const
{
    const auto upper = to_upper(command);
    std::optional<std::string> best;
    std::size_t length = 0;
    for (const auto& [prefix, reply] : script_.replies) {
        if (upper.starts_with(to_upper(prefix)) && prefix.size() >= length) {
            best = reply;
            length = prefix.size();
        }
    }
    return best;
}

net::Task<> ScriptedPeer::keep_silent(net::Stream& stream, std::string command)
{
    const auto& on = script_.silent_on;
    if (on.empty() || !to_upper(command).starts_with(on)) co_return;
    bool dripping = !script_.drip.empty();
    while (dripping && !on.empty()) {
        dripping = co_await say(stream, script_.drip);
        const Instant soon = core_.clock().now() + std::chrono::milliseconds{50};
        co_await net::sleep_until(core_, soon);
    }
    if (!on.empty()) co_await silence_ended_.wait();
}

net::Task<bool> ScriptedPeer::say(net::Stream& stream, std::string reply)
{
    if (reply == "close") co_return false;
    reply += "\r\n";
    const auto written = co_await stream.write(reply);
    co_return written && !reply.starts_with("421");
}

std::string ScriptedPeer::hello(const net::Stream& stream) const
{
    std::string reply = "250-peer.test";
    for (const auto& extension : script_.extensions) reply += "\r\n250-" + extension;
    if (script_.tls && !stream.is_tls()) reply += "\r\n250-STARTTLS";
    return reply + "\r\n250 HELP";
}

net::Task<bool> ScriptedPeer::answer(net::Stream& stream, const std::string& command)
{
    const auto reply = scripted(command);
    const auto verb = to_upper(command.substr(0, 4));
    const bool greets = verb == "EHLO" || verb == "HELO";
    if (greets && stream.is_tls() && script_.refuses_hello_in_tls) {
        co_return co_await say(stream, "550 5.5.1 not in here");
    }
    if (verb == "BDAT") co_return co_await take_chunk(stream, command, reply);
    if (reply && verb != "STAR") co_return co_await say(stream, *reply);
    if (verb == "EHLO" || verb == "LHLO") co_return co_await say(stream, hello(stream));
    if (verb == "STAR") co_return co_await start_tls(stream, reply.value_or("220 go"));
    if (verb == "MAIL") recipients_ = 0;
    if (verb == "RCPT") ++recipients_;
    if (verb == "DATA") co_return co_await take_data(stream);
    if (verb == "QUIT") co_return false;
    co_return co_await say(stream, "250 2.0.0 ok");
}

net::Task<bool> ScriptedPeer::start_tls(net::Stream& stream, std::string reply)
{
    const bool going_on =
        co_await say(stream, reply + (script_.injected.empty() ? "" : "\r\n") + script_.injected);
    if (!going_on || !reply.starts_with("220")) co_return going_on;
    co_return co_await shake_hands(stream);
}

net::Task<bool> ScriptedPeer::shake_hands(net::Stream& stream)
{
    const auto evidence = co_await stream.start_tls(script_.tls);
    if (evidence) versions.push_back(evidence->version);
    co_return evidence.has_value();
}

net::Task<bool> ScriptedPeer::take_data(net::Stream& stream)
{
    bool going_on = co_await say(stream, "354 go");
    std::string message;
    while (going_on) {
        auto line = co_await stream.read_line(100000);
        if (!line) co_return false;
        if (!script_.early.empty()) {
            if (message.empty()) co_await say(stream, script_.early);
            message = script_.early;
            continue;
        }
        if (line->text == ".") break;
        message += line->text.substr(line->text.starts_with('.') ? 1 : 0);
        message += "\r\n";
    }
    co_return co_await end_message(stream, std::move(message));
}

net::Task<bool> ScriptedPeer::take_chunk(net::Stream& stream, std::string command,
                                         std::optional<std::string> reply)
{
    auto size = parse_decimal<std::size_t>(split(command, ' ')[1]).value();
    std::string message;
    while (message.size() < size) {
        const auto piece = co_await stream.peek();
        if (!piece) co_return false;
        const auto taken = piece->substr(0, size - message.size());
        message += taken;
        stream.consume(taken.size());
    }
    if (reply) co_return co_await say(stream, *reply);
    if (recipients_ == 0) co_return co_await say(stream, "503 5.5.1 no recipients");
    co_return co_await end_message(stream, std::move(message));
}

net::Task<bool> ScriptedPeer::end_message(net::Stream& stream, std::string message)
{
    co_await keep_silent(stream, ".");
    const auto reply = scripted(".").value_or("250 2.0.0 taken");
    if (reply.starts_with("2")) {
        messages.push_back(std::move(message));
        in_tls.push_back(stream.is_tls());
    }
    const int replies = script_.lmtp ? recipients_ : 1;
    bool going_on = true;
    for (int i = 0; i < replies && going_on; ++i) going_on = co_await say(stream, reply);
    co_return going_on;
}

}  // namespace hermetic::outbound
