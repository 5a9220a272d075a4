// The queue as tables and words. Pure.
#pragma once

#include "cli/queue_commands.h"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::cli {

// "40s", "14m", "3h12m", "5d2h"
[[nodiscard]] std::string format_age(std::int64_t seconds);
// The recipients of a row of the list: "b@example.org +3"
[[nodiscard]] std::string format_recipients(const boost::json::value& row);
// When it is tried next, seen from when the list was made: "now", "in 14m"
[[nodiscard]] std::string format_next(const boost::json::value& row);

// Of GET /v1/queue, /v1/queue/summary and /v1/destinations.
// `if_empty`: a line of its own (format_nothing()).
[[nodiscard]] std::string format_list(const boost::json::value& body, std::string_view if_empty);
[[nodiscard]] std::string format_summary(const boost::json::value& body, std::string_view if_empty);
// "3 attempts, from 1 to 4, last at 2026-11-30T12:00:00.000Z, mx.example.org: connect.refused, …",
// "attempt 1, at …".
[[nodiscard]] std::string format_cause(const boost::json::value& cause);
// What a list without rows says: of the whole queue, or of a selection beside `queued` messages.
enum class Listed : std::uint8_t { Everything, Selection };
[[nodiscard]] std::string format_nothing(Listed listed, std::int64_t queued);
[[nodiscard]] std::string format_destinations(const boost::json::value& body);

// "Hold 37 messages?"
[[nodiscard]] std::string format_question(QueueOperation operation, std::int64_t count,
                                          Notify notify);

}  // namespace hermetic::cli
