#include "daemon/diagnostics.h"

#include "events/publisher.h"

namespace hermetic::daemon {

std::string first_of(const config::Diagnostics& diagnostics)
{
    std::string text = config::format_diagnostic(diagnostics.front());
    if (diagnostics.size() > 1) {
        text += " (and " + std::to_string(diagnostics.size() - 1) + " more: hermetic check)";
    }
    return text;
}

std::string all_of(const config::Diagnostics& diagnostics)
{
    constexpr std::size_t kMost = 100;
    std::string text;
    for (std::size_t i = 0; i < diagnostics.size() && i < kMost; ++i)
        text += (i == 0 ? "" : "\n") + config::format_diagnostic(diagnostics[i]);
    if (diagnostics.size() > kMost)
        text += "\nand " + std::to_string(diagnostics.size() - kMost) + " more";
    return text;
}

void report_warnings(events::Publisher& events, const config::Diagnostics& warnings)
{
    for (const config::Diagnostic& each : warnings) {
        events.publish(
            events::ConfigurationWarning{each.file, each.line, each.key, each.what, each.expected});
    }
}

}  // namespace hermetic::daemon
