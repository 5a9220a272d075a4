// Objects of a kind as a table, and one of them, for people.
//
// Pure. What a kind shows is one row of a table in object_table.cc.
#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hermetic::cli {

// As /v1/objects has them; outbound connectors with their validations (connector_validations.h).
[[nodiscard]] std::string format_objects(std::string_view kind,
                                         const std::vector<boost::json::value>& objects);
[[nodiscard]] std::string format_object(const boost::json::value& object);

}  // namespace hermetic::cli
