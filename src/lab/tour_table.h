// The table that a tour ends with. Pure.
#pragma once

#include "lab/attempt_log.h"
#include "lab/behaviour.h"
#include "lab/record.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::lab {

struct TourStop {
    const Behaviour* behaviour = nullptr;
    std::optional<AttemptLine> attempt;     // what the server says of it; nullopt: nothing in time
    std::optional<MessageRecord> received;  // what the partner says
};

// What was expected under the default policy: the outcome by the server's word, the protection by
// the partner's.
[[nodiscard]] bool is_as_expected(const TourStop& stop);

// "TLSv1.3 TLS_AES_256_GCM_SHA384 X25519", "in clear", "nothing was sent".
[[nodiscard]] std::string describe_protection(const TourStop& stop);

// Reason and words, with the steps that failed before.
[[nodiscard]] std::string describe_reason(const TourStop& stop);

// Columns wrapped at blanks so that no line is longer than `width` (at least 80).
[[nodiscard]] std::string format_tour_table(const std::vector<TourStop>& stops, std::size_t width);

}  // namespace hermetic::lab
