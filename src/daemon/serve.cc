#include "daemon/serve.h"

#include "daemon/descriptors.h"
#include "daemon/diagnostics.h"
#include "daemon/node.h"
#include "daemon/node_file.h"
#include "net/core.h"

#include <csignal>
#include <cstdio>

namespace hermetic::daemon {
namespace {

// A file at its limit (RLIMIT_FSIZE) is an error of whoever writes, like a full disk.
void ignore_size_signal()
{
    std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

int serve(const cli::ServeArguments& arguments)
{
    net::ignore_sigpipe();
    ignore_size_signal();
    (void)raise_descriptor_limit();  // before it is told how many sessions fit
    auto file = load_node_file(arguments.config);
    if (!file) {
        std::fprintf(stderr, "%s\n", all_of(file.error()).c_str());
        return cli::kFailed;
    }
    Node node{arguments, *std::move(file)};
    if (const auto started = node.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().c_str());
        return cli::kFailed;
    }
    node.run();
    return cli::kDone;
}

}  // namespace hermetic::daemon
