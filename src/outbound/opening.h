// From a connected stream to a session that may carry mail: greeting, EHLO, and STARTTLS where it
// is asked for.
//
// Judges nothing: what an end means is decided by the ladder, or by the probe. RFC 5321 §3.1 and
// §3.2, RFC 3207.
#pragma once

#include "core/time.h"
#include "facts/attempt.h"
#include "facts/tls.h"
#include "net/stream.h"
#include "net/task.h"
#include "outbound/hosts.h"
#include "smtp/client_session.h"
#include "tls/context.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hermetic::outbound {

struct OpeningRequest {
    smtp::Dialect dialect = smtp::Dialect::Smtp;
    bool implicit_tls = false;  // the handshake comes first; without one nothing is said
    std::string ehlo_name;
    // Nullopt: in clear, whatever is offered. Without a context the handshake fails, by us.
    std::optional<tls::ClientHandshake> handshake;
    // Until when the step of this stage may last that begins now.
    std::function<Instant(facts::Stage)> deadline;
};

// What one connection showed, up to where it ended.
struct Opened {
    enum class End : std::uint8_t {
        Ready,            // in TLS where it was asked for, or in clear
        NotOffered,       // ready in clear, but TLS was asked for
        Refused,          // STARTTLS was sent and refused (not by 421), or answered by closing
        HandshakeFailed,  // `failure`
        Failed,           // anything else: `outcome`
    };
    End end = End::Failed;
    facts::Stage stage = facts::Stage::Connect;  // where it ended
    std::string greeting;                        // as it came
    std::optional<smtp::Capabilities> offered;   // in clear
    std::optional<smtp::Capabilities> offered_in_tls;
    // There also where the peer ended the session after the handshake.
    std::optional<facts::TlsEvidence> tls;
    std::optional<facts::TlsFailure> failure;
    std::optional<facts::Outcome> outcome;  // Refused, HandshakeFailed, Failed
    bool lost = false;                      // it broke, or was silent for too long
    bool busy = false;                      // 421
    bool injected = false;                  // clear-text octets behind the 220 to STARTTLS

    [[nodiscard]] bool is_usable() const { return end == End::Ready || end == End::NotOffered; }
};

[[nodiscard]] smtp::Dialect dialect_of(const Host& host);

[[nodiscard]] bool has_implicit_tls(const Host& host);

// Without context, trust and cache. `server_name`: policy::server_name().
[[nodiscard]] tls::ClientHandshake handshake_with(const Host& host, std::string server_name,
                                                  std::shared_ptr<const facts::TlsaSet> tlsa);

// `stream` outlives the await, and is closed at the end where the result is not usable.
[[nodiscard]] net::Task<Opened> open_session(net::Stream& stream, OpeningRequest request);

}  // namespace hermetic::outbound
