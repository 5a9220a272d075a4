// Whether a session with an old version of TLS is one of those that a retirement plan defers now.
//
// Pure. Specification §4.6; the rows are docs/policy/retirement.md. From a plan's start to its end
// a growing share is deferred, after its end all. Who is in the share changes every quarter of an
// hour: a retry passes, the sooner the earlier it is in the plan.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/reason.h"
#include "facts/tls.h"
#include "objects/objects.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hermetic::policy {

enum class RetirementPhase : std::uint8_t { Before, Growing, Over };
[[nodiscard]] std::string_view name(RetirementPhase phase);  // "before", "growing", "over"
// A plan without its dates, or that is not enabled, never begins.
[[nodiscard]] RetirementPhase phase_of(const objects::Retirement& plan, WallTime now);

// How many of 10,000 sessions are deferred now: grows evenly from start to end.
inline constexpr std::uint32_t kWholeShare = 10'000;
[[nodiscard]] std::uint32_t share_of(const objects::Retirement& plan, WallTime now);

// The same peer in the same quarter of an hour has the same answer on every server.
[[nodiscard]] bool is_in_share(const objects::Retirement& plan, std::string_view peer,
                               WallTime now);

// The lowest version that the plan leaves; None where it retires nothing.
[[nodiscard]] facts::TlsVersion lowest_left(const objects::Retirement& plan);

// Who a client is to inbound plans: its IPv4 address, or the /64 of its IPv6 address.
[[nodiscard]] std::string retirement_peer(const IpAddress& client);

// What the plans of an organization ask of connections to the host `peer` now.
struct OutboundRetirement {
    facts::TlsVersion below = facts::TlsVersion::None;  // versions below this one are not used
    // The plan has ended: what that leaves without TLS is the normal policy's to decide. Before,
    // nothing goes in clear for it.
    bool over = false;
};
[[nodiscard]] std::optional<OutboundRetirement> decide_outbound_retirement(
    std::span<const objects::Retirement> plans, std::string_view organization,
    std::string_view peer, WallTime now);

// Why a client's session is refused for an organization: 421 4.7.66.
struct InboundRetirement {
    const objects::Retirement* plan = nullptr;  // not null
    facts::Reason reason{};
};
// Of a session that no connector's exception takes (policy/inbound_attribution.h). nullopt for
// sessions in clear, too.
[[nodiscard]] std::optional<InboundRetirement> decide_inbound_retirement(
    std::span<const objects::Retirement> plans, std::string_view organization,
    facts::TlsVersion version, const IpAddress& client, WallTime now);

// "TLSv1.0 is being retired here; use TLSv1.2 or a later version".
[[nodiscard]] std::string retirement_words(facts::TlsVersion version,
                                           const objects::Retirement& plan);

}  // namespace hermetic::policy
