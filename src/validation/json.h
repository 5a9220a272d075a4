// Steps, reports and findings as JSON text, out and (what is kept in a file) in. Pure.
#pragma once

#include "objects/objects.h"
#include "validation/probe.h"
#include "validation/step.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::validation {

[[nodiscard]] std::string format_json(const Step& step);
[[nodiscard]] std::string format_json(const Report& report);
// Everything that was found: for programs.
[[nodiscard]] std::string format_json(const ProbeFindings& findings);

// nullopt: it is no step.
[[nodiscard]] std::optional<Step> parse_step(std::string_view json);

// The last report of each connector. nullopt: it is not what format_reports wrote. A version before
// this one said no organization: that is empty then.
using Reports = std::map<objects::OwnedName, Report>;
[[nodiscard]] objects::OwnedName connector_of(const Report& report);
[[nodiscard]] std::string format_reports(const Reports& reports);
[[nodiscard]] std::optional<Reports> parse_reports(std::string_view json);

}  // namespace hermetic::validation
