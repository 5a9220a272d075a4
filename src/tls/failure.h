// From OpenSSL's errors and alerts to facts::TlsFailure. Private to tls/.
#pragma once

#include "facts/tls.h"

#include <string>
#include <string_view>

namespace hermetic::tls {

// RFC 8446 §6: "handshake failure" for 40; "unknown alert" for what it does not name.
[[nodiscard]] std::string_view alert_name(int alert);

struct Observed {
    int received_alert = -1;  // fatal ones
    int sent_alert = -1;
    int system_error = 0;  // errno of a failed read or write; 0: none, or end of file
    bool end_of_file = false;
};

// Empties OpenSSL's error queue.
[[nodiscard]] facts::TlsFailure classify_failure(const Observed& observed);

}  // namespace hermetic::tls
