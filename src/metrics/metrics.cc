#include "metrics/metrics.h"

#include "core/assert.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::metrics {
namespace {

struct Declaration {
    Metric metric;
    std::string_view name;
    std::string_view labels;
    std::string_view kind;
    std::string_view help;
};
constexpr Declaration kDeclarations[] = {
#define HERMETIC_METRIC(id, name, labels, kind, help) {Metric::id, name, labels, kind, help},
#include "metrics/metrics.def"
#undef HERMETIC_METRIC
};

struct HistogramDeclaration {
    std::string_view name;
    std::string_view help;
};
constexpr HistogramDeclaration kHistograms[] = {
#define HERMETIC_HISTOGRAM(id, name, help) {name, help},
#include "metrics/histograms.def"
#undef HERMETIC_HISTOGRAM
};

struct FamilyDeclaration {
    std::string_view name;
    std::string_view kind;
    Labels labels;
    std::string_view help;
};
constexpr FamilyDeclaration kFamilies[] = {
#define HERMETIC_FAMILY(id, name, kind, first, second, third, help) \
    {name, kind, {first, second, third}, help},
#include "metrics/families.def"
#undef HERMETIC_FAMILY
};

constexpr std::string_view kBuildInfo = "hermetic_build_info";
constexpr std::string_view kBuildHelp = "1; the label is the running version";

std::string heading(std::string_view name, std::string_view kind, std::string_view help)
{
    return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

// A label's value as the format has it; names of objects may hold anything.
std::string quoted(std::string_view value)
{
    std::string text = "\"";
    for (const char each : value) {
        if (each == '\\' || each == '"') text += '\\';
        if (each == '\n') {
            text += "\\n";
        } else {
            text += each;
        }
    }
    return text + '"';
}

// `outcome="deferred",reason="…"`: as a sample shows them.
std::string labels_of(const FamilyDeclaration& family, const Labels& values)
{
    std::string text;
    for (std::size_t i = 0; i < family.labels.size() && !family.labels[i].empty(); ++i) {
        text += fmt::format("{}{}={}", i == 0 ? "" : ",", family.labels[i], quoted(values[i]));
    }
    return text;
}

std::string names_of(const Labels& labels)
{
    std::string text;
    for (const std::string_view each : labels) {
        if (!each.empty()) text.append(text.empty() ? "" : ", ").append(each);
    }
    return text;
}

}  // namespace

void Metrics::observe(Histogram histogram, std::chrono::microseconds took)
{
    took = std::max(took, std::chrono::microseconds{0});
    auto& buckets = histograms_[static_cast<std::size_t>(histogram)];
    const auto bucket = std::lower_bound(kBuckets.begin(), kBuckets.end(), took);
    const auto index = static_cast<std::size_t>(bucket - kBuckets.begin());
    buckets.counts[index].fetch_add(1, std::memory_order_relaxed);
    buckets.sum_us.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

void Metrics::count(Family family, std::initializer_list<std::string_view> labels_given,
                    std::uint64_t amount)
{
    const auto& declaration = kFamilies[static_cast<std::size_t>(family)];
    Labels values;
    HERMETIC_ASSERT(labels_given.size() <= values.size());
    std::copy(labels_given.begin(), labels_given.end(), values.begin());
    std::string labels = labels_of(declaration, values);
    const std::lock_guard lock{families_mutex_};
    Series& series = families_[static_cast<std::size_t>(family)];
    if (series.size() >= kMaxSeries && !series.contains(labels))
        labels = labels_of(declaration, {"other", "other", "other"});
    series[std::move(labels)] += amount;
}

void Metrics::set(Family family, const std::vector<Sample>& samples)
{
    const auto& declaration = kFamilies[static_cast<std::size_t>(family)];
    Series series;
    for (const Sample& each : samples) {
        std::string labels = labels_of(declaration, each.labels);
        if (series.size() >= kMaxSeries && !series.contains(labels))
            labels = labels_of(declaration, {"other", "other", "other"});
        std::uint64_t& value = series[std::move(labels)];
        value = std::max(value, each.value);
    }
    const std::lock_guard lock{families_mutex_};
    families_[static_cast<std::size_t>(family)] = std::move(series);
}

std::string Metrics::format() const
{
    std::string text = heading(kBuildInfo, "gauge", kBuildHelp) +
                       fmt::format("{}{{version={}}} 1\n", kBuildInfo, quoted(version_));
    std::string_view last;
    for (const Declaration& each : kDeclarations) {
        if (each.name != last) text += heading(each.name, each.kind, each.help);
        last = each.name;
        const std::string labels = each.labels.empty() ? "" : fmt::format("{{{}}}", each.labels);
        text += fmt::format("{}{} {}\n", each.name, labels, value(each.metric));
    }
    format_histograms(text);
    format_families(text);
    return text;
}

void Metrics::format_histograms(std::string& text) const
{
    for (std::size_t i = 0; i < histograms_.size(); ++i) {
        const auto& [name, help] = kHistograms[i];
        text += heading(name, "histogram", help);
        std::uint64_t count = 0;
        for (std::size_t bucket = 0; bucket < kBuckets.size(); ++bucket) {
            count += histograms_[i].counts[bucket].load(std::memory_order_relaxed);
            const double bound = static_cast<double>(kBuckets[bucket].count()) / 1000;
            text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bound, count);
        }
        count += histograms_[i].counts.back().load(std::memory_order_relaxed);
        const auto sum_us = histograms_[i].sum_us.load(std::memory_order_relaxed);
        text += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2:.6f}\n{0}_count {1}\n", name,
                            count, static_cast<double>(sum_us) / 1e6);
    }
}

void Metrics::format_families(std::string& text) const
{
    const std::lock_guard lock{families_mutex_};
    for (std::size_t i = 0; i < families_.size(); ++i) {
        text += heading(kFamilies[i].name, kFamilies[i].kind, kFamilies[i].help);
        for (const auto& [labels, count] : families_[i])
            text += fmt::format("{}{{{}}} {}\n", kFamilies[i].name, labels, count);
    }
}

std::vector<MetricReference> metric_reference()
{
    std::vector<MetricReference> all{{kBuildInfo, "version", "gauge", kBuildHelp}};
    for (const Declaration& each : kDeclarations)
        all.push_back({each.name, std::string{each.labels}, each.kind, each.help});
    for (const auto& each : kHistograms) all.push_back({each.name, "le", "histogram", each.help});
    for (const auto& each : kFamilies)
        all.push_back({each.name, names_of(each.labels), each.kind, each.help});
    return all;
}

std::string format_metric_reference()
{
    std::string text =
        "# Metrics\n\nThe output of `hermetic metrics`, of `GET /metrics` at the control socket "
        "and of the addresses of `[metrics]`,\nin Prometheus' text format. Made by `hermetic "
        "reference metrics`.\n\n"
        "| name | labels | kind | meaning |\n|---|---|---|---|\n";
    for (const MetricReference& each : metric_reference()) {
        const std::string labels = each.labels.empty() ? "" : fmt::format("`{}`", each.labels);
        text += fmt::format("| `{}` | {} | {} | {} |\n", each.name, labels, each.kind, each.help);
    }
    return text + fmt::format(
                      "\nA family (labels without a value above) has at most {} series; further "
                      "ones are counted as `other`, which of a gauge is the highest of them.\n",
                      Metrics::kMaxSeries);
}

}  // namespace hermetic::metrics
