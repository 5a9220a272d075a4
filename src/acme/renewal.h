// When a certificate is due, and how long to wait after an order that failed. Pure.
#pragma once

#include "core/time.h"
#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::acme {

// A third of its lifetime before its end; at once where there is none, or where it is not for
// exactly these domains.
[[nodiscard]] WallTime due_at(const std::optional<facts::CertificateFacts>& certificate,
                              const std::vector<std::string>& domains, WallTime now);

// 5, 10, 20 … minutes, at most 8 hours: an ACME server counts failures per hour.
[[nodiscard]] Duration wait_after(std::uint32_t failures);

}  // namespace hermetic::acme
