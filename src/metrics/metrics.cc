#include "metrics/metrics.h"

#include <fmt/format.h>

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

}  // namespace

std::string Metrics::format() const
{
    std::string text;
    std::string_view last;
    for (const Declaration& each : kDeclarations) {
        if (each.name != last) {
            text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", each.name, each.help, each.name,
                                each.kind);
            last = each.name;
        }
        const std::string labels = each.labels.empty() ? "" : fmt::format("{{{}}}", each.labels);
        text += fmt::format("{}{} {}\n", each.name, labels, value(each.metric));
    }
    return text;
}

}  // namespace hermetic::metrics
