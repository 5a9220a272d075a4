// `hermetic explain --live`: which host would be used now, by which rung, under which policy.
#pragma once

#include "cli/explain.h"
#include "validation/local_run.h"
#include "validation/way.h"

#include <string>

namespace hermetic::cli {

// Looks, and tells the sink. The error is for people.
[[nodiscard]] Result<validation::Way, std::string> look_live(
    const validation::LocalOptions& options, const objects::Snapshot& snapshot,
    const ExplainRequest& request, const validation::Sink& sink);

// What it came to, below the steps.
[[nodiscard]] std::string format_way(const validation::Way& way);
// The explanation's JSON with the member "live".
[[nodiscard]] std::string add_way(const std::string& explanation_json, const validation::Way& way);

}  // namespace hermetic::cli
