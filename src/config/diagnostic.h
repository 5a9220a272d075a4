// What is wrong with a configuration: file, line, key, and what is expected.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hermetic::config {

struct Diagnostic {
    std::string file;
    unsigned line = 0;     // 0: the file as a whole
    std::string key;       // "listener[0].min_tls"
    std::string what;      // "\"1.4\" is no TLS version"
    std::string expected;  // "one of 1.0, 1.1, 1.2, 1.3"
    bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

// As many as a person may want to read; the search for faults stops there.
inline constexpr std::size_t kMaxFaults = 1000;
[[nodiscard]] inline bool is_full(const Diagnostics& diagnostics)
{
    return diagnostics.size() >= kMaxFaults;
}

// "hermetic.toml:12: listener[0].min_tls: "1.4" is no TLS version; expected: one of …"
[[nodiscard]] std::string format_diagnostic(const Diagnostic& diagnostic);

}  // namespace hermetic::config
