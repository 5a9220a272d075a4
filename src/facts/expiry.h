// When a certificate's end is near enough to be told: a third of its lifetime is left, at most 30
// days.
//
// Pure. Specification §8: certificates of six days must not be warned of on every day of their
// life, nor those of ten years three years ahead.
#pragma once

#include "facts/tls.h"

#include <algorithm>
#include <chrono>

namespace hermetic::facts {

[[nodiscard]] inline bool is_expiring(const CertificateFacts& certificate, WallTime now)
{
    const WallTime::duration most = std::chrono::hours{24 * 30};
    const auto third = (certificate.not_after - certificate.not_before) / 3;
    return certificate.not_after - now < std::min(most, third);
}

}  // namespace hermetic::facts
