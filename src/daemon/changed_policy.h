// Which waiting mail a change of objects could help, although its route stays as it is.
//
// Pure. Specification §6: such mail is tried again at once. Mail whose route changes is moved and
// tried by the dispatcher.
#pragma once

#include "objects/snapshot.h"

#include <set>
#include <string>
#include <string_view>

namespace hermetic::daemon {

class ChangedPolicy {
public:
    // A comment changes nothing.
    ChangedPolicy(const objects::Snapshot& before, const objects::Snapshot& after);

    [[nodiscard]] bool any() const
    {
        return !connectors_.empty() || !organizations_.empty() || !accepted_domains_.empty();
    }
    // Whether mail of this route (its key) may now fare otherwise.
    [[nodiscard]] bool concerns(std::string_view route_key) const;

private:
    std::set<std::string> connectors_;        // outbound, that were there and differ
    std::set<std::string> organizations_;     // that differ
    std::set<std::string> accepted_domains_;  // whose settings for their next hop differ
    std::string first_;                       // whose mail names no organization
};

}  // namespace hermetic::daemon
