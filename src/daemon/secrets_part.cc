#include "daemon/secrets_part.h"

#include "daemon/objects_part.h"
#include "daemon/reload_plan.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/deadline_wheel.h"

#include <algorithm>
#include <utility>

namespace hermetic::daemon {
namespace {

using ledger::Level;
using metrics::Metric;

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kSoon = 30 * kDay;

bool expires_soon(const facts::CertificateFacts& certificate, WallTime now)
{
    return certificate.not_after - now < kSoon;
}

std::string words_of(const tls::ConfigError& error)
{
    return error.what + "; right is " + error.right;
}

}  // namespace

SecretsPart::SecretsPart(net::Core& main, ledger::Log& log, metrics::Metrics& metrics,
                         const config::NodeOptions& options, const ObjectsPart& objects)
    : main_{main}, log_{log}, metrics_{metrics}, options_{options}, objects_{objects}, tasks_{main}
{
}

Result<void, std::string> SecretsPart::start()
{
    auto contexts = load_listener_contexts(options_, main_.clock().wall());
    if (!contexts) return failure(words_of(contexts.error()));
    contexts_ = *std::move(contexts);
    load_cas();
    load_credentials();
    load_trust();
    log_certificates(Which::All);
    return {};
}

void SecretsPart::begin()
{
    tasks_.spawn(watch_expiry());
}

Result<void, std::string> SecretsPart::prepare(const ReloadPlan& plan)
{
    auto contexts = load_listener_contexts(plan.options, main_.clock().wall());
    if (!contexts) return failure(words_of(contexts.error()));
    prepared_ = *std::move(contexts);
    return {};
}

Result<void, std::string> SecretsPart::reload()
{
    if (prepared_) contexts_ = *std::exchange(prepared_, std::nullopt);
    load_cas();
    load_credentials();
    load_trust();
    log_certificates(Which::All);
    return {};
}

void SecretsPart::on_objects(const objects::Snapshot& /*before*/)
{
    load_credentials();
    load_trust();
}

// Where they cannot be read those from before stay in use.
void SecretsPart::load_cas()
{
    auto cas = tls::load_system_cas();
    if (cas) {
        cas_ = *std::move(cas);
    } else {
        log_.event(Level::Warning, "tls.no-cas", {{"what", cas.error().what}});
    }
}

void SecretsPart::load_credentials()
{
    credentials_ = outbound::Credentials::load(objects_.snapshot()->contents(), credentials_.get());
    for (const auto& each : credentials_->faults()) {
        log_.event(
            Level::Error, "credentials.unusable",
            {{"object", each.object}, {"what", each.error.what}, {"right", each.error.right}});
    }
    for (const std::string& each : credentials_->overdue_crls(main_.clock().wall()))
        log_.event(Level::Warning, "credentials.crl-overdue", {{"what", each}});
}

void SecretsPart::load_trust()
{
    const auto on_trouble = [this](const std::string& file, const std::string& what) {
        log_.event(Level::Error, "connector.cas-unreadable", {{"file", file}, {"what", what}});
    };
    client_trust_ =
        load_client_trust(*objects_.snapshot(), cas_, client_trust_.trust.get(), on_trouble);
}

void SecretsPart::add_files(std::vector<std::string>& files) const
{
    for (const auto* more : {&contexts_.files, &credentials_->files(), &client_trust_.files})
        files.insert(files.end(), more->begin(), more->end());
}

void SecretsPart::log_certificates(Which which)
{
    const WallTime now = main_.clock().wall();
    const auto log = [&](const std::string& name, const facts::CertificateFacts& facts) {
        const bool soon = expires_soon(facts, now);
        if (!soon && which == Which::Expiring) return;
        log_.event(soon ? Level::Warning : Level::Info,
                   soon ? "certificate.expiring" : "certificate.loaded",  // no-reason: a log event
                   {{"certificate", name},
                    {"subject", facts.subject},
                    {"not_after", format_rfc3339(facts.not_after)},
                    {"sha256", facts.sha256}});
    };
    for (const LoadedCertificate& each : contexts_.certificates) log(each.name, each.facts);
    for (const auto& each : credentials_->certificates()) log(each.name, each.facts);
}

net::Task<> SecretsPart::watch_expiry()
{
    for (;;) {
        const Instant next = main_.clock().now() + kDay;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
        log_certificates(Which::Expiring);
    }
}

void SecretsPart::update_gauges()
{
    const WallTime now = main_.clock().wall();
    WallTime first = WallTime::max();
    std::int64_t soon = 0;
    const auto count = [&](const facts::CertificateFacts& facts) {
        first = std::min(first, facts.not_after);
        if (expires_soon(facts, now)) ++soon;
    };
    for (const LoadedCertificate& each : contexts_.certificates) count(each.facts);
    for (const auto& each : credentials_->certificates()) count(each.facts);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(first.time_since_epoch());
    metrics_.set(Metric::CertificatesFirstExpiry, first == WallTime::max() ? 0 : seconds.count());
    metrics_.set(Metric::CertificatesExpiring, soon);
    metrics_.set(Metric::CredentialFaults,
                 static_cast<std::int64_t>(credentials_->faults().size()));
}

net::Task<> SecretsPart::stop()
{
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
