// The last report of each connector, a file each in a folder below the data directory, so that they
// survive a restart.
//
// A file is written whole, by rename; all are read at the start. What cannot be read is as if it
// were not there: the next day brings a new result. docs/formats/validations.md.
#pragma once

#include "core/result.h"
#include "validation/json.h"

#include <string>

namespace hermetic::validation {

class ResultsFolder {
public:
    // `path`: made with the first report.
    explicit ResultsFolder(std::string path) : path_{std::move(path)} {}

    struct Kept {
        Reports reports;
        std::string fault;  // of files that could not be read; for people
    };
    // Takes over what a version before this one kept: one file, `path` with ".json" behind it.
    [[nodiscard]] Kept load();
    // The error is for people.
    [[nodiscard]] Result<void, std::string> store(const Report& report);
    void remove(const objects::OwnedName& connector);

private:
    [[nodiscard]] std::string file_of(const objects::OwnedName& connector) const;
    void take_over(Kept& kept);

    std::string path_;
};

}  // namespace hermetic::validation
