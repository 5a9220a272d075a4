#include "daemon/serve.h"

#include "config/options.h"
#include "core/time.h"
#include "daemon/node.h"
#include "net/core.h"
#include "objects/org_file.h"

#include <sys/resource.h>

#include <cstdio>

namespace hermetic::daemon {
namespace {

void print(const config::Diagnostics& diagnostics)
{
    for (const auto& each : diagnostics) {
        std::fprintf(stderr, "%s\n", config::format_diagnostic(each).c_str());
    }
}

// Thousands of sessions need as many descriptors; the soft limit is 1024 on most machines.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int serve(const cli::ServeArguments& arguments)
{
    net::ignore_sigpipe();
    raise_descriptor_limit();
    auto options = config::load_node_options(arguments.config);
    if (!options) {
        print(options.error());
        return cli::kFailed;
    }
    // For all its faults, in words; the node takes it with its history.
    if (!options->organization_file.empty()) {
        const auto contents = objects::load_org_file(options->organization_file);
        if (!contents) {
            print(contents.error());
            return cli::kFailed;
        }
    }
    Node node{arguments, std::move(*options)};
    if (const auto started = node.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().c_str());
        return cli::kFailed;
    }
    node.run();
    return cli::kDone;
}

}  // namespace hermetic::daemon
