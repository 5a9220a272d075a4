#include "daemon/diagnostics.h"

namespace hermetic::daemon {

std::string first_of(const config::Diagnostics& diagnostics)
{
    std::string text = config::format_diagnostic(diagnostics.front());
    if (diagnostics.size() > 1) {
        text += " (and " + std::to_string(diagnostics.size() - 1) + " more: hermetic check)";
    }
    return text;
}

}  // namespace hermetic::daemon
