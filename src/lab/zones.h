// The lab's DNS data, made from the table of partners. Pure.
#pragma once

#include "core/ip.h"
#include "lab/behaviour.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::lab {

// A partner and the address of its host.
struct Placement {
    const Behaviour* behaviour = nullptr;
    IpAddress address;
};

struct ZoneData {
    std::vector<std::string> records;  // master file lines with absolute names (RFC 1035 §5)
    std::set<std::string> failing;     // SERVFAIL for these domains and what is below
    std::set<std::string> silent;      // no answer for these
};

// The whole of lab.test. `dead` is a loopback address where nothing listens.
[[nodiscard]] ZoneData make_zone_data(const std::vector<Placement>& placements,
                                      const IpAddress& dead);

// Whether `name` is `domain` or below it; lower case, without trailing dots.
[[nodiscard]] bool is_within(std::string_view name, std::string_view domain);

}  // namespace hermetic::lab
