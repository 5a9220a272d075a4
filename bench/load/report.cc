#include "load/report.h"

#include "load/process.h"

#include <boost/json.hpp>

#include <cmath>

namespace hermetic::load {
namespace {

namespace json = boost::json;

double rounded(double value)
{
    return std::round(value * 1000) / 1000;
}

double milliseconds(std::int64_t nanoseconds)
{
    return rounded(static_cast<double>(nanoseconds) / 1e6);
}

json::object format_histogram(const Histogram& histogram)
{
    return {{"p50_ms", milliseconds(histogram.percentile(0.5))},
            {"p90_ms", milliseconds(histogram.percentile(0.9))},
            {"p99_ms", milliseconds(histogram.percentile(0.99))},
            {"max_ms", milliseconds(histogram.max())}};
}

json::object format_counts(const std::map<std::string, std::uint64_t>& counts)
{
    json::object object;
    for (const auto& [text, count] : counts) {
        object[text] = count;
    }
    return object;
}

}  // namespace

std::string format_send_result(const SendResult& result, const SendOptions& options)
{
    const std::uint64_t begun = result.sent + result.refused + result.deferred + result.failed;
    // From the start of the run, connecting included, to the last 250.
    const double seconds =
        static_cast<double>(result.accepted.last() - result.accepted.origin()) / 1e9;
    const bool any = result.sent > 0;
    return json::serialize(json::object{
        {"sent", result.sent},
        {"refused", result.refused},
        {"deferred", result.deferred},
        {"failed", result.failed},
        {"not_begun", options.idle < 0 && options.messages > begun ? options.messages - begun : 0},
        {"seconds", any ? rounded(seconds) : 0},
        {"messages_per_second", any ? rounded(static_cast<double>(result.sent) / seconds) : 0},
        {"messages_per_second_steady", rounded(result.accepted.steady_rate())},
        {"mail_to_250", format_histogram(result.mail_to_250)},
        {"connect_to_ready", format_histogram(result.connect_to_ready)},
        {"connections", result.connections},
        {"connections_failed", result.connections_failed},
        {"handshakes", result.handshakes},
        {"resumed", result.resumed},
        {"cpu_ms", milliseconds(result.cpu_ns)},
        {"errors", format_counts(result.errors)}});
}

std::string format_sink_result(const SinkResult& result)
{
    const std::uint64_t received = result.arrivals.count();
    return json::serialize(json::object{
        {"received", received},
        {"distinct", result.distinct},
        {"duplicates", result.duplicates},
        {"missing_below_expect", result.missing},
        {"unknown", result.unknown},
        {"octets", result.octets},
        {"first", received > 0 ? unix_seconds_of(result.arrivals.first()) : 0},
        {"last", received > 0 ? unix_seconds_of(result.arrivals.last()) : 0},
        {"messages_per_second", rounded(result.arrivals.steady_rate())},
        {"messages_per_second_overall", rounded(result.arrivals.rate())},
        {"connections", result.connections},
        {"transactions_per_connection",
         result.connections > 0
             ? rounded(static_cast<double>(received) / static_cast<double>(result.connections))
             : 0},
        {"tls_versions", format_counts(result.tls_versions)},
        {"resumed", result.resumed},
        {"cpu_ms", milliseconds(result.cpu_ns)},
        {"errors", format_counts(result.errors)}});
}

std::string format_sync_result(const SyncResult& result)
{
    return json::serialize(
        json::object{{"size", result.options.size},
                     {"count", result.options.count},
                     {"median_ms", milliseconds(result.append_and_sync.percentile(0.5))},
                     {"p99_ms", milliseconds(result.append_and_sync.percentile(0.99))},
                     {"max_ms", milliseconds(result.append_and_sync.max())},
                     {"sync_median_ms", milliseconds(result.sync.percentile(0.5))},
                     {"sync_p99_ms", milliseconds(result.sync.percentile(0.99))}});
}

}  // namespace hermetic::load
