// What a server's reply to EHLO or LHLO offers. Pure.
//
// RFC 5321 §4.1.1.1 and the RFC of each keyword. Unknown keywords are ignored; a known one with a
// parameter that cannot be read counts as given without it.
#pragma once

#include "smtp/reply_reader.h"

#include <cstdint>
#include <string>

namespace hermetic::smtp {

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

}  // namespace hermetic::smtp
