// What a change of objects or of the files that they name means for the mail of a route: whether it
// may fare otherwise, although it goes the same way.
//
// Pure. Specification §6: what a change could help is tried again at once. Two effective policies
// are compared, not two objects: a comment, or a value that another one overrides, changes nothing.
// Open connections need no telling: their key holds the digest of the same policy (pool.h).
#pragma once

#include "core/time.h"
#include "objects/snapshot.h"
#include "outbound/settings.h"
#include "policy/tls_policy.h"
#include "routing/route.h"

#include <map>
#include <string>

namespace hermetic::outbound {

// All that a policy follows from, at one time.
struct PolicySources {
    objects::SnapshotPointer snapshot;
    SettingsPointer settings;
    WallTime now{};
};

// Compares the effective policies before and after, whatever DNS and MTA-STS may say, and who we
// are and whom we believe under them; once for all routes that share a connector or an
// organization. Not thread-safe.
class PolicyChange {
public:
    PolicyChange(PolicySources before, PolicySources after);

    // Whether mail of this route may fare otherwise.
    [[nodiscard]] bool concerns(const routing::Route& route);

private:
    PolicySources before_;
    PolicySources after_;
    // Routes that have it in common have their policy in common.
    struct Owner {
        policy::HopKind kind = policy::HopKind::Network;
        bool mx = true;
        std::string organization;
        std::string connector;
        std::string accepted_domain;
        auto operator<=>(const Owner&) const = default;
    };
    std::map<Owner, bool> known_;
};

}  // namespace hermetic::outbound
