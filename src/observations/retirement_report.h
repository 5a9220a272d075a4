// Who a retirement plan concerns: what was seen, against the plans and their exceptions.
//
// Pure. Specification §4.6.
#pragma once

#include "core/time.h"
#include "facts/tls.h"
#include "objects/snapshot.h"
#include "observations/observations.h"
#include "policy/retirement.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::observations {

// A destination or a client that was seen with a version that goes.
struct Concerned {
    std::string peer;           // destination, or client address or network
    std::string label;          // its host, or what the client calls itself
    std::string sender_domain;  // of a client: of the last sender
    facts::TlsVersion version = facts::TlsVersion::None;
    std::uint64_t sessions = 0;
    WallTime last_seen{};
    // Of a destination: its last session had a newer version; it may have been renewed.
    bool newer_since = false;
    bool deferred_now = false;
    std::string exempt_by;  // the connector that is an exception; empty: none
};

struct Exception {
    std::string connector;
    std::string until;  // RFC 3339
};

struct PlanReport {
    objects::Retirement plan;
    policy::RetirementPhase phase = policy::RetirementPhase::Before;
    std::uint32_t share = 0;  // of policy::kWholeShare
    std::vector<Concerned> concerned;
    std::vector<Exception> exceptions;  // those that have not expired
};

// `name`: of one plan; empty: all.
[[nodiscard]] std::vector<PlanReport> report_retirements(
    const objects::Snapshot& snapshot, const std::vector<Destination>& destinations,
    const std::vector<Client>& clients, std::string_view name, WallTime now);

// Who was seen with an old version that no plan retires: whom one would concern.
struct WithoutPlan {
    objects::Direction direction = objects::Direction::Inbound;
    std::string organization;  // empty of a client, which may write to any
    Concerned who;
};
// The most sessions first.
[[nodiscard]] std::vector<WithoutPlan> find_without_plan(
    const objects::Snapshot& snapshot, const std::vector<Destination>& destinations,
    const std::vector<Client>& clients);

// A row per peer, with a line of titles (RFC 4180; a field that a spreadsheet would take for a
// formula begins with an apostrophe).
// Those without a plan come last, with none in its column.
[[nodiscard]] std::string format_csv(const std::vector<PlanReport>& reports,
                                     const std::vector<WithoutPlan>& without_plan = {});

}  // namespace hermetic::observations
