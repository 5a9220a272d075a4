// Asking the running server, and saying on standard error why it did not answer.
#pragma once

#include "cli/commands.h"

#include <boost/json/value.hpp>

#include <functional>
#include <string>

namespace hermetic::cli {

// Calls, prints the body where JSON was asked for, else hands it to `show`. Returns the exit code.
[[nodiscard]] int call_server(const ServerChoice& server, const std::string& method,
                              const std::string& target, Output output,
                              const std::function<void(const boost::json::value&)>& show);

// The body as text, for what is not JSON.
[[nodiscard]] int print_from_server(const ServerChoice& server, const std::string& target);

// Members of an object, with a default where they are missing: the server may be older.
[[nodiscard]] std::string text_of(const boost::json::value& value, std::string_view key);
[[nodiscard]] std::int64_t number_of(const boost::json::value& value, std::string_view key);

}  // namespace hermetic::cli
