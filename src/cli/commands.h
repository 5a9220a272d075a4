// The sub-commands that talk to a running server or to files. Each returns an exit code of cli.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::cli {

enum class Output : std::uint8_t { Table, Json };

// Where the server's socket is: given, or found through its configuration.
struct ServerChoice {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string socket;
};

// "node", "org", "reasons", "metrics", "setup": as Markdown, and as one JSON object.
[[nodiscard]] std::string format_reference(const std::string& what);
[[nodiscard]] std::string format_reference_json(const std::string& what);
[[nodiscard]] int reference(const std::string& what, Output output);

// What would become of a message; connects to nobody unless it is live.
struct ExplainArguments {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string recipient;
    std::string client;       // empty: one that is not known
    std::string listener;     // where it comes; empty: not said
    std::string sender;       // empty or "<>": the null sender
    std::string message;      // a file; empty: there is none
    bool requiretls = false;  // MAIL has the parameter
    bool secure_mx = false;   // assume that DNSSEC proves the MX answer
    bool live = false;        // resolve and connect
};
[[nodiscard]] int explain_message(const ExplainArguments& arguments, Output output);

[[nodiscard]] int status(const ServerChoice& server, Output output);
[[nodiscard]] int metrics(const ServerChoice& server, Output output);

// {"metrics": [{"metric": "hermetic_sessions{…}", "value": 3}, …]} of Prometheus' text.
[[nodiscard]] std::string format_metrics_json(std::string_view text);

// What is remembered of hosts (`hermetic hosts …`).
[[nodiscard]] int hosts_list(const ServerChoice& server, Output output);
[[nodiscard]] int hosts_forget(const ServerChoice& server, const std::string& host, Output output);

}  // namespace hermetic::cli
