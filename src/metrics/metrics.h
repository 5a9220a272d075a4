// What the process counts, declared once in lists, shown in Prometheus' text format.
//
// Thread-safe. Counters, gauges and histograms are relaxed atomics: they may stand on the way of a
// message. Families, whose labels are only known at run time, take a lock: for subscribers of
// events, not for cores.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::metrics {

// HERMETIC_METRIC(id, "prometheus_name", "labels or empty", "counter|gauge", "help")
enum class Metric : std::uint16_t {
#define HERMETIC_METRIC(id, name, labels, kind, help) id,
#include "metrics/metrics.def"
#undef HERMETIC_METRIC
    kCount,
};

// HERMETIC_HISTOGRAM(id, "prometheus_name", "help"): of durations, shown in seconds.
enum class Histogram : std::uint8_t {
#define HERMETIC_HISTOGRAM(id, name, help) id,
#include "metrics/histograms.def"
#undef HERMETIC_HISTOGRAM
    kCount,
};

// HERMETIC_FAMILY(id, "prometheus_name", "counter|gauge", "label", "second or empty", "third or
// empty", "help")
enum class Family : std::uint8_t {
#define HERMETIC_FAMILY(id, name, kind, first, second, third, help) id,
#include "metrics/families.def"
#undef HERMETIC_FAMILY
    kCount,
};

// Values of a family's labels, in its order; those that it does not have are empty.
using Labels = std::array<std::string_view, 3>;
struct Sample {
    Labels labels;
    std::uint64_t value = 0;
};

// Upper bounds of a histogram's buckets; the last one has none.
inline constexpr std::array<std::chrono::milliseconds, 15> kBuckets{
    std::chrono::milliseconds{1},      std::chrono::milliseconds{2},
    std::chrono::milliseconds{5},      std::chrono::milliseconds{10},
    std::chrono::milliseconds{25},     std::chrono::milliseconds{50},
    std::chrono::milliseconds{100},    std::chrono::milliseconds{250},
    std::chrono::milliseconds{500},    std::chrono::milliseconds{1'000},
    std::chrono::milliseconds{2'500},  std::chrono::milliseconds{5'000},
    std::chrono::milliseconds{10'000}, std::chrono::milliseconds{60'000},
    std::chrono::milliseconds{300'000}};

class Metrics {
public:
    // Series of a family; what comes beyond is counted under the label "other".
    static constexpr std::size_t kMaxSeries = 2000;

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

    void observe(Histogram histogram, std::chrono::microseconds took);

    // One value for each label of the family, in its order. An amount of 0 makes the series be
    // there: what begins above 0 has no increase() in Prometheus.
    void count(Family family, std::initializer_list<std::string_view> labels,
               std::uint64_t amount = 1);

    // All series of a gauge, in place of those before.
    void set(Family family, const std::vector<Sample>& samples);

    // hermetic_build_info. Before anybody else uses the object.
    void set_version(std::string version) { version_ = std::move(version); }

    // Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string format() const;

private:
    struct Buckets {
        std::array<std::atomic<std::uint64_t>, kBuckets.size() + 1> counts{};
        std::atomic<std::uint64_t> sum_us{0};
    };
    using Series = std::map<std::string, std::uint64_t, std::less<>>;  // by its labels as shown

    void format_histograms(std::string& text) const;
    void format_families(std::string& text) const;

    std::array<std::atomic<std::int64_t>, static_cast<std::size_t>(Metric::kCount)> values_{};
    std::array<Buckets, static_cast<std::size_t>(Histogram::kCount)> histograms_{};
    std::string version_;
    mutable std::mutex families_mutex_;
    std::array<Series, static_cast<std::size_t>(Family::kCount)> families_;  // under the mutex
};

// One metric as a reference has it.
struct MetricReference {
    std::string_view name;
    std::string labels;  // `result="ok"`; where only a sample knows the values: "outcome, reason"
    std::string_view kind;  // "counter", "gauge", "histogram"
    std::string_view help;
};
[[nodiscard]] std::vector<MetricReference> metric_reference();
// docs/reference/metrics.md.
[[nodiscard]] std::string format_metric_reference();

}  // namespace hermetic::metrics
