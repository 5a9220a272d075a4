// From a resolver's raw answers to facts. Pure: foreign bytes in, bounded values out.
//
// RDATA as RFC 1035 §3.3.9 (MX), §3.3.12 (PTR), §3.3.14 (TXT), §3.4.1 (A), RFC 3596 §2.2 (AAAA),
// RFC 6698 §2.1 (TLSA).
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/dns.h"
#include "facts/dns_text.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::dns {

// What the resolver said to one question.
struct RawAnswer {
    std::string trouble;  // why there is no answer at all: "timeout"; empty: there is one
    int rcode = 0;
    bool have_data = false;
    bool nxdomain = false;
    bool secure = false;
    bool bogus = false;
    std::string why_bogus;
    std::string canonical_name;  // as the resolver writes it; empty: the name asked for
    Duration time_to_live{};
    std::vector<std::string> data;  // RDATA, names uncompressed
};

// A domain name in wire form as text, lower case, without the trailing dot; "" is the root. nullopt
// for what does not end, is too long, or has octets that no host name has.
[[nodiscard]] std::optional<std::string> parse_wire_name(std::string_view wire);

[[nodiscard]] facts::MxAnswer mx_answer(const std::string& name, const RawAnswer& raw);
[[nodiscard]] facts::AddressAnswer address_answer(const std::string& name, const RawAnswer& a,
                                                  const RawAnswer& aaaa);
// Records too short to be of any kind are left out; whether the others can be used, tls/ knows.
[[nodiscard]] facts::TlsaAnswer tlsa_answer(const std::string& name, const RawAnswer& raw);
// To a question for a CNAME: what is said of it, not where it leads.
[[nodiscard]] facts::DnsFacts alias_answer(const std::string& name, const RawAnswer& raw);
[[nodiscard]] facts::TextAnswer text_answer(const std::string& name, const RawAnswer& raw);
[[nodiscard]] facts::PointerAnswer pointer_answer(const std::string& name, const RawAnswer& raw);

// Where the names of an address stand: "1.2.0.192.in-addr.arpa" (RFC 1035 §3.5), nibbles below
// "ip6.arpa" (RFC 3596 §2.5).
[[nodiscard]] std::string reverse_name(const IpAddress& address);

}  // namespace hermetic::dns
