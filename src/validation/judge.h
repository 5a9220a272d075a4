// What mail would come to at one address under each level of protection: the selection that
// delivery uses (policy/next_hop.h), on connections that were recorded.
//
// Specification §4.1. Each level stands alone, beside the organization's floor and what the domain
// publishes, without pins or names of a connector: what a connector makes of it is validate.h's.
#pragma once

#include "net/task.h"
#include "policy/next_hop.h"
#include "validation/flow.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace hermetic::validation {

// One connection that was made, by the plan that it was made by; nullopt: in clear.
struct RecordedConnection {
    std::optional<policy::StepPlan> plan;
    policy::ConnectionFacts facts;
};

// An address and what is known of it. Refers to its parts.
struct LevelQuestion {
    const objects::Organization& organization;
    policy::NextHopHost host;  // without TLSA records
    policy::NextHopAddress address;
    policy::TlsaStatus tlsa_status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<const policy::TlsaSet> tlsa;
    std::string tlsa_words;
    // What a decision names in files.
    std::function<policy::HopCredentials(const policy::TlsDecision&)> credentials;
    WallTime now{};
};

struct LevelAnswer {
    std::optional<LevelVerdict> verdict;  // nullopt: a connection by `wanted` is not on record
    std::optional<policy::StepPlan> wanted;
};

// Pure.
[[nodiscard]] LevelAnswer judge_level(const LevelQuestion& question, policy::TlsLevel level,
                                      std::span<const RecordedConnection> record);

// Connects as often as the levels differ in how they would.
[[nodiscard]] net::Task<std::vector<LevelVerdict>> try_levels(
    ProbeContext& probe_context, const objects::Organization& organization,
    const HostFindings& host, Endpoint endpoint);

}  // namespace hermetic::validation
