// What next-hop selection is told: hosts, addresses, what a connection showed. Values only.
//
// Whoever has them by looking (DNS, sockets), by remembering or from a record hands them to
// policy/next_hop.h, which alone says what follows.
#pragma once

#include "core/ip.h"
#include "facts/attempt.h"
#include "facts/tls.h"
#include "policy/attempt_limits.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::policy {

// One host of a route, in the order in which hosts are to be tried.
struct NextHopHost {
    HopFacts hop;       // without TLSA records: those are asked for
    std::string label;  // for people: name, "[192.0.2.1]" or the path of a socket
    // It has greeted at no address for so long that it no longer counts against clear text
    // (specification §4.3: one hour).
    bool long_silent = false;
    // The last attempt ended before it had come to this host.
    bool left_untried = false;
};

struct NextHopAddress {
    Endpoint endpoint;          // 0.0.0.0:0 for a socket
    Reason refused{};           // why it must not be connected to (routing/target_address.h)
    bool dead = false;          // nobody greeted there a moment ago
    bool left_untried = false;  // as of a host
};

// What is lacking of a host's addresses.
struct AddressGaps {
    LeftOut left_out{};  // there are more than an attempt tries
    // The lookup of one family failed: there may be more.
    std::optional<facts::Outcome> unresolved{};
};

// What the effective policy names in files, and what is remembered for it.
struct HopCredentials {
    // Something that the policy names cannot be had: what becomes of the mail.
    std::optional<facts::Outcome> missing{};
    bool login = false;  // somebody is to be logged in
    std::optional<StepKind> remembered{};
};

// What one connection showed, up to where it ended. Nothing in it is judged.
struct ConnectionFacts {
    enum class End : std::uint8_t {
        Ready,            // in TLS where it was asked for, or in clear
        NotOffered,       // ready in clear, but TLS was asked for
        Refused,          // STARTTLS was refused, or the peer closed on hearing it
        HandshakeFailed,  // `failure`
        Failed,           // anything else: `outcome`
    };
    enum class Peer : std::uint8_t {
        Silent,   // nobody answered, or nobody greeted
        Greeted,  // however it went on
        Unknown,  // it was our own fault, or the host is full
    };
    End end = End::Failed;
    Peer peer = Peer::Greeted;
    bool injected = false;    // clear-text octets behind the 220 to STARTTLS
    bool requiretls = false;  // offered inside TLS
    // There also where the session ended after the handshake.
    std::optional<facts::TlsEvidence> tls{};
    std::optional<facts::TlsFailure> failure{};
    std::optional<facts::Outcome> outcome{};  // Refused, HandshakeFailed, Failed
};

// Why a host, or an address of it, could not be used. Words are made of it elsewhere.
struct HopFailure {
    enum class Kind : std::uint8_t {
        Unresolved,       // `outcome`
        Skipped,          // the policy forbids the host
        Credentials,      // what the policy names cannot be had: `outcome`
        OwnFault,         // our own TLS settings do not allow it: `outcome`
        AddressRefused,   // it must not be connected to
        NotOffered,       // no STARTTLS
        StartTlsRefused,  // `outcome`
        Handshake,        // `failure`, the last one
        Retired,          // the same, by the doing of a retirement plan
        Unproved,         // `evidence` does not pass
        Unbelieved,       // `outcome` is a refusal that nothing proves to be the host's
        NoRequireTls,     // REQUIRETLS is not offered inside TLS
        LoginWithheld,  // nothing proves that the password is for this host; `reason`: why, in TLS
                        // with `evidence`
        Failed,         // `outcome`: anything else, the peer's refusals among it
        TimeOver,       // the attempt's time was over before it was tried
        LeftUntried,    // others may take the mail: there are more than an attempt tries
    };
    Kind kind = Kind::Failed;
    Reason reason{};
    facts::Stage stage = facts::Stage::Connect;
    bool temporary = true;
    std::optional<std::size_t> host = 0;  // none: hosts of the route that were left untried
    std::optional<Endpoint> address{};
    std::optional<facts::Outcome> outcome{};
    std::optional<facts::TlsFailure> failure{};
    std::optional<facts::TlsEvidence> evidence{};  // of a completed handshake; brief
    std::string detail{};                          // what DNS said of a lookup that failed
};

// What is worth remembering of a selection. Delivery does; probes drop it.
struct HopNote {
    enum class Kind : std::uint8_t {
        StepWorked,
        StepFailed,
        AddressDead,
        AddressAlive,
        HostSilent,  // it greeted at no address
        HostGreeted,
        LeftUntried,  // the host where `address` is empty, here and below
        Found,        // `finding`; needed only where there are more than an attempt tries
    };
    Kind kind = Kind::AddressAlive;
    std::size_t host = 0;
    std::optional<Endpoint> address{};
    StepKind step = StepKind::Everything;
    HopFinding finding = HopFinding::Unsettled;
    std::optional<smtp::Offer> lacking{};  // as of AttemptCandidate
};

// How a handshake failed.
[[nodiscard]] Reason handshake_reason(const facts::TlsFailure& failure);

}  // namespace hermetic::policy
