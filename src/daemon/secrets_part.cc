#include "daemon/secrets_part.h"

#include "daemon/diagnostics.h"
#include "daemon/objects_part.h"
#include "daemon/reload_plan.h"
#include "events/publisher.h"
#include "facts/expiry.h"
#include "metrics/metrics.h"
#include "net/deadline_wheel.h"

#include <algorithm>
#include <utility>

namespace hermetic::daemon {
namespace {

using metrics::Metric;

constexpr Duration kDay = std::chrono::hours{24};

}  // namespace

SecretsPart::SecretsPart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
                         const config::NodeOptions& options, const ObjectsPart& objects,
                         const config::Node& document, std::string file)
    : main_{main},
      events_{events},
      metrics_{metrics},
      options_{options},
      objects_{objects},
      document_{document},
      file_{std::move(file)},
      tasks_{main}
{
}

Result<void, std::string> SecretsPart::start()
{
    auto contexts = load_listener_contexts(options_, document_, file_, main_.clock().wall(),
                                           MadeFiles::Write, {});
    if (!contexts) return failure(all_of(contexts.error()));
    contexts_ = *std::move(contexts);
    read(*objects_.snapshot(), SystemCas::Read)();
    report_certificates(Which::All);
    return {};
}

void SecretsPart::begin()
{
    tasks_.spawn(watch_expiry());
}

Result<void, std::string> SecretsPart::prepare(const ReloadPlan& plan)
{
    prepared_ = plan.contexts;
    return {};
}

Result<void, std::string> SecretsPart::reload()
{
    if (prepared_) contexts_ = *std::exchange(prepared_, std::nullopt);
    report_certificates(Which::All);
    return {};
}

std::function<void()> SecretsPart::read(const objects::Snapshot& snapshot, SystemCas which)
{
    auto made = std::make_shared<Secrets>();
    const Secrets none;
    const Secrets& before = last_read_ ? *last_read_ : none;
    made->cas = before.cas;
    if (which == SystemCas::Read) {
        auto cas = tls::load_system_cas();
        if (cas) {
            made->cas = *std::move(cas);
        } else {
            events_.publish(events::SystemCasUnreadable{cas.error().what});
        }
    }
    made->credentials = outbound::Credentials::load(snapshot.contents(), before.credentials.get());
    for (const auto& each : made->credentials->faults()) {
        events_.publish(events::CredentialFault{each.object, each.organization, each.error.what,
                                                each.error.expected});
    }
    for (const std::string& each : made->credentials->overdue_crls(main_.clock().wall()))
        events_.publish(events::CrlOverdue{each});
    const auto on_trouble = [this](const std::string& file, const std::string& what) {
        events_.publish(events::ConnectorCasUnreadable{file, what});
    };
    made->client_trust =
        load_client_trust(snapshot, made->cas, before.client_trust.trust.get(), on_trouble);
    last_read_ = made;
    return [this, made] { secrets_ = made; };
}

void SecretsPart::add_files(std::vector<std::string>& files) const
{
    for (const auto* more :
         {&contexts_.files, &secrets_->credentials->files(), &secrets_->client_trust.files})
        files.insert(files.end(), more->begin(), more->end());
}

void SecretsPart::report_certificates(Which which)
{
    const WallTime now = main_.clock().wall();
    const auto say = [&](const std::string& name, const facts::CertificateFacts& facts) {
        const bool soon = facts::is_expiring(facts, now);
        if (!soon && which == Which::Expiring) return;
        events_.publish(events::CertificateInUse{name, facts, soon});
    };
    for (const LoadedCertificate& each : contexts_.certificates) say(each.name, each.facts);
    for (const auto& each : secrets_->credentials->certificates()) say(each.name, each.facts);
    for (const StandIn& each : contexts_.stand_ins)
        events_.publish(events::CertificateStandIn{each.name, each.what});
}

net::Task<> SecretsPart::watch_expiry()
{
    for (;;) {
        const Instant next = main_.clock().now() + kDay;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
        report_certificates(Which::Expiring);
    }
}

void SecretsPart::update_gauges()
{
    const WallTime now = main_.clock().wall();
    WallTime first = WallTime::max();
    std::int64_t soon = 0;
    const auto count = [&](const facts::CertificateFacts& facts) {
        first = std::min(first, facts.not_after);
        if (facts::is_expiring(facts, now)) ++soon;
    };
    for (const LoadedCertificate& each : contexts_.certificates) count(each.facts);
    for (const auto& each : secrets_->credentials->certificates()) count(each.facts);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(first.time_since_epoch());
    metrics_.set(Metric::CertificatesFirstExpiry, first == WallTime::max() ? 0 : seconds.count());
    metrics_.set(Metric::CertificatesExpiring, soon);
    metrics_.set(Metric::CredentialFaults,
                 static_cast<std::int64_t>(secrets_->credentials->faults().size()));
}

net::Task<> SecretsPart::stop()
{
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
