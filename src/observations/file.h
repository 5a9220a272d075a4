// The observations' file: SQLite, docs/formats/observations.md.
//
// Private to the folder. One thread at a time. Errors are for people.
#pragma once

#include "core/result.h"
#include "directory/sqlite.h"
#include "observations/observations.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::observations {

class File {
public:
    // Makes it where there is none.
    [[nodiscard]] static Result<std::unique_ptr<File>, std::string> open(const std::string& path);
    // Beside a server that may be writing it: changes nothing, and makes none.
    [[nodiscard]] static Result<std::unique_ptr<File>, std::string> open_to_read(
        const std::string& path);

    struct Contents {
        std::vector<Destination> destinations;
        std::vector<Client> clients;
    };
    [[nodiscard]] Result<Contents, std::string> read();
    // All of them or none.
    [[nodiscard]] Result<void, std::string> write(const Observations::Changes& changes);

private:
    File(directory::Connection connection, std::string path)
        : connection_{std::move(connection)}, path_{std::move(path)}
    {
    }
    [[nodiscard]] std::string failed() const;
    [[nodiscard]] bool put(const std::vector<Destination>& destinations);
    [[nodiscard]] bool put(const std::vector<Client>& clients);
    [[nodiscard]] bool remove(const Observations::Changes& changes);

    directory::Connection connection_;
    std::string path_;
};

}  // namespace hermetic::observations
