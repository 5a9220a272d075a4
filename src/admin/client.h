// The control API's client, for the command line. Blocking, bounded by a deadline.
#pragma once

#include "admin/http.h"
#include "core/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace hermetic::admin {

// The error is for people: it names the socket and what is expected.
[[nodiscard]] Result<Response, std::string> call(const std::string& socket,
                                                 const std::string& method,
                                                 const std::string& target,
                                                 const std::string& body = {});

// The same for an answer that comes line by line: told of each as it comes, without its newline.
// Answers above 299 come whole, in the body.
[[nodiscard]] Result<Response, std::string> call_for_lines(
    const std::string& socket, const std::string& method, const std::string& target,
    const std::function<void(std::string_view)>& on_line, const std::string& body = {});

// For query values and path segments.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace hermetic::admin
