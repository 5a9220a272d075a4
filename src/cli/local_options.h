// How this process probes partners: as the server would, by its hermetic.toml.
#pragma once

#include "core/result.h"
#include "objects/snapshot.h"
#include "validation/local_run.h"

#include <memory>
#include <span>
#include <string>

namespace hermetic::cli {

// `config` empty: the default file where it can be read, else the defaults of all options and this
// machine's name. The error is for people.
[[nodiscard]] Result<validation::LocalOptions, std::string> local_options(
    const std::string& config);

// The objects of that server; none where `config` is empty and there is no default file. The error
// is for people.
[[nodiscard]] Result<objects::Snapshot::Contents, std::string> local_objects(
    const std::string& config);

// What that server has seen of destinations, from its file: nothing is written. Null where none of
// these organizations has a ratchet that enforces: it holds nothing then. The error is for people.
[[nodiscard]] Result<std::shared_ptr<observations::Observations>, std::string> local_observations(
    const std::string& config, std::span<const objects::Organization> organizations);

}  // namespace hermetic::cli
