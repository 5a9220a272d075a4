// Asking the running server, and saying on standard error why it did not answer.
#pragma once

#include "cli/commands.h"

#include <boost/json/value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::cli {

// Calls, prints the body where JSON was asked for, else hands it to `show`. Returns the exit code.
[[nodiscard]] int call_server(const ServerChoice& server, const std::string& method,
                              const std::string& target, Output output,
                              const std::function<void(const boost::json::value&)>& show);

// Calls; nullopt after having said on standard error why there is no answer, or what was refused
// (each diagnostic on a line of its own). `code` is then the exit code.
[[nodiscard]] std::optional<std::string> ask_server(const ServerChoice& server,
                                                    const std::string& method,
                                                    const std::string& target,
                                                    const std::string& body, int& code);

// JSON of an answer; null after having said that it is none.
[[nodiscard]] boost::json::value parse_answer(const std::string& body);

// An answer that comes line by line, told of as it comes. Returns the exit code, having said on
// standard error what was refused.
[[nodiscard]] int read_lines_from_server(const ServerChoice& server, const std::string& method,
                                         const std::string& target,
                                         const std::function<void(std::string_view)>& on_line);

// The same with a body, for what may fail without ending the command: nullopt where the answer came
// to its end, else why not, for people.
[[nodiscard]] std::optional<std::string> stream_from_server(
    const ServerChoice& server, const std::string& method, const std::string& target,
    const std::string& body, const std::function<void(std::string_view)>& on_line);

// The body as text, for what is not JSON.
[[nodiscard]] int print_from_server(const ServerChoice& server, const std::string& target);

// Members of an object, with a default where they are missing: the server may be older.
[[nodiscard]] std::string text_of(const boost::json::value& value, std::string_view key);
[[nodiscard]] std::int64_t number_of(const boost::json::value& value, std::string_view key);

}  // namespace hermetic::cli
