// Counters and gauges of the process, declared once in one list, shown in Prometheus' text format.
//
// Thread-safe: relaxed atomics, one padded set per thread lane for the hot ones is not needed at
// a few increments per message.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::metrics {

// HERMETIC_METRIC(id, "prometheus_name", "labels or empty", "counter|gauge", "help")
enum class Metric : std::uint16_t {
#define HERMETIC_METRIC(id, name, labels, kind, help) id,
#include "metrics/metrics.def"
#undef HERMETIC_METRIC
    kCount,
};

class Metrics {
public:
    void add(Metric metric, std::int64_t amount = 1)
    {
        values_[static_cast<std::size_t>(metric)].fetch_add(amount, std::memory_order_relaxed);
    }
    void set(Metric metric, std::int64_t value)
    {
        values_[static_cast<std::size_t>(metric)].store(value, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t value(Metric metric) const
    {
        return values_[static_cast<std::size_t>(metric)].load(std::memory_order_relaxed);
    }
    // Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string format() const;

private:
    std::array<std::atomic<std::int64_t>, static_cast<std::size_t>(Metric::kCount)> values_{};
};

}  // namespace hermetic::metrics
