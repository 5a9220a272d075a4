// Lines of the log that could not be written, by cause. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hermetic::ledger {

// Why lines are lost.
enum class LossCause : std::uint8_t {
    Full,    // no room: the disk, a quota, a limit of the file's size
    Closed,  // nobody has the other end of the pipe or socket
    Unread,  // somebody has it and does not read
    Failed,  // anything else
};
inline constexpr std::size_t kLossCauses = 4;
[[nodiscard]] std::string_view name(LossCause cause);

// Lines, by cause.
using Losses = std::array<std::uint64_t, kLossCauses>;

}  // namespace hermetic::ledger
