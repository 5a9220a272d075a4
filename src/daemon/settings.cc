#include "daemon/settings.h"

#include "core/random.h"
#include "net/local_addresses.h"
#include "queue/retry.h"

namespace hermetic::daemon {
namespace {

ledger::Level level_of(const std::string& text)
{
    if (text == "debug") return ledger::Level::Debug;
    if (text == "warning") return ledger::Level::Warning;
    return text == "error" ? ledger::Level::Error : ledger::Level::Info;
}

events::SpoolReport::Severity severity_of(spool::SpoolEvent::Severity severity)
{
    using From = spool::SpoolEvent::Severity;
    using To = events::SpoolReport::Severity;
    if (severity == From::Error) return To::Error;
    return severity == From::Warning ? To::Warning : To::Info;
}

}  // namespace

ledger::LogSettings make_log_settings(const config::LogOptions& options)
{
    const bool json = options.format == config::LogFormat::Json;
    using Format = ledger::LogSettings::Format;
    return {json ? Format::Json : Format::Text, options.file, level_of(options.level)};
}

std::string spool_directory_of(const config::NodeOptions& options)
{
    return options.data_directory + "/spool";
}

spool::SpoolSettings make_spool_settings(const config::NodeOptions& options,
                                         events::Publisher& events, metrics::Metrics& metrics)
{
    spool::SpoolSettings settings;
    settings.directory = spool_directory_of(options);
    settings.high_water = options.spool.high_water;
    settings.low_water = options.spool.low_water;
    settings.body_file_threshold = options.spool.body_file_threshold;
    settings.ballast = options.spool.ballast;
    settings.max_messages = options.spool.max_messages;
    settings.on_event = [&events, &metrics](const spool::SpoolEvent& event) {
        if (event.id == spool::kBodyUnreadable) metrics.add(metrics::Metric::SpoolUnreadable);
        events.publish(events::SpoolReport{severity_of(event.severity), event.id, event.words});
    };
    return settings;
}

dispatch::DispatcherSettings make_dispatcher_settings(const config::NodeOptions& options,
                                                      const objects::Organization& organization)
{
    dispatch::DispatcherSettings settings;
    settings.queue.connections = options.delivery.connections;
    settings.queue.connections_per_destination = options.delivery.connections_per_destination;
    const queue::RetrySchedule schedule = queue::make_retry_schedule(organization);
    settings.queue.back_off = schedule.after;
    settings.queue.back_off.push_back(schedule.then);
    settings.hostname = options.hostname;
    settings.seed = random_seed();
    return settings;
}

outbound::SettingsPointer make_delivery_settings(
    const config::NodeOptions& options, const std::vector<Endpoint>& listening,
    std::shared_ptr<const tls::CaSet> cas, std::shared_ptr<const outbound::Credentials> credentials)
{
    outbound::DeliverySettings settings;
    settings.options = options.delivery;
    settings.hostname = options.hostname;
    settings.own_names = {options.hostname};
    // Most listen at 0.0.0.0: no way leads to that address, but to all that it stands for.
    settings.own_endpoints = net::expand_wildcards(listening, net::local_addresses());
    settings.cas = std::move(cas);
    settings.credentials = std::move(credentials);
    return std::make_shared<const outbound::DeliverySettings>(std::move(settings));
}

}  // namespace hermetic::daemon
