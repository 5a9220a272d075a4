// Reads the files that operators name: one way for all of them, which never waits.
//
// A name may lead to anything: a named pipe without a writer, a device without an end, a socket.
// Only regular files are read, at most so many octets of them, and what is checked is what is read.
// A disk may still be slow. Beside the clock and the random seed the one exception to core's "no
// I/O".
#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hermetic {

struct FileError {
    enum class Kind : std::uint8_t {
        Missing,     // there is no file of that name
        Unreadable,  // it may not be opened or read
        NotRegular,  // a directory, a pipe, a device, a socket
        TooLarge,
    };
    Kind kind = Kind::Unreadable;
    std::string what;      // without the name: "it is a named pipe"
    std::string expected;  // "a regular file"
};

struct FileText {
    std::string octets;
    std::uint64_t size = 0;  // of the whole file, in octets, when it was opened
    bool exposed = false;    // everybody may read or write it
    std::uint32_t mode = 0;  // of permissions: 0640
};

// The whole file. More than `max_octets` are an error, also where it grows while it is read. No
// copy of the octets is left in memory but the result, whose owner may wipe it.
[[nodiscard]] Result<FileText, FileError> read_file(const std::string& path,
                                                    std::size_t max_octets);

// Its first octets, as many as there are, at most `octets`; the file may be longer.
[[nodiscard]] Result<FileText, FileError> read_file_start(const std::string& path,
                                                          std::size_t octets);

}  // namespace hermetic
