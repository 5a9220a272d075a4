// The file `identity` of a spool: that it was made, and how far its log must reach. Pure.
//
// It is written when the spool is made, at every opening, when the log goes on in another file, and
// at the end: a database without the files that this one names has lost something.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::spool {

// What stands in the first line and in the database (Column::Format): raised by a version whose
// spools those before it must not open. A version before looks here first, and changes nothing.
inline constexpr std::uint64_t kSpoolFormat = 1;

// A place in the log that is known to be on the disk.
struct LogPoint {
    std::uint64_t log = 0;       // the number in the file's name: 18 in 000018.log
    std::uint64_t sequence = 0;  // of the last entry that was synced in it

    bool operator==(const LogPoint&) const = default;
};

enum class IdentityError : std::uint8_t {
    Newer,    // of a newer version of this program
    Damaged,  // not what any version wrote
};

[[nodiscard]] std::string format_identity(const LogPoint& point);
[[nodiscard]] Result<LogPoint, IdentityError> parse_identity(std::string_view text);

}  // namespace hermetic::spool
