#include "policy/retirement.h"

#include "core/assert.h"
#include "facts/reasons.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::Direction;
using objects::Retirement;

// FNV-1a with a final mix: the same on every machine, and even in every bit.
std::uint64_t hash(std::string_view text, std::uint64_t quarter)
{
    std::uint64_t value = 0xcbf29ce484222325U;
    const auto take = [&](std::uint8_t octet) { value = (value ^ octet) * 0x100000001b3U; };
    for (const char octet : text) take(static_cast<std::uint8_t>(octet));
    for (int shift = 0; shift < 64; shift += 8) take(static_cast<std::uint8_t>(quarter >> shift));
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

bool concerns(const Retirement& plan, std::string_view organization, Direction direction)
{
    return plan.direction == direction && plan.organization == organization;
}

}  // namespace

std::string_view name(RetirementPhase phase)
{
    switch (phase) {
    case RetirementPhase::Before:
        return "before";
    case RetirementPhase::Growing:
        return "growing";
    case RetirementPhase::Over:
        return "over";
    }
    unreachable("every RetirementPhase is named above");
}

RetirementPhase phase_of(const Retirement& plan, WallTime now)
{
    if (!plan.enabled || !plan.start || !plan.end || now < *plan.start)
        return RetirementPhase::Before;
    return now < *plan.end ? RetirementPhase::Growing : RetirementPhase::Over;
}

std::uint32_t share_of(const Retirement& plan, WallTime now)
{
    switch (phase_of(plan, now)) {
    case RetirementPhase::Before:
        return 0;
    case RetirementPhase::Over:
        return kWholeShare;
    case RetirementPhase::Growing:
        break;
    }
    const auto gone = std::chrono::duration_cast<std::chrono::seconds>(now - *plan.start).count();
    const auto all =
        std::chrono::duration_cast<std::chrono::seconds>(*plan.end - *plan.start).count();
    return all <= 0 ? kWholeShare : static_cast<std::uint32_t>(gone * kWholeShare / all);
}

bool is_in_share(const Retirement& plan, std::string_view peer, WallTime now)
{
    constexpr std::int64_t kQuarter = 15 * 60;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    const auto quarter = static_cast<std::uint64_t>(seconds / kQuarter);
    return hash(peer, quarter) % kWholeShare < share_of(plan, now);
}

facts::TlsVersion lowest_left(const Retirement& plan)
{
    if (plan.versions.empty()) return facts::TlsVersion::None;
    switch (*std::ranges::max_element(plan.versions)) {
    case facts::TlsVersion::None:
        return facts::TlsVersion::None;
    case facts::TlsVersion::Tls10:
        return facts::TlsVersion::Tls11;
    case facts::TlsVersion::Tls11:
        return facts::TlsVersion::Tls12;
    case facts::TlsVersion::Tls12:
    case facts::TlsVersion::Tls13:
        return facts::TlsVersion::Tls13;
    }
    unreachable("every TlsVersion is handled above");
}

std::string retirement_peer(const IpAddress& client)
{
    if (!client.is_v6()) return client.format();
    // A client of IPv6 has the whole of its network.
    std::string text;
    const std::string_view octets = client.octets();
    for (std::size_t i = 0; i < 8; i += 2) {
        const auto high = static_cast<unsigned char>(octets[i]);
        const auto low = static_cast<unsigned char>(octets[i + 1]);
        text += fmt::format("{:x}:", (high << 8U) | low);
    }
    return text + ":/64";
}

std::optional<OutboundRetirement> decide_outbound_retirement(std::span<const Retirement> plans,
                                                             std::string_view organization,
                                                             std::string_view peer, WallTime now)
{
    std::optional<OutboundRetirement> strictest;
    for (const Retirement& plan : plans) {
        if (!concerns(plan, organization, Direction::Outbound)) continue;
        if (!is_in_share(plan, peer, now)) continue;
        const OutboundRetirement one{lowest_left(plan),
                                     phase_of(plan, now) == RetirementPhase::Over};
        if (!strictest || one.below > strictest->below) {
            strictest = one;
        } else if (one.below == strictest->below) {
            strictest->over = strictest->over || one.over;
        }
    }
    return strictest;
}

std::optional<InboundRetirement> decide_inbound_retirement(std::span<const Retirement> plans,
                                                           std::string_view organization,
                                                           facts::TlsVersion version,
                                                           const IpAddress& client, WallTime now)
{
    if (version == facts::TlsVersion::None) return std::nullopt;
    for (const Retirement& plan : plans) {
        if (!concerns(plan, organization, Direction::Inbound)) continue;
        if (version >= lowest_left(plan)) continue;
        if (!is_in_share(plan, retirement_peer(client), now)) continue;
        const bool over = phase_of(plan, now) == RetirementPhase::Over;
        return InboundRetirement{
            &plan, over ? facts::Reason::RetirementEnded : facts::Reason::RetirementShare};
    }
    return std::nullopt;
}

std::string retirement_words(facts::TlsVersion version, const Retirement& plan)
{
    return fmt::format("{} is being retired here; use {} or a later version",
                       facts::format_version(version), facts::format_version(lowest_left(plan)));
}

}  // namespace hermetic::policy
