#include "outbound/context.h"

#include "events/publisher.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "net/stream.h"
#include "outbound/credentials.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace hermetic::outbound {
namespace {

using facts::Reason;

constexpr std::size_t kResumableSessions = 2000;
// Messages in memory while they are made 7-bit, per core. A single one always fits.
constexpr std::uint64_t kConvertingOctets = std::uint64_t{32} << 20;

PoolLimits limits_of(const DeliverySettings& settings)
{
    PoolLimits limits;
    limits.idle = settings.options.idle_connection;
    limits.messages = settings.options.messages_per_connection;
    return limits;
}

// Everything OpenSSL has, however weak: only on the legacy step, which the floor must allow.
constexpr std::string_view kLegacyCiphers = "ALL:!aNULL:!eNULL:@SECLEVEL=0";

// What a step of the ladder means to TLS: the same for mail and for probes, which send none.
// `certificate`: ours, for mutual TLS; null: none. On the weak step it is not shown (specification
// §4.1).
tls::ClientProfile profile_of(const policy::StepPlan& plan,
                              std::shared_ptr<const tls::Certificate> certificate)
{
    tls::ClientProfile profile;
    profile.min = plan.min;
    profile.max = plan.max;
    profile.hello = plan.hello == policy::Hello::Minimal ? tls::Hello::Minimal : tls::Hello::Full;
    profile.fallback_scsv = plan.fallback_scsv;
    if (plan.weak) profile.weak = tls::WeakHandshakes::Accepted;
    if (plan.legacy_ciphers) profile.ciphers = kLegacyCiphers;
    if (!plan.weak) profile.client_certificate = std::move(certificate);
    return profile;
}

}  // namespace

Context::Context(Adapters its_adapters, SettingsPointer its_settings,
                 objects::SnapshotPointer its_snapshot, Pool::Goodbye goodbye)
    : adapters{std::move(its_adapters)},
      settings{std::move(its_settings)},
      snapshot{std::move(its_snapshot)},
      pool{limits_of(*settings), std::move(goodbye)},
      hosts{adapters.hosts ? adapters.hosts : std::make_shared<HostMemory>()},
      sessions{tls::make_session_cache(kResumableSessions)},
      live_{std::make_shared<std::unordered_map<std::string, std::uint32_t>>()}
{
}

Instant Context::now() const
{
    return adapters.core.clock().now();
}

Instant Context::within(Duration duration) const
{
    return std::min(now() + duration, stop_at_);
}

void Context::stop_by(Instant at)
{
    stop_at_ = std::min(stop_at_, at);
    for (auto* stream : in_use_) stream->until(stop_at_);
    for (auto* connecting : connecting_) connecting->cut();
}

Identity Context::identity_for(const policy::TlsDecision& decision, std::string_view organization,
                               const objects::OutboundConnector* connector) const
{
    Credentials::Wanted wanted;
    wanted.policy = &decision.policy;
    if (decision.audited) wanted.audited = &*decision.audited;
    if (decision.lasting) wanted.audited = &*decision.lasting;
    wanted.organization = organization;
    wanted.connector = connector;
    wanted.system = settings->cas;
    static const Credentials kNone;
    const Credentials& known = settings->credentials != nullptr ? *settings->credentials : kNone;
    return known.identity(wanted);
}

std::shared_ptr<const tls::ClientContext> Context::tls_context_for(
    const policy::StepPlan& plan, const std::shared_ptr<const tls::Certificate>& certificate)
{
    for (const auto& kept : contexts_) {
        if (kept.plan == plan && kept.certificate == certificate) return kept.context;
    }
    auto made = tls::make_client_context(profile_of(plan, certificate));
    if (!made) {
        adapters.events.publish(
            events::ClientContextFault{made.error().what, made.error().expected});
    }
    auto context = made ? *std::move(made) : nullptr;
    contexts_.push_back({plan, certificate, context});
    return context;
}

void Context::replace_settings(SettingsPointer its_settings)
{
    settings = std::move(its_settings);
    pool.set_limits(limits_of(*settings));
    contexts_.clear();
}

std::shared_ptr<void> Context::count_in(const std::string& endpoint)
{
    ++(*live_)[endpoint];
    return {nullptr, [live = live_, endpoint](void*) {
                const auto found = live->find(endpoint);
                if (found != live->end() && --found->second == 0) live->erase(found);
            }};
}

std::shared_ptr<void> Context::room_to_convert(std::uint64_t octets)
{
    if (*converting_ + octets > kConvertingOctets) return nullptr;
    *converting_ += octets;
    return {this, [used = converting_, octets](void*) { *used -= octets; }};
}

std::uint32_t Context::live_connections(const std::string& endpoint) const
{
    const auto found = live_->find(endpoint);
    return found == live_->end() ? 0 : found->second;
}

}  // namespace hermetic::outbound
