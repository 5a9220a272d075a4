#include "cli/local_options.h"

#include "cli/commands.h"
#include "config/options.h"
#include "directory/directory.h"

#include <unistd.h>

namespace hermetic::cli {
namespace {

std::string machine_name()
{
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

}  // namespace

Result<validation::LocalOptions, std::string> local_options(const std::string& config)
{
    const std::string file = config.empty() ? ServerChoice{}.config : config;
    validation::LocalOptions options;
    if (config.empty() && ::access(file.c_str(), R_OK) != 0) {
        options.hostname = machine_name();
        return options;
    }
    auto node = config::load_node_options(file);
    if (!node) return failure(config::format_diagnostic(node.error().front()));
    options.delivery = node->delivery;
    options.resolver = node->resolver;
    options.hostname = node->hostname;
    return options;
}

Result<objects::Snapshot::Contents, std::string> local_objects(const std::string& config)
{
    const std::string file = config.empty() ? ServerChoice{}.config : config;
    if (config.empty() && ::access(file.c_str(), R_OK) != 0) return objects::Snapshot::Contents{};
    const auto node = config::load_node_options(file);
    if (!node) return failure(config::format_diagnostic(node.error().front()));
    auto contents = directory::load_objects(node->organization_file, node->data_directory,
                                            system_clock().wall());
    if (!contents) return failure(config::format_diagnostic(contents.error().front()));
    return *std::move(contents);
}

}  // namespace hermetic::cli
