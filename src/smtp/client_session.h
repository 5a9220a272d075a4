// The client's side of a session up to the first transaction: greeting, EHLO and what the server
// offers, STARTTLS, EHLO again.
//
// Pure: says what to write and what to wait for; owns no socket and no clock. RFC 5321 §3.1, §3.2,
// §4.1.4; RFC 3207; RFC 2033 (LMTP).
#pragma once

#include "facts/attempt.h"
#include "smtp/reply_reader.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// What a server's reply to EHLO or LHLO offers: RFC 5321 §4.1.1.1 and the RFC of each keyword.
// Unknown keywords are ignored; a known one with a parameter that cannot be read counts as given
// without it.
struct Capabilities {
    std::string greeting_name;   // the peer's word for itself: its first word, bounded, not escaped
    bool pipelining = false;     // RFC 2920
    bool chunking = false;       // RFC 3030
    bool size = false;           // RFC 1870
    std::uint64_t max_size = 0;  // 0: no limit is known
    bool eight_bit_mime = false;         // RFC 6152
    bool smtputf8 = false;               // RFC 6531
    bool dsn = false;                    // RFC 3461
    bool starttls = false;               // RFC 3207
    bool enhanced_status_codes = false;  // RFC 2034
    bool require_tls = false;            // RFC 8689
    std::uint32_t max_recipients = 0;    // LIMITS RCPTMAX, RFC 9422; 0: none
    std::uint32_t max_messages = 0;      // LIMITS MAILMAX; 0: none
    std::string auth_mechanisms;         // upper case, one space between; bounded

    bool operator==(const Capabilities&) const = default;
};

// From a positive reply to EHLO or LHLO.
[[nodiscard]] Capabilities parse_capabilities(const PeerReply& reply);

enum class Dialect : std::uint8_t { Smtp, Lmtp };

class ClientSession {
public:
    enum class Next : std::uint8_t {
        ReadReply,
        Handshake,  // the peer said 220 to STARTTLS: nothing may be buffered in clear now
        Ready,      // transactions may begin, or start_tls()
        Failed,     // failure() says why; close
    };
    struct Step {
        Next next = Next::ReadReply;
        std::string_view write;  // before anything else; valid until the next call
    };

    ClientSession(Dialect dialect, std::string own_name);

    // On a new connection, in clear or in TLS from the first octet.
    [[nodiscard]] Step start();
    [[nodiscard]] Step on_reply(const PeerReply& reply);
    // Only when Ready in clear, with capabilities().starttls.
    [[nodiscard]] Step start_tls();
    // The handshake is done. What the peer said in clear is forgotten (RFC 3207 §4.2).
    [[nodiscard]] Step on_tls();

    [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }
    [[nodiscard]] facts::Stage stage() const;
    [[nodiscard]] const std::optional<facts::Outcome>& failure() const { return failure_; }
    // The peer said 421: it wants fewer connections, or is going away.
    [[nodiscard]] bool peer_is_busy() const { return busy_; }
    [[nodiscard]] bool in_tls() const { return in_tls_; }

private:
    enum class State : std::uint8_t { Greeting, Ehlo, Helo, StartTls, Handshake, Ready, Failed };

    Step say_hello();
    Step on_hello_reply(const PeerReply& reply);
    Step fail(const PeerReply& reply);
    Step fail_out_of_turn();

    Dialect dialect_;
    std::string own_name_;
    State state_ = State::Greeting;
    bool in_tls_ = false;
    bool busy_ = false;
    Capabilities capabilities_;
    std::optional<facts::Outcome> failure_;
    std::string out_;
};

}  // namespace hermetic::smtp
