#include "load/sink_result.h"

namespace hermetic::load {

void SinkResult::add(const SinkResult& other)
{
    distinct += other.distinct;
    duplicates += other.duplicates;
    unknown += other.unknown;
    octets += other.octets;
    connections += other.connections;
    resumed += other.resumed;
    cpu_ns += other.cpu_ns;
    arrivals.add(other.arrivals);
    for (const auto& [version, count] : other.tls_versions) {
        tls_versions[version] += count;
    }
    for (const auto& [text, count] : other.errors) {
        errors[text] += count;
    }
}

}  // namespace hermetic::load
