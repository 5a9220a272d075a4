// Files that must be whole after a power failure: written beside their place, synced, renamed, and
// their folder synced.
#pragma once

#include "core/result.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::tls {

enum class FileMode : std::uint16_t { OwnerOnly = 0600, Readable = 0644 };

// Who may read and write it; the owner, where it is not to be this process's.
struct FileAccess {
    struct Owner {
        uid_t user;
        gid_t group;
    };
    mode_t mode = 0600;
    std::optional<Owner> owner;
};

// Makes the folder where it is missing. On failure, whose error is for people, the file is as it
// was, or, as the error says then, new and not certain to outlive a power failure. Nobody sees it
// with another owner or mode.
[[nodiscard]] Result<void, std::string> write_durably(const std::string& path,
                                                      std::string_view text,
                                                      const FileAccess& access);
[[nodiscard]] Result<void, std::string> write_durably(const std::string& path,
                                                      std::string_view text, FileMode mode);

}  // namespace hermetic::tls
