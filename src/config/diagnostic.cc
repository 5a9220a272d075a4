#include "config/diagnostic.h"

#include <fmt/format.h>

namespace hermetic::config {

std::string format_diagnostic(const Diagnostic& diagnostic)
{
    std::string text = diagnostic.file;
    if (diagnostic.line != 0) text += fmt::format(":{}", diagnostic.line);
    if (!text.empty()) text += ": ";
    if (!diagnostic.key.empty()) text += diagnostic.key + ": ";
    text += diagnostic.what;
    if (!diagnostic.expected.empty()) text += "; expected: " + diagnostic.expected;
    return text;
}

}  // namespace hermetic::config
