#include "cli/local_options.h"

#include "cli/commands.h"
#include "config/options.h"
#include "directory/directory.h"
#include "observations/keeper.h"

#include <algorithm>
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

Result<std::shared_ptr<observations::Observations>, std::string> local_observations(
    const std::string& config, std::span<const objects::Organization> organizations)
{
    const bool enforces = std::ranges::any_of(organizations, [](const auto& each) {
        return each.ratchet.mode == objects::RatchetMode::Enforce;
    });
    if (!enforces) return std::shared_ptr<observations::Observations>{};
    const auto node = config::load_node_options(config.empty() ? ServerChoice{}.config : config);
    if (!node) return failure(config::format_diagnostic(node.error().front()));
    auto seen = std::make_shared<observations::Observations>();
    const auto loaded =
        observations::load(node->data_directory + "/" + observations::kFileName, *seen);
    if (!loaded) return failure("what the ratchet expects is not known: " + loaded.error());
    return seen;
}

}  // namespace hermetic::cli
