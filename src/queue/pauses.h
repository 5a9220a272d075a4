// Destinations that an operator has paused: nothing is delivered to them until they are resumed.
//
// Pure. What is kept on disk is the text here (docs/formats/pauses.md); dispatch/pause_file.h reads
// and writes it.
#pragma once

#include "core/result.h"
#include "core/time.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace hermetic::queue {

struct Pause {
    std::string by;   // the account that asked; printable
    std::string why;  // in the operator's words; printable, may be empty
    WallTime at{};    // by the wall clock
    bool operator==(const Pause&) const = default;
};

// By the label of their route (routing/route.h): it names the way, as lists do.
using Pauses = std::map<std::string, Pause, std::less<>>;

inline constexpr std::size_t kMostPauses = 1000;

// The label that an operator means: as lists have it, or a domain for its own MX hosts. Empty: it
// is neither, or longer than a label is.
[[nodiscard]] std::string parse_destination(std::string_view text);

[[nodiscard]] std::string format_pauses(const Pauses& pauses);
// The error is for people: which line is not ours.
[[nodiscard]] Result<Pauses, std::string> parse_pauses(std::string_view text);

// "paused by alice since 2026-11-30T12:00:00.000Z: moving house"
[[nodiscard]] std::string describe(const Pause& pause);

}  // namespace hermetic::queue
