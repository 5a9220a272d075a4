// The queue as tables and words. Pure.
#pragma once

#include "cli/queue_commands.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>

namespace hermetic::cli {

// "40s", "14m", "3h12m", "5d2h"
[[nodiscard]] std::string format_age(std::int64_t seconds);
// The recipients of a row of the list: "b@example.org +3"
[[nodiscard]] std::string format_recipients(const boost::json::value& row);
// When it is tried next, seen from when the list was made: "now", "in 14m"
[[nodiscard]] std::string format_next(const boost::json::value& row);

// Of GET /v1/queue, /v1/queue/summary and /v1/destinations.
[[nodiscard]] std::string format_list(const boost::json::value& body);
[[nodiscard]] std::string format_summary(const boost::json::value& body);
[[nodiscard]] std::string format_destinations(const boost::json::value& body);

// "Hold 37 messages?"
[[nodiscard]] std::string format_question(QueueOperation operation, std::int64_t count,
                                          Notify notify);

}  // namespace hermetic::cli
