// The sub-commands that talk to a running server or to files. Each returns an exit code of cli.h.
#pragma once

#include <cstdint>
#include <string>

namespace hermetic::cli {

enum class Output : std::uint8_t { Table, Json };

// Where the server's socket is: given, or found through its configuration.
struct ServerChoice {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string socket;
};

[[nodiscard]] int check(const std::string& config);
[[nodiscard]] int reference(const std::string& what);  // "node" | "org" | "reasons"

// What would become of a message; asks nobody, unless it is to look.
struct ExplainArguments {
    std::string config = "/etc/hermetic/hermetic.toml";
    std::string recipient;
    std::string client;      // empty: one that is not known
    std::string sender;      // empty or "<>": the null sender
    std::string message;     // a file; empty: there is none
    bool secure_mx = false;  // assume that DNSSEC proves the MX answer
    bool live = false;       // resolve and connect
};
[[nodiscard]] int explain_message(const ExplainArguments& arguments, Output output);

[[nodiscard]] int status(const ServerChoice& server, Output output);
[[nodiscard]] int metrics(const ServerChoice& server);

struct QueueFilter {
    std::string destination;
    std::string sender;
    std::string state;
    std::uint32_t limit = 100;
};
[[nodiscard]] int queue_list(const ServerChoice& server, const QueueFilter& filter, Output output);
[[nodiscard]] int queue_destinations(const ServerChoice& server, Output output);
[[nodiscard]] int queue_show(const ServerChoice& server, const std::string& id, Output output);
// action: "retry", "hold", "release"
[[nodiscard]] int queue_act(const ServerChoice& server, const std::string& action,
                            const std::string& id, Output output);
[[nodiscard]] int queue_retry_all(const ServerChoice& server, const std::string& destination,
                                  Output output);
// Below its TLS policy, once.
// What is remembered of hosts (`hermetic hosts …`).
[[nodiscard]] int hosts_list(const ServerChoice& server, Output output);
[[nodiscard]] int hosts_forget(const ServerChoice& server, const std::string& host, Output output);
[[nodiscard]] int queue_approve(const ServerChoice& server, const std::string& id,
                                const std::string& reason, Output output);
enum class Notify : std::uint8_t { Sender, Nobody };
[[nodiscard]] int queue_remove(const ServerChoice& server, const std::string& id, Notify notify,
                               Output output);

}  // namespace hermetic::cli
