// `hermetic explain --live`: which host would be used now, by which step, under which policy.
#pragma once

#include "cli/explain.h"
#include "validation/local_run.h"
#include "validation/route_check.h"

#include <string>

namespace hermetic::cli {

// What delivery judges of the message before MAIL; of none its addresses alone.
[[nodiscard]] validation::OfferedMessage offered_message_of(const ExplainRequest& request);

// Probes, and reports to the sink. The error is for people.
[[nodiscard]] Result<validation::RouteCheck, std::string> check_route_live(
    const validation::LocalOptions& options, const objects::Snapshot& snapshot,
    const ExplainRequest& request, const validation::Sink& sink);

// What it came to, below the steps.
[[nodiscard]] std::string format_route_check(const validation::RouteCheck& check);
// The explanation's JSON with the member "live".
[[nodiscard]] std::string add_route_check(const std::string& explanation_json,
                                          const validation::RouteCheck& check);

}  // namespace hermetic::cli
