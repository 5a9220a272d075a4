// The files on disk: read, written whole, with the owner and mode of what was there.
//
// Blocking.
#pragma once

#include "core/result.h"
#include "setup/facts.h"

#include <optional>
#include <string>

namespace hermetic::setup {

// Nullopt in it: there is none. The error is for people.
[[nodiscard]] Result<std::optional<std::string>, std::string> read_file(const std::string& path);

// Atomic, synced. Owner and mode are those of the file `like`; where that is not there, of its
// folder, and 0644.
[[nodiscard]] Result<void, std::string> write_file(const std::string& path, const std::string& text,
                                                   const std::string& like);

// What `path` has, kept as `path`.before-setup (of several times: the last).
[[nodiscard]] Result<void, std::string> keep_copy(const std::string& path);

[[nodiscard]] CertificateState read_certificate(const std::string& chain, const std::string& key);

// While it lives, files are made and opened as the user who owns `folder`: what root makes for the
// server the server can use. Does nothing where this is not root, or the folder is not there.
class ActingAsOwner {
public:
    explicit ActingAsOwner(const std::string& folder);
    ~ActingAsOwner();
    ActingAsOwner(const ActingAsOwner&) = delete;
    ActingAsOwner& operator=(const ActingAsOwner&) = delete;

private:
    bool acts_ = false;
};

}  // namespace hermetic::setup
