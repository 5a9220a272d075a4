// The control API's client, for the command line. Blocking, bounded by a deadline.
#pragma once

#include "admin/http.h"
#include "core/result.h"

#include <string>

namespace hermetic::admin {

// The error is for people: it names the socket and says what would be right.
[[nodiscard]] Result<Response, std::string> call(const std::string& socket,
                                                 const std::string& method,
                                                 const std::string& target,
                                                 const std::string& body = {});

// For query values and path segments.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace hermetic::admin
