// DNS answers as facts, each with its DNSSEC status.
#pragma once

#include "core/ip.h"
#include "core/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::facts {

// Security status of an answer (RFC 4035 §4.3). Bogus answers carry no data. What nobody has set is
// not secure.
enum class DnsSecurity : std::uint8_t { Insecure, Secure, Bogus };

enum class DnsStatus : std::uint8_t {
    Found,
    NoData,    // the name exists, not with this type
    NxDomain,  // the name does not exist
    Failed,    // SERVFAIL, timeout, bogus: unknown, hence temporary
};

[[nodiscard]] std::string_view name(DnsSecurity security);  // "secure" …
[[nodiscard]] std::string_view name(DnsStatus status);      // "found", "no-data" …

// Common to all answers.
struct DnsFacts {
    DnsStatus status = DnsStatus::Failed;
    DnsSecurity security = DnsSecurity::Insecure;
    // For Failed: the question, and the resolver's words: "MX: SERVFAIL", "TLSA: bogus (DNSSEC:
    // …)". Printable, bounded.
    std::string why;
    std::string canonical_name;  // after CNAMEs; lower case, no trailing dot
    Duration time_to_live{};
};

struct MxRecord {
    std::uint16_t preference = 0;
    std::string exchange;  // lower case, no trailing dot; "" is the root: null MX (RFC 7505)
};

struct MxAnswer : DnsFacts {
    std::vector<MxRecord> records;
};

struct AddressAnswer : DnsFacts {
    std::vector<IpAddress> addresses;
    // security is Secure only if both the A and the AAAA answers are (RFC 7672 §2.2).
    // Of what is Found: why the other family could not be looked up, as in `why`; empty: it could.
    std::string missing;
};

struct TlsaRecord {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    std::string data;  // raw octets
};

struct TlsaAnswer : DnsFacts {
    std::vector<TlsaRecord> records;
};

// The TLSA records of one host, as DNSSEC proved them.
struct TlsaSet {
    std::string base;  // the TLSA base domain (RFC 7672 §2.2.3): SNI, and a name of DANE-TA
    std::vector<TlsaRecord> records;  // usable ones (tls/tlsa.h); not empty
    // The other names that a DANE-TA certificate may have (RFC 7672 §3.2.2).
    std::vector<std::string> names{};
};

}  // namespace hermetic::facts
