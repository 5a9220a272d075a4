// One connection through somebody on the path: what of the octets of either side goes on, changed
// or not, and what is forged.
//
// Pure: no sockets, no clock. Octets come in pieces of any size; what is kept of them is bounded,
// and a side that exceeds the bound is cut off. What is read is the part of SMTP before MAIL
// (RFC 5321, RFC 3207) and of a ClientHello the versions on offer (RFC 8446 §4.1.2, §4.2.1).
#pragma once

#include "lab/on_path_attack.h"

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::lab {

// What the connections through one OnPath know of each other.
struct OnPathMemory {
    int handshakes = 0;              // ClientHellos so far
    bool recording_taken = false;    // by the first connection in which a handshake began
    std::string recorded_to_client;  // of its TLS
    std::string recorded_to_server;
};

struct OnPathStep {
    enum class End { No, Close, Reset };
    std::string to_client;
    std::string to_server;
    End end = End::No;  // after what is to be sent
};

class OnPathSession {
public:
    static constexpr std::size_t kLongestReply = 64 * 1024;  // and command, and ClientHello
    static constexpr std::size_t kLongestRecording = 256 * 1024;

    // Both outlive the session.
    OnPathSession(const OnPathAttack& attack, OnPathMemory& memory);

    [[nodiscard]] OnPathStep from_client(std::string_view octets);
    [[nodiscard]] OnPathStep from_server(std::string_view octets);

private:
    enum class Phase {
        Speaking,  // before MAIL: commands and replies are read
        Passing,   // nothing is read any more
        Hello,     // 220 to STARTTLS was said: a ClientHello is next
        Tls,
    };
    enum class Awaited { Greeting, HelloReply, StarttlsReply, OtherReply };

    void on_command(std::string_view line, OnPathStep& step);
    void on_reply(std::string reply, OnPathStep& step);
    void on_hello_octets(std::string_view octets, OnPathStep& step);
    void on_client_hello(OnPathStep& step);
    void break_handshake(OnPathStep& step);
    void client_tls(std::string_view octets, OnPathStep& step);
    void server_tls(std::string_view octets, OnPathStep& step);
    [[nodiscard]] bool breaks_this(std::string_view hello);
    [[nodiscard]] std::string change_hello_reply(std::string reply) const;

    const OnPathAttack& attack_;
    OnPathMemory& memory_;
    Phase phase_ = Phase::Speaking;
    Awaited awaited_ = Awaited::Greeting;
    std::string client_;  // not yet a line, or not yet a ClientHello
    std::string server_;  // not yet a reply
    bool records_ = false;
    bool corrupts_ = false;
    bool replays_ = false;  // and drops what the side says in whose place it speaks
    std::size_t tls_to_client_ = 0;
    std::size_t tls_to_server_ = 0;
};

// The length of the first whole reply in `octets`, with its last CRLF; nullopt: there is none yet.
[[nodiscard]] std::optional<std::size_t> whole_reply(std::string_view octets);

// Whether a TLS record holds a ClientHello that offers TLS 1.3; false too where it is none.
[[nodiscard]] bool offers_tls13(std::string_view record);

}  // namespace hermetic::lab
