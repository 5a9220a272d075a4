#include "outbound/ratchet_watch.h"

#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "outbound/office.h"
#include "queue/retry.h"

#include <algorithm>

namespace hermetic::outbound {
namespace {

using ledger::Level;
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

std::string ratchet_destination(std::string_view route_key)
{
    const auto route = routing::parse_route_key(route_key);
    if (!route) return {};
    if (route->mx) return route->domain;
    return ratchet_destination({}, hosts_of(*route));
}

RatchetWatch::RatchetWatch(Office& office, const objects::Organization& organization,
                           std::string_view domain, const HostList& hosts)
    : office_{office}, settings_{organization.ratchet}
{
    if (office.adapters.observations == nullptr) return;
    key_ = {organization.name, ratchet_destination(domain, hosts.hosts)};
    held_ =
        office.adapters.observations->held_to(key_, settings_, office.adapters.core.clock().wall());
}

void RatchetWatch::on_connection(const std::string& host,
                                 const std::optional<facts::TlsEvidence>& evidence,
                                 bool starttls_offered)
{
    if (office_.adapters.observations == nullptr) return;
    Sighting seen{facts::TlsVersion::None, false, starttls_offered};
    if (evidence) seen = sighting_of(*evidence);
    tell(host, office_.adapters.observations->note_session(key_, {host, seen, by_}, settings_,
                                                           office_.adapters.core.clock().wall()));
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
    tell(host, office_.adapters.observations->note_failure(key_, {host, seen, by_}, *held_,
                                                           office_.adapters.core.clock().wall()));
    failure.fix = "This destination has always had " + policy::describe(held_->expectation) +
                  ", and now: " + policy::describe(seen) +
                  ". Ask its administrators whether that is meant; if it is, accept the change: "
                  "hermetic ratchet accept " +
                  key_.destination;
}

void RatchetWatch::tell_fall(const std::string& host, const policy::Fall& fall)
{
    office_.adapters.metrics.add(metrics::Metric::RatchetFalls);
    office_.adapters.log.event(Level::Warning, "ratchet.fell",
                               {{"organization", key_.organization},
                                {"destination", key_.destination},
                                {"host", host},
                                {"was", policy::describe(fall.was)},
                                {"is", policy::describe(fall.is)},
                                {"held_until", fall.held ? format_rfc3339(fall.until) : "no"}});
}

void RatchetWatch::tell(const std::string& host, const observations::Seen& seen)
{
    auto& log = office_.adapters.log;
    if (seen.noted.fell) tell_fall(host, *seen.fall);
    if (seen.noted.gave_way) {
        log.event(Level::Warning, "ratchet.gave-way",
                  {{"organization", key_.organization},
                   {"destination", key_.destination},
                   {"host", host},
                   {"was", policy::describe(seen.fall->was)},
                   {"is", policy::describe(seen.fall->is)}});
    }
    if (seen.noted.recovered) {
        log.event(Level::Info, "ratchet.recovered",
                  {{"organization", key_.organization},
                   {"destination", key_.destination},
                   {"host", host}});
    }
    if (seen.mass != 0) {
        office_.adapters.metrics.add(metrics::Metric::MassStrippings);
        log.event(Level::Error, "ratchet.mass-stripping",
                  {{"sites", std::to_string(seen.mass)},
                   {"host", host},
                   {"what",
                    "STARTTLS is gone from many unrelated servers at once: something in "
                    "the network removes it"}});
    }
}

}  // namespace hermetic::outbound
