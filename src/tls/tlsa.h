// TLSA records: which of them can be used, and whether a chain is what they say.
//
// RFC 6698 §2.1, RFC 7671 §4 and §5, RFC 7672 §3. OpenSSL's own DANE does the matching, and the
// choice of the strongest digest (RFC 7671 §9). Thread-safe; no state. OpenSSL's headers stay out.
#pragma once

#include "facts/dns.h"

#include <span>
#include <string_view>
#include <vector>

namespace hermetic::tls {

// Those of usage DANE-TA(2) or DANE-EE(3) that are well formed and of a kind that we know. The PKIX
// usages 0 and 1 are none of SMTP's (RFC 7672 §3.1.3).
[[nodiscard]] std::vector<facts::TlsaRecord> usable_records(
    std::span<const facts::TlsaRecord> records);

}  // namespace hermetic::tls
