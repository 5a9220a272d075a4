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

// By the key of their route (routing::format_key()): it stays when another organization comes to be
// the first.
using Pauses = std::map<std::string, Pause, std::less<>>;

inline constexpr std::size_t kMostPauses = 1000;

// The label that an operator means, in the form that routes have: as lists have it, or a domain or
// address literal for its own MX hosts. Empty: it is neither, or longer than a label is.
[[nodiscard]] std::string parse_destination(std::string_view text);

// With the key in place of each label, while `first` is the first organization: earlier versions
// kept labels.
[[nodiscard]] Pauses complete_keys(const Pauses& pauses, std::string_view first);

[[nodiscard]] std::string format_pauses(const Pauses& pauses);
// The error is for people: which line is not ours. Without a checksum it is of an earlier version,
// or an operator's.
[[nodiscard]] Result<Pauses, std::string> parse_pauses(std::string_view text);

// "paused by alice since 2026-11-30T12:00:00.000Z: moving house"
[[nodiscard]] std::string describe(const Pause& pause);

}  // namespace hermetic::queue
