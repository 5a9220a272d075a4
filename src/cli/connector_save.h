// Saving an outbound connector: a copy is tested first, and saved whatever was found.
//
// Specification §7: the live connector stays as it is until then; what failed is a warning.
#pragma once

#include "cli/object_commands.h"
#include "validation/step.h"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hermetic::cli {

// What the test of the copy came to.
struct CopyTest {
    std::string state;                       // "ok", "warning", "failed"; empty: there was none
    std::string words;                       // the result, or why there is none
    std::vector<validation::Step> findings;  // that failed or warn
};

// `edit`: the change, as the body of POST or PATCH; live progress goes to standard error.
[[nodiscard]] CopyTest test_copy(const ServerChoice& server, const ObjectChoice& object,
                                 const boost::json::object& edit);

// For people, after it was saved: what failed and how to fix it. Empty where nothing did.
[[nodiscard]] std::string format_warning(const CopyTest& test, const std::string& connector);

// Of the answer to the change, for programs.
[[nodiscard]] boost::json::value describe(const CopyTest& test);

}  // namespace hermetic::cli
