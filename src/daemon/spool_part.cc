#include "daemon/spool_part.h"

#include "daemon/objects_part.h"
#include "daemon/settings.h"
#include "dispatch/pause_file.h"
#include "metrics/metrics.h"
#include "spool/rocksdb_spool.h"

namespace hermetic::daemon {

SpoolPart::SpoolPart(net::Core& main, events::Publisher& events, metrics::Metrics& metrics,
                     const config::NodeOptions& options, const ObjectsPart& objects)
    : main_{main}, events_{events}, metrics_{metrics}, options_{options}, objects_{objects}
{
}

Result<void, std::string> SpoolPart::start()
{
    auto queue_settings = make_dispatcher_settings(options_, objects_.snapshot()->organization());
    const std::string paused = dispatch::pause_file_of(options_.data_directory);
    auto pauses = dispatch::load_pauses(paused);
    if (!pauses) return failure(pauses.error());
    queue_settings.pauses = *std::move(pauses);
    queue_settings.save_pauses = [paused](const queue::Pauses& all) {
        return dispatch::save_pauses(paused, all);
    };
    dispatcher_ = std::make_unique<dispatch::Dispatcher>(std::move(queue_settings), main_.clock(),
                                                         metrics_, events_);
    const auto settings = make_spool_settings(options_, events_, metrics_);
    auto spool = spool::make_rocksdb_spool(settings, *dispatcher_, main_.clock());
    if (!spool) return failure(spool.error().words);
    spool_ = std::move(*spool);
    return {};
}

void SpoolPart::update_gauges()
{
    const spool::SpoolStatus status = spool_->status();
    metrics_.set(metrics::Metric::SpoolCommits, static_cast<std::int64_t>(status.commits));
    metrics_.set(metrics::Metric::SpoolFree, static_cast<std::int64_t>(status.free_bytes));
    metrics_.set(metrics::Metric::SpoolArriving, static_cast<std::int64_t>(status.arriving_bytes));
    metrics_.set(metrics::Metric::SpoolPressure, status.pressure == spool::Pressure::None ? 0 : 1);
}

// A dispatcher that was never started still takes news until now.
net::Task<> SpoolPart::stop()
{
    dispatcher_->stop();
    spool_->close();
    co_return;
}

}  // namespace hermetic::daemon
