#include "daemon/spool_part.h"

#include "daemon/objects_part.h"
#include "daemon/settings.h"
#include "metrics/metrics.h"
#include "spool/rocksdb_spool.h"

namespace hermetic::daemon {

SpoolPart::SpoolPart(net::Core& main, ledger::Log& log, metrics::Metrics& metrics,
                     const config::NodeOptions& options, const ObjectsPart& objects)
    : main_{main}, log_{log}, metrics_{metrics}, options_{options}, objects_{objects}
{
}

Result<void, std::string> SpoolPart::start()
{
    dispatcher_ = std::make_unique<dispatch::Dispatcher>(
        make_dispatcher_settings(options_, objects_.snapshot()->organization()), main_.clock(),
        metrics_, log_);
    const auto settings = make_spool_settings(options_, log_);
    auto spool = spool::make_rocksdb_spool(settings, *dispatcher_, main_.clock());
    if (!spool) return failure(spool.error().words);
    spool_ = std::move(*spool);
    return {};
}

void SpoolPart::update_gauges()
{
    metrics_.set(metrics::Metric::SpoolCommits,
                 static_cast<std::int64_t>(spool_->status().commits));
}

// A dispatcher that was never started still takes news until now.
net::Task<> SpoolPart::stop()
{
    dispatcher_->stop();
    spool_->close();
    co_return;
}

}  // namespace hermetic::daemon
