// Notices that one of some files has changed, by looking: rename, symbolic links and network file
// systems all show in a file's identity, which notification interfaces miss in part.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hermetic::daemon {

// Not thread-safe.
class FileWatch {
public:
    // Replaces the set of files; what they are now counts as known.
    void watch(const std::vector<std::string>& files);
    // Adds those that are not watched yet.
    void add(const std::vector<std::string>& files);
    // The files that changed, appeared or went since the last check. A file that is being written
    // is reported once it has stayed the same for one check.
    [[nodiscard]] std::vector<std::string> check();

private:
    struct Identity {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t size = -1;  // -1: there is no such file
        std::int64_t modified_ns = 0;
        std::int64_t changed_ns = 0;  // also by a change of mode or owner
        bool operator==(const Identity&) const = default;
    };
    struct Watched {
        Identity known;
        Identity last;
    };
    [[nodiscard]] static Identity identify(const std::string& file);
    std::map<std::string, Watched> files_;
};

}  // namespace hermetic::daemon
