#include "load/report.h"

#include "load/json_object.h"
#include "load/process.h"

namespace hermetic::load {
namespace {

double milliseconds(std::int64_t nanoseconds)
{
    return static_cast<double>(nanoseconds) / 1e6;
}

JsonObject describe(const Histogram& histogram)
{
    JsonObject object;
    object.add("p50_ms", milliseconds(histogram.percentile(0.5)))
        .add("p90_ms", milliseconds(histogram.percentile(0.9)))
        .add("p99_ms", milliseconds(histogram.percentile(0.99)))
        .add("max_ms", milliseconds(histogram.max()));
    return object;
}

}  // namespace

std::string format_send_result(const SendResult& result, const SendOptions& options)
{
    const std::uint64_t begun = result.sent + result.refused + result.deferred + result.failed;
    const std::uint64_t asked = options.idle < 0 ? options.messages : 0;
    // From the start of the run, connecting included, to the last 250.
    const double seconds =
        result.sent == 0
            ? 0
            : static_cast<double>(result.accepted.last() - result.accepted.origin()) / 1e9;
    JsonObject object;
    object.add("sent", result.sent)
        .add("refused", result.refused)
        .add("deferred", result.deferred)
        .add("failed", result.failed)
        .add("not_begun", asked > begun ? asked - begun : 0)
        .add("seconds", seconds)
        .add("messages_per_second", seconds > 0 ? static_cast<double>(result.sent) / seconds : 0.0)
        .add("messages_per_second_steady", result.accepted.steady_rate())
        .add("mail_to_250", describe(result.mail_to_250))
        .add("connect_to_ready", describe(result.connect_to_ready))
        .add("connections", result.connections)
        .add("connections_failed", result.connections_failed)
        .add("handshakes", result.handshakes)
        .add("resumed", result.resumed)
        .add("cpu_ms", milliseconds(result.cpu_ns))
        .add("errors", result.errors);
    return object.text();
}

std::string format_sink_result(const SinkResult& result)
{
    const std::uint64_t received = result.arrivals.count();
    const double connections = static_cast<double>(result.connections);
    JsonObject object;
    object.add("received", received)
        .add("distinct", result.distinct)
        .add("duplicates", result.duplicates)
        .add("missing_below_expect", result.missing)
        .add("unknown", result.unknown)
        .add("octets", result.octets)
        .add("first", received > 0 ? unix_seconds_of(result.arrivals.first()) : 0.0)
        .add("last", received > 0 ? unix_seconds_of(result.arrivals.last()) : 0.0)
        .add("messages_per_second", result.arrivals.steady_rate())
        .add("messages_per_second_overall", result.arrivals.rate())
        .add("connections", result.connections)
        .add("transactions_per_connection",
             connections > 0 ? static_cast<double>(received) / connections : 0.0)
        .add("tls_versions", result.tls_versions)
        .add("resumed", result.resumed)
        .add("cpu_ms", milliseconds(result.cpu_ns))
        .add("errors", result.errors);
    return object.text();
}

std::string format_sync_result(const SyncResult& result)
{
    JsonObject object;
    object.add("size", result.options.size)
        .add("count", std::uint64_t{result.options.count})
        .add("median_ms", milliseconds(result.append_and_sync.percentile(0.5)))
        .add("p99_ms", milliseconds(result.append_and_sync.percentile(0.99)))
        .add("max_ms", milliseconds(result.append_and_sync.max()))
        .add("sync_median_ms", milliseconds(result.sync.percentile(0.5)))
        .add("sync_p99_ms", milliseconds(result.sync.percentile(0.99)));
    return object.text();
}

}  // namespace hermetic::load
