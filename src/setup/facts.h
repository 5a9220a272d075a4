// What was seen of a machine and of DNS, before anybody judges it.
//
// Pure values; inspection.h fills them, judge.h judges them.
#pragma once

#include "core/ip.h"
#include "dns/self_check.h"
#include "facts/dns.h"
#include "facts/dns_text.h"
#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::setup {

enum class ClockState : std::uint8_t { Synchronized, Alone, Unknown };

// What a connection to a mail server showed.
struct Greeting {
    enum class State : std::uint8_t {
        Greeted,
        Closed,  // refused, or closed without a word
        Silent,  // no answer in time, no route
    };
    State state = State::Silent;
    std::string words;  // its first line, or why there is none; printable
};

struct AddressFacts {
    IpAddress address;
    facts::PointerAnswer names;
    Greeting greeting;  // of our port there
};

// The answer to an HTTPS request.
struct FetchedPolicy {
    bool fetched = false;
    std::string body;  // foreign
    std::string why;   // where not fetched
};

struct DomainFacts {
    std::string name;
    facts::MxAnswer mx;
    facts::TextAnswer texts;    // of the domain itself: SPF
    facts::TextAnswer sts;      // _mta-sts
    FetchedPolicy policy;       // asked for only where `sts` has a record
    facts::TextAnswer reports;  // _smtp._tls
};

struct OutboundFacts {
    std::string host;  // that was greeted; empty: none could be named
    Greeting greeting;
};

struct NetworkFacts {
    ClockState clock = ClockState::Unknown;
    dns::ValidationReport validation;
    std::vector<IpAddress> local;  // of this machine
    facts::AddressAnswer host;     // of the host name
    std::vector<AddressFacts> addresses;
    std::optional<OutboundFacts> outbound;  // nullopt: not tried
    facts::TlsaAnswer tlsa;                 // of the host, port 25
    std::vector<DomainFacts> domains;
};

// The certificate that the files have.
struct CertificateState {
    std::optional<facts::CertificateFacts> certificate;
    std::string why;  // where there is none
};

}  // namespace hermetic::setup
