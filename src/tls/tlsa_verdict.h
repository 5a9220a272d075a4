// The verdict on a server's chain by the TLSA records of its host. Private to tls/.
#pragma once

#include "facts/dns.h"
#include "facts/tls.h"
#include "tls/openssl.h"

namespace hermetic::tls {

// RFC 7671 §5, RFC 7672 §3, at the present time. DANE-EE: names and dates do not count; DANE-TA:
// both do. Keys below 112 bits of security fail both (specification §4.1). `leaf` and `rest` may be
// null.
[[nodiscard]] facts::TlsaVerdict judge_tlsa(X509* leaf, STACK_OF(X509) * rest,
                                            const facts::TlsaSet& set);

}  // namespace hermetic::tls
