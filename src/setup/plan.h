// What setup would do with the two files, from what they say and what is given.
//
// Blocking: reads small files. Writes nothing until write().
#pragma once

#include "config/diagnostic.h"
#include "config/node_options.h"
#include "core/result.h"
#include "core/time.h"
#include "setup/files.h"
#include "setup/wanted.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::setup {

struct FilePlan {
    std::string path;
    Fate fate = Fate::Same;
    std::string text;  // what would be written
    std::vector<Difference> differences;
    std::vector<std::string> losses;  // why a person's file is not replaced, whatever is said
};

struct Plan {
    WantedNode node;
    WantedOrganization organization;
    FilePlan node_file;
    FilePlan organization_file;  // its path is empty where the directory is the source of truth
    std::vector<std::string> missing;  // flags; nothing else is filled in where there are any
    config::Diagnostics faults;        // of the texts that would be written
    // As the server would have them, once the files are written. Not where there are faults.
    std::optional<config::NodeOptions> options;

    [[nodiscard]] bool changes_anything() const;
};

// The error is for people: a file that is there and cannot be read.
[[nodiscard]] Result<Plan, std::string> make_plan(const std::string& config, const Given& given,
                                                  Overwrite overwrite, WallTime now);

// Writes what the plan says; on failure, which is for people, maybe the first file and not the
// second: run again.
[[nodiscard]] Result<void, std::string> write(const Plan& plan);

}  // namespace hermetic::setup
