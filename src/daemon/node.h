// The running server: every subsystem, made in order, stopped in reverse.
//
// Main's thread.
#pragma once

#include "cli/cli.h"
#include "core/result.h"
#include "daemon/node_file.h"

#include <memory>
#include <string>

namespace hermetic::daemon {

class Node {
public:
    Node(cli::ServeArguments arguments, NodeFile file);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // Everything up to accepting connections. The error is for people; then nothing runs.
    [[nodiscard]] Result<void, std::string> start();

    // Until SIGTERM or SIGINT; then stops in order. SIGHUP reloads.
    void run();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::daemon
