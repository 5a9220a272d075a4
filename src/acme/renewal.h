// When a certificate is due, and how long to wait after an order that failed. Pure.
#pragma once

#include "core/time.h"
#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::acme {

// A third of its lifetime before its end; at once where there is none, or where it is not for
// exactly these domains.
[[nodiscard]] WallTime due_at(const std::optional<facts::CertificateFacts>& certificate,
                              const std::vector<std::string>& domains, WallTime now);

// 5, 10, 20 … minutes, at most 8 hours: an ACME server counts failures per hour. More where it asks
// for more, at most a day.
[[nodiscard]] Duration wait_after(std::uint32_t failures,
                                  std::optional<Duration> asked = std::nullopt);

// What is kept of orders that have not succeeded, so that a server that is started again and again
// does not order each time. Written before an order: one that a crash cut off is a failed one.
struct Attempts {
    std::string order;  // what was ordered, of whom, as a digest: another order is not held up
    std::uint32_t failures = 0;
    WallTime next{};   // not before
    std::string what;  // why the last one failed
    bool operator==(const Attempts&) const = default;
};
[[nodiscard]] std::string format_attempts(const Attempts& attempts);
// Nullopt: it is damaged, and nothing is known.
[[nodiscard]] std::optional<Attempts> parse_attempts(std::string_view text);

// When `order` may be placed by what is kept; `next` does not count beyond a day, whatever the
// clock has done meanwhile.
[[nodiscard]] WallTime next_try(const std::optional<Attempts>& kept, std::string_view order,
                                WallTime now);

}  // namespace hermetic::acme
