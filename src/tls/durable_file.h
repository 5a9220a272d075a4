// Files that must be whole after a power failure: written beside their place, synced, renamed, and
// their folder synced.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::tls {

enum class FileMode : std::uint16_t { OwnerOnly = 0600, Readable = 0644 };

// Makes the folder where it is missing. On failure the file is as it was; the error is for people.
[[nodiscard]] Result<void, std::string> write_durably(const std::string& path,
                                                      std::string_view text, FileMode mode);

}  // namespace hermetic::tls
