// A scripted SMTP server on loopback, for tests only.
//
// The default takes every message; a test states only what differs.
#pragma once

#include "facts/tls.h"
#include "net/event.h"
#include "net/task.h"
#include "net/task_group.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::net {
class Core;
class Stream;
}  // namespace hermetic::net
namespace hermetic::tls {
class ServerContext;
}

namespace hermetic::outbound {

struct PeerScript {
    PeerScript();
    PeerScript(const PeerScript& other);
    PeerScript(PeerScript&& other) noexcept;
    PeerScript& operator=(const PeerScript& other);
    PeerScript& operator=(PeerScript&& other) noexcept;
    ~PeerScript();

    std::string greeting = "220 peer.test ESMTP";
    std::vector<std::string> extensions;            // PIPELINING, 8BITMIME, SIZE and DSN
    std::shared_ptr<const tls::ServerContext> tls;  // offers STARTTLS
    // By the longest prefix of the command, upper case; "." is the end of the message. The reply
    // "close" closes instead.
    std::map<std::string, std::string> replies;
    std::string early;          // to the first line of a message; the others are not heeded
    std::string injected;       // in clear, behind the 220 to STARTTLS
    bool implicit_tls = false;  // `tls` from the first octet
    // Says nothing to this command (as in `replies`; "GREETING" is before all of them), and reads
    // nothing more, until go_on().
    std::string silent_on;
    // Instead of silence: this line over and over, twenty a second, as long as it would last.
    std::string drip;
    bool lmtp = false;
    bool refuses_hello_in_tls = false;
    int refuse_connections = 0;  // the first so many are closed at once
};

class ScriptedPeer {
public:
    ScriptedPeer(net::Core& core, PeerScript script, const std::string& address = "127.0.0.1",
                 std::uint16_t port = 0);
    ~ScriptedPeer();
    ScriptedPeer(const ScriptedPeer&) = delete;
    ScriptedPeer& operator=(const ScriptedPeer&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    void close();
    net::Task<> join() { return tasks_.join(); }
    void go_on();

    PeerScript script_;
    int connections = 0;
    std::vector<std::string> commands;  // as they came
    std::vector<std::string> messages;  // dots removed
    std::vector<bool> in_tls;           // of each message
    std::vector<facts::TlsVersion> versions;

private:
    struct Listening;

    net::Task<> accept();
    net::Task<> serve(std::unique_ptr<net::Stream> stream);
    std::optional<std::string> scripted(const std::string& command) const;
    net::Task<> keep_silent(net::Stream& stream, std::string command);
    net::Task<bool> say(net::Stream& stream, std::string reply);
    std::string hello(const net::Stream& stream) const;
    net::Task<bool> answer(net::Stream& stream, const std::string& command);
    net::Task<bool> start_tls(net::Stream& stream, std::string reply);
    net::Task<bool> shake_hands(net::Stream& stream);
    net::Task<bool> take_data(net::Stream& stream);
    net::Task<bool> take_chunk(net::Stream& stream, std::string command,
                               std::optional<std::string> reply);
    net::Task<bool> end_message(net::Stream& stream, std::string message);

    net::Core& core_;
    std::unique_ptr<Listening> listening_;
    net::TaskGroup tasks_;
    net::Event silence_ended_;
    std::vector<net::Stream*> open_;
    int recipients_ = 0;
};

}  // namespace hermetic::outbound
