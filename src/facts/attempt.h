// One attempt to deliver: what was tried, what was found, how it ended, who says so.
//
// Specification §6.1. The values that logs, notices, the API and later the trace are made of.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"
#include "facts/dns.h"
#include "facts/reason.h"
#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::facts {

// Where in the life of an attempt it ended.
enum class Stage : std::uint8_t {
    Route,
    Dns,
    Connect,
    Greeting,
    Ehlo,
    StartTls,
    Handshake,
    Verify,
    Auth,
    Mail,
    Rcpt,
    Data,
    EndOfData,
    Local,
    Done,
};

// Who says so: a decision of ours is never dressed up as the peer's.
enum class Origin : std::uint8_t { Local, Remote };

enum class OutcomeClass : std::uint8_t { Delivered, Deferred, Failed };

[[nodiscard]] std::string_view name(Stage stage);           // "starttls"
[[nodiscard]] std::string_view name(Origin origin);         // "local" | "remote"
[[nodiscard]] std::string_view name(OutcomeClass outcome);  // "delivered" | "deferred" | "failed"

// X.Y.Z of RFC 3463; 0.0.0 where there is none.
struct EnhancedStatus {
    std::uint8_t status_class = 0;
    std::uint16_t subject = 0;
    std::uint16_t detail = 0;
    auto operator<=>(const EnhancedStatus&) const = default;
    [[nodiscard]] std::string format() const;
    // The permanent form of a temporary status, for expiry: 4.4.1 becomes 5.4.1.
    [[nodiscard]] EnhancedStatus permanent() const;
};

// The end of an attempt for one recipient (or for all, where the stage is before RCPT).
struct Outcome {
    OutcomeClass result = OutcomeClass::Deferred;
    Stage stage = Stage::Local;
    Origin origin = Origin::Local;
    int code = 0;  // SMTP reply code; 450/550 for local decisions
    EnhancedStatus enhanced;
    std::string text;  // the peer's words unchanged (lines joined by '\n') if Remote, else ours
    Reason reason{};   // never None once decided
    std::string fix;   // in place of what suggest_fix() says of the reason; mostly empty
};

// The peer replied 421: it closes the connection, whatever it was asked (RFC 5321 §3.8).
[[nodiscard]] bool closes_session(const Outcome& outcome);

// One step of the ladder (specification §4.3), on its own connection.
struct AttemptStep {
    enum class Kind : std::uint8_t {
        Everything,
        Compatible,
        LowerVersion,
        Weak,
        Legacy,
        Clear,
    };
    Kind kind = Kind::Everything;
    std::string host;
    Endpoint address;
    bool succeeded = false;
    Reason reason{};                        // the cause: why this step was taken or how it failed
    std::optional<TlsFailure> tls_failure;  // brief
    // Of a handshake that was completed, where the attempt ended; brief.
    std::optional<TlsEvidence> tls;
};
[[nodiscard]] std::string_view name(AttemptStep::Kind kind);  // "everything" …

// A transaction with one host, for one message (its share of recipients).
struct Attempt {
    MessageId message;         // the spool's id
    MessageId accepted_as;     // the id its sender was told
    std::uint32_t number = 0;  // 1 is the first
    WallTime started{};
    Duration took{};
    SessionId session;         // of the outbound connection; 0 where none was made
    std::string organization;  // whose mail it is, by name
    std::string sender;        // "<…>" for people, printable
    std::string destination;   // its route's label
    std::string connector;     // the outbound connector's name; empty: none decided
    std::string host;          // empty where none was reached
    std::optional<Endpoint> address;
    std::optional<IpAddress> local_address;
    bool reused = false;  // the connection carried a message before
    DnsSecurity mx_security = DnsSecurity::Insecure;
    DnsSecurity address_security = DnsSecurity::Insecure;
    std::string policy;                  // effective policy for people: "opportunistic"
    std::vector<Reason> policy_reasons;  // strongest last
    std::vector<AttemptStep> steps;
    // Of the connection that was used, or made last and refused. Nullopt: in clear, or no
    // handshake.
    std::optional<TlsEvidence> tls;
    std::uint64_t size = 0;
    struct Part {
        std::string recipient;  // printable
        Outcome outcome;
    };
    std::vector<Part> parts;  // one per recipient tried
};

}  // namespace hermetic::facts
