// The exceptions of all objects in one place: to list them, to remind of their ends, and to keep
// them short. What they do is policy/tls_policy.h and policy/inbound_attribution.h.
//
// Pure. Specification §3.1: at most a year ahead; reminded of at 14, 7 and 1 days.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "core/time.h"
#include "objects/snapshot.h"

#include <optional>
#include <string>
#include <vector>

namespace hermetic::objects {

struct ListedException {
    std::string kind;  // "outbound_connector", "accepted_domain", "inbound_connector"
    std::string name;
    std::string organization;
    bool enabled = true;  // the object
    std::string weaker;   // "tls = \"encrypt\", min_tls = \"1.0\""
    WallTime valid_until{};
    std::string reason;
};

// Also those that have ended, until they are removed. The first to end first.
[[nodiscard]] std::vector<ListedException> exceptions_of(const Snapshot::Contents& contents);

inline constexpr Duration kLongestException = std::chrono::hours{24 * 366};
// Where objects are written down; without a document there are no lines.
struct Written {
    const config::Node* document = nullptr;
    std::string file{};
};
// What keeps exceptions of `after` from being saved: an end later than a year after `now`, a value
// that is stronger than the lasting one and would do nothing. What was the same in `before` was
// allowed once, by whatever clock or version.
[[nodiscard]] config::Diagnostics exception_faults(const Snapshot::Contents& before,
                                                   const Snapshot::Contents& after, WallTime now,
                                                   const Written& written = {});

// What is to be reported of an end, from one check of the clock to the next: that 14, 7 or 1 days
// are left, or (0) that it has come. Nullopt: nothing. Without an earlier check: what was due last.
[[nodiscard]] std::optional<int> reminder_due(WallTime valid_until, std::optional<WallTime> before,
                                              WallTime now);

}  // namespace hermetic::objects
