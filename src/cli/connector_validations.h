// What the last validations of outbound connectors came to, beside the connectors themselves.
#pragma once

#include "cli/commands.h"

#include <boost/json/value.hpp>

#include <string>

namespace hermetic::cli {

// Adds a member "validation" to each connector of the list `connectors`: what GET /v1/validations
// says of it. Returns the exit code, having said on standard error why there is no answer.
[[nodiscard]] int add_validations(const ServerChoice& server, boost::json::array& connectors);

// Of a connector with that member, printable, in a line. Empty where there is nothing to say.
// "failed 2026-11-22T02:05:01.000Z"; "never"; "not tested: the connector is disabled".
[[nodiscard]] std::string validation_text(const boost::json::value& connector);
// "policy of mx.example.org 192.0.2.1:25: the certificate does not have the expected name".
[[nodiscard]] std::string finding_text(const boost::json::value& connector);
// What would help there.
[[nodiscard]] std::string fix_text(const boost::json::value& connector);

}  // namespace hermetic::cli
