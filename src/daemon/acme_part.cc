#include "daemon/acme_part.h"

#include "acme/kept.h"
#include "metrics/metrics.h"

namespace hermetic::daemon {

AcmePart::AcmePart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
                   const config::NodeOptions& options)
    : metrics_{metrics},
      options_{options},
      https_{main},
      keeper_{main, https_, events},
      tasks_{main}
{
}

Result<void, std::string> AcmePart::start()
{
    keep();
    return {};
}

void AcmePart::begin()
{
    tasks_.spawn(keeper_.run());
}

Result<void, std::string> AcmePart::reload()
{
    keep();
    return {};
}

void AcmePart::keep()
{
    keeper_.keep(acme::certificates_to_keep(options_));
}

void AcmePart::update_gauges()
{
    metrics_.set(metrics::Metric::AcmeIssued, static_cast<std::int64_t>(keeper_.counts().issued));
    metrics_.set(metrics::Metric::AcmeFailed, static_cast<std::int64_t>(keeper_.counts().failed));
}

net::Task<> AcmePart::stop()
{
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
