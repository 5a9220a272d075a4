// A scripted SMTP server on loopback, for tests only.
//
// The default takes every message; a test states only what differs.
#pragma once

#include "core/text.h"
#include "net/core.h"
#include "net/event.h"
#include "net/stream.h"
#include "net/task.h"
#include "net/task_group.h"
#include "tls/context.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::outbound {

struct PeerScript {
    std::string greeting = "220 peer.test ESMTP";
    std::vector<std::string> extensions{"PIPELINING", "8BITMIME", "SIZE 1000000", "DSN"};
    std::shared_ptr<const tls::ServerContext> tls;  // offers STARTTLS
    // By the longest prefix of the command, upper case; "." is the end of the message. The reply
    // "close" closes instead.
    std::map<std::string, std::string> replies;
    std::string injected;       // in clear, behind the 220 to STARTTLS
    bool implicit_tls = false;  // `tls` from the first octet
    // Says nothing to this command (as in `replies`), and reads nothing more, until go_on().
    std::string silent_on;
    bool lmtp = false;
    bool refuses_hello_in_tls = false;
    int refuse_connections = 0;  // the first so many are closed at once
};

class ScriptedPeer {
public:
    ScriptedPeer(net::Core& core, PeerScript script, const std::string& address = "127.0.0.1",
                 std::uint16_t port = 0)
        : script_{std::move(script)},
          core_{core},
          acceptor_{core.executor(),
                    boost::asio::ip::tcp::endpoint{boost::asio::ip::make_address(address), port}},
          tasks_{core},
          silence_ended_{core}
    {
        tasks_.spawn(accept());
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void close()
    {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        for (auto* stream : open_) stream->until(Instant{});
        silence_ended_.set();
    }
    net::Task<> join() { return tasks_.join(); }
    void go_on()
    {
        script_.silent_on.clear();
        silence_ended_.set();
    }

    PeerScript script_;
    int connections = 0;
    std::vector<std::string> commands;  // as they came
    std::vector<std::string> messages;  // dots removed
    std::vector<bool> in_tls;           // of each message
    std::vector<facts::TlsVersion> versions;

private:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, net::Executor>;

    net::Task<> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(net::kAwait);
            if (error) co_return;
            ++connections;
            auto stream = std::make_unique<net::Stream>(core_, std::move(socket));
            if (connections <= script_.refuse_connections) continue;
            tasks_.spawn(serve(std::move(stream)));
        }
    }

    net::Task<> serve(std::unique_ptr<net::Stream> stream)
    {
        stream->until(core_.clock().now() + std::chrono::seconds{20});
        open_.push_back(stream.get());
        recipients_ = 0;
        bool going_on = true;
        if (script_.implicit_tls) going_on = co_await shake_hands(*stream);
        if (going_on) going_on = co_await say(*stream, script_.greeting);
        while (going_on) {
            auto line = co_await stream->read_line(4096);
            if (!line) break;
            const std::string command{line->text};
            commands.push_back(command);
            co_await keep_silent(command);
            going_on = co_await answer(*stream, command);
        }
        std::erase(open_, stream.get());
        stream->close();
    }

    std::optional<std::string> scripted(const std::string& command) const
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

    net::Task<> keep_silent(const std::string& command)
    {
        const auto& on = script_.silent_on;
        if (on.empty() || !to_upper(command).starts_with(on)) co_return;
        co_await silence_ended_.wait();
    }

    net::Task<bool> say(net::Stream& stream, std::string reply)
    {
        if (reply == "close") co_return false;
        reply += "\r\n";
        const auto written = co_await stream.write(reply);
        co_return written && !reply.starts_with("421");
    }

    std::string hello(const net::Stream& stream) const
    {
        std::string reply = "250-peer.test";
        for (const auto& extension : script_.extensions) reply += "\r\n250-" + extension;
        if (script_.tls && !stream.is_tls()) reply += "\r\n250-STARTTLS";
        return reply + "\r\n250 HELP";
    }

    net::Task<bool> answer(net::Stream& stream, const std::string& command)
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

    net::Task<bool> start_tls(net::Stream& stream, std::string reply)
    {
        const bool going_on = co_await say(
            stream, reply + (script_.injected.empty() ? "" : "\r\n") + script_.injected);
        if (!going_on || !reply.starts_with("220")) co_return going_on;
        co_return co_await shake_hands(stream);
    }

    net::Task<bool> shake_hands(net::Stream& stream)
    {
        const auto evidence = co_await stream.start_tls(script_.tls);
        if (evidence) versions.push_back(evidence->version);
        co_return evidence.has_value();
    }

    net::Task<bool> take_data(net::Stream& stream)
    {
        bool going_on = co_await say(stream, "354 go");
        std::string message;
        while (going_on) {
            auto line = co_await stream.read_line(100000);
            if (!line) co_return false;
            if (line->text == ".") break;
            message += line->text.substr(line->text.starts_with('.') ? 1 : 0);
            message += "\r\n";
        }
        co_return co_await end_message(stream, std::move(message));
    }

    net::Task<bool> take_chunk(net::Stream& stream, std::string command,
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

    net::Task<bool> end_message(net::Stream& stream, std::string message)
    {
        co_await keep_silent(".");
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

    net::Core& core_;
    Acceptor acceptor_;
    net::TaskGroup tasks_;
    net::Event silence_ended_;
    std::vector<net::Stream*> open_;
    int recipients_ = 0;
};

}  // namespace hermetic::outbound
