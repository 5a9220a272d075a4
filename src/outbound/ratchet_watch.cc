#include "outbound/ratchet_watch.h"

#include "events/publisher.h"
#include "net/core.h"
#include "outbound/context.h"
#include "queue/retry.h"

#include <algorithm>

namespace hermetic::outbound {
namespace {

using policy::Sighting;

constexpr std::uint16_t kSmtpPort = 25;

policy::Sighting sighting_of(const facts::TlsEvidence& evidence)
{
    const bool verified = evidence.verdict.state == facts::ChainVerdict::State::Verified;
    return {evidence.version, verified && evidence.name_matches, true};
}

}  // namespace

// Hosts that share the load are one destination, in whatever order they came.
std::string ratchet_destination(std::string_view domain, const std::vector<Host>& hosts)
{
    if (!domain.empty()) return std::string{domain};
    std::string first;
    for (const Host& host : hosts) {
        std::string label = host.label();
        if (host.port != kSmtpPort) label += ':' + std::to_string(host.port);
        if (first.empty() || label < first) first = std::move(label);
    }
    return first;
}

std::string ratchet_destination(const routing::Route& route)
{
    return ratchet_destination(route.domain, hosts_of(route));
}

std::optional<policy::Hold> find_hold(const observations::Observations* observations,
                                      const objects::Organization& organization,
                                      const std::string& destination, WallTime now)
{
    if (observations == nullptr) return std::nullopt;
    return observations->held_to({organization.name, destination}, organization.ratchet, now);
}

RatchetWatch::RatchetWatch(Context& context, const objects::Organization& organization,
                           const HostList& list)
    : context_{context}, settings_{organization.ratchet}
{
    if (context.adapters.observations == nullptr) return;
    key_ = {organization.name, ratchet_destination(list.mx.domain, list.hosts)};
    held_ = find_hold(context.adapters.observations, organization, key_.destination,
                      context.adapters.core.clock().wall());
}

void RatchetWatch::on_connection(const std::string& host,
                                 const std::optional<facts::TlsEvidence>& evidence,
                                 bool starttls_offered)
{
    if (context_.adapters.observations == nullptr) return;
    Sighting seen{facts::TlsVersion::None, false, starttls_offered};
    if (evidence) seen = sighting_of(*evidence);
    tell(host, context_.adapters.observations->note_session(key_, {host, seen, by_}, settings_,
                                                            context_.adapters.core.clock().wall()));
}

void RatchetWatch::on_refused(const facts::TlsEvidence& evidence)
{
    const Sighting seen = sighting_of(evidence);
    if (!refused_ || refused_->version < seen.version) refused_ = seen;
}

void RatchetWatch::on_failure(const std::string& host, facts::Outcome& failure)
{
    if (!held_ || queue::tls_word(failure) != queue::TlsWord::Failed) return;
    const Sighting seen =
        refused_.value_or(Sighting{facts::TlsVersion::None, false, !not_offered_});
    tell(host, context_.adapters.observations->note_failure(key_, {host, seen, by_}, *held_,
                                                            context_.adapters.core.clock().wall()));
    failure.fix = "This destination has always had " + policy::describe(held_->expectation) +
                  ", and now: " + policy::describe(seen) +
                  ". Ask its administrators whether that is meant; if it is, accept the change: "
                  "hermetic ratchet accept " +
                  key_.destination;
}

void RatchetWatch::tell(const std::string& host, const observations::Seen& seen)
{
    using Kind = events::RatchetMoved::Kind;
    auto& events = context_.adapters.events;
    const auto moved = [&](Kind kind, const std::optional<policy::Fall>& fall) {
        events.publish(events::RatchetMoved{kind, key_.organization, key_.destination, host, fall});
    };
    if (seen.noted.fell) moved(Kind::Fell, seen.fall);
    if (seen.noted.gave_way) moved(Kind::GaveWay, seen.fall);
    if (seen.noted.recovered) moved(Kind::Recovered, std::nullopt);
    if (seen.mass != 0) events.publish(events::MassStripping{seen.mass, host});
}

}  // namespace hermetic::outbound
