// The node's certificates, CAs, CRLs and passwords: loaded, watched, and their end seen coming.
#include "daemon/node_impl.h"
#include "net/deadline_wheel.h"
#include "routing/route.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

namespace hermetic::daemon {
namespace {

using ledger::Level;

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kSoon = 30 * kDay;

bool expires_soon(const facts::CertificateFacts& certificate, WallTime now)
{
    return certificate.not_after - now < kSoon;
}

// The connectors whose mail may wait for a file.
std::set<std::string> users_of_files(const objects::Snapshot& snapshot)
{
    std::set<std::string> names;
    for (const auto& each : snapshot.contents().outbound_connectors) {
        const auto& organization = snapshot.organization(each.organization);
        if (!each.tls.ca.empty() || !each.tls.client_certificate.empty() || each.tls.auth ||
            !organization.crl_folder.empty())
            names.insert(each.name);
    }
    return names;
}

}  // namespace

// Where they cannot be read those from before stay in use.
void Node::Impl::load_cas()
{
    auto cas = tls::load_system_cas();
    if (cas) {
        cas_ = *std::move(cas);
    } else {
        log_->event(Level::Warning, "tls.no-cas", {{"what", cas.error().what}});
    }
}

void Node::Impl::load_credentials(const objects::Snapshot& snapshot)
{
    credentials_ = outbound::Credentials::load(snapshot.contents(), credentials_.get());
    for (const auto& each : credentials_->faults()) {
        log_->event(
            Level::Error, "credentials.unusable",
            {{"object", each.object}, {"what", each.error.what}, {"right", each.error.right}});
    }
    for (const std::string& each : credentials_->overdue_crls(system_clock().wall()))
        log_->event(Level::Warning, "credentials.crl-overdue", {{"what", each}});
}

void Node::Impl::take_contexts(ListenerContexts contexts)
{
    contexts_ = std::move(contexts);
    log_certificates(true);
    watch_all_files();
}

void Node::Impl::watch_all_files()
{
    std::vector<std::string> files = contexts_.files;
    files.push_back(arguments_.config);
    if (!options_.organization_file.empty()) files.push_back(options_.organization_file);
    const auto& more = credentials_->files();
    files.insert(files.end(), more.begin(), more.end());
    files.insert(files.end(), client_trust_.files.begin(), client_trust_.files.end());
    watch_.watch(files);
}

// All that are in use, or only those that end soon.
void Node::Impl::log_certificates(bool all)
{
    const WallTime now = system_clock().wall();
    const auto log = [&](const std::string& name, const facts::CertificateFacts& facts) {
        const bool soon = expires_soon(facts, now);
        if (!soon && !all) return;
        log_->event(soon ? Level::Warning : Level::Info,
                    soon ? "certificate.expiring" : "certificate.loaded",
                    {{"certificate", name},
                     {"subject", facts.subject},
                     {"not_after", format_rfc3339(facts.not_after)},
                     {"sha256", facts.sha256}});
    };
    for (const LoadedCertificate& each : contexts_.certificates) log(each.name, each.facts);
    for (const auto& each : credentials_->certificates()) log(each.name, each.facts);
}

net::Task<> Node::Impl::watch_expiry()
{
    for (;;) {
        const Instant next = main_.clock().now() + kDay;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
        log_certificates(false);
    }
}

void Node::Impl::update_certificate_gauges()
{
    const WallTime now = system_clock().wall();
    WallTime first = WallTime::max();
    std::int64_t soon = 0;
    const auto count = [&](const facts::CertificateFacts& facts) {
        first = std::min(first, facts.not_after);
        if (expires_soon(facts, now)) ++soon;
    };
    for (const LoadedCertificate& each : contexts_.certificates) count(each.facts);
    for (const auto& each : credentials_->certificates()) count(each.facts);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(first.time_since_epoch());
    metrics_.set(metrics::Metric::CertificatesFirstExpiry,
                 first == WallTime::max() ? 0 : seconds.count());
    metrics_.set(metrics::Metric::CertificatesExpiring, soon);
    metrics_.set(metrics::Metric::AcmeIssued, static_cast<std::int64_t>(keeper_->counts().issued));
    metrics_.set(metrics::Metric::AcmeFailed, static_cast<std::int64_t>(keeper_->counts().failed));
    metrics_.set(metrics::Metric::CredentialFaults,
                 static_cast<std::int64_t>(credentials_->faults().size()));
}

void Node::Impl::keep_by_acme()
{
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    std::vector<acme::Kept> kept;
    for (const config::CertificateOptions& each : options_.certificates) {
        if (each.acme.empty()) continue;
        acme::Kept one{each.name, each.chain, each.key, {}};
        one.order.program = options_.acme.program;
        one.order.hook = program.string();
        one.order.directory = each.acme;
        one.order.contact = each.acme_contact;
        one.order.domains = each.acme_domains;
        const bool http = each.acme_challenge == config::AcmeChallenge::Http01;
        one.order.challenge = http ? acme::Challenge::Http01 : acme::Challenge::TlsAlpn01;
        one.order.at = http ? options_.acme.http : options_.acme.tls;
        one.order.state = options_.data_directory + "/acme/" + each.name + "/uacme";
        kept.push_back(std::move(one));
    }
    keeper_->keep(std::move(kept));
}

// Specification §6: what could help is tried at once.
void Node::Impl::retry_credentials()
{
    auto connectors = users_of_files(*snapshot_);
    if (connectors.empty()) return;
    dispatcher_->destinations(
        [this, connectors = std::move(connectors)](const std::vector<queue::DestinationRow>& rows) {
            for (const queue::DestinationRow& row : rows) {
                const auto route = routing::parse_route_key(row.key);
                if (row.deferred == 0 || !route || !connectors.contains(route->connector)) continue;
                queue::Filter filter;
                filter.destination = row.key;
                dispatcher_->retry(std::move(filter), [](const dispatch::OperatorAnswer&) {});
            }
        });
}

}  // namespace hermetic::daemon
