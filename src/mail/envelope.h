// The envelope: what a message needs beside its bytes to be delivered, and to be answered for.
//
// Pure values. Written once when the message is accepted, never changed; what changes is
// spool::MessageState.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"
#include "mail/address.h"
#include "mail/tls_level.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::mail {

enum class BodyType : std::uint8_t { SevenBit, EightBitMime };  // BINARYMIME is not offered

// NOTIFY of RFC 3461 §4.1, a set of bits; 0 means that the sender did not say.
enum Notify : std::uint8_t {
    kNotifyUnset = 0,
    kNotifyNever = 1,
    kNotifySuccess = 2,
    kNotifyFailure = 4,
    kNotifyDelay = 8,
};

enum class Ret : std::uint8_t { Unset, Full, Headers };  // RFC 3461 §4.3

struct Recipient {
    Mailbox address;
    std::uint8_t notify = kNotifyUnset;
    std::string orcpt;  // "rfc822;user@example.org", decoded from xtext; empty where not given

    bool operator==(const Recipient&) const = default;
};

// How the message came to us, for Received, notices and the trace.
struct Arrival {
    SessionId session;
    std::string listener;  // its name
    Endpoint client;
    std::string helo;         // as the client said it
    std::string protocol;     // "ESMTPS" …, RFC 3848 and RFC 6531
    std::string tls_version;  // "TLSv1.3"; empty in clear
    std::string tls_cipher;
    std::string tls_group;
    std::string connector;  // the owner's inbound connector that admitted the client; empty: none
    bool internal = false;  // that connector says so (treat_as_internal)

    bool operator==(const Arrival&) const = default;
};

struct Envelope {
    MessageId accepted_as;  // the id the client was told; splits and their log lines share it
    ReversePath sender;
    std::vector<Recipient> recipients;  // one route's share of them, in the order they were given
    BodyType body_type = BodyType::SevenBit;
    bool smtputf8 = false;  // the message itself needs it (RFC 6531 §3.4)
    Ret ret = Ret::Unset;
    std::string envid;  // decoded from xtext; empty where not given
    WallTime accepted_at{};
    std::uint64_t size = 0;    // octets of the stored body, trace fields included
    std::string organization;  // the owner, by name; objects of others never apply
    std::string message_id;    // header field, for logs; bounded, may be empty
    bool is_notice = false;    // our own report: never answered by another
    TlsRequests tls;           // what the message itself asks of every hop
    Arrival arrival;

    bool operator==(const Envelope&) const = default;
};

}  // namespace hermetic::mail
