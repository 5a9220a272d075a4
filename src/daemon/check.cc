#include "daemon/check.h"

#include "admin/file_warnings.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "core/time.h"
#include "daemon/certificates.h"
#include "daemon/node_file.h"
#include "daemon/reload_plan.h"
#include "directory/directory.h"
#include "objects/warnings.h"

#include <boost/json.hpp>

#include <cstdio>
#include <utility>
#include <vector>

namespace hermetic::daemon {
namespace {

void add(std::vector<std::string>& warnings, const config::Diagnostics& more)
{
    for (const config::Diagnostic& each : more) warnings.push_back(config::format_diagnostic(each));
}

void print(const std::string& file, const config::NodeOptions& options,
           const objects::Snapshot::Contents& contents, const std::vector<std::string>& warnings,
           cli::Output output)
{
    const std::string where = options.organization_file.empty()
                                  ? "the directory in " + options.data_directory
                                  : options.organization_file;
    if (output == cli::Output::Json) {
        const boost::json::object body{
            {"file", file},
            {"objects", where},
            {"listeners", options.listeners.size()},
            {"organizations", contents.organizations.size()},
            {"accepted_domains", contents.accepted_domains.size()},
            {"warnings", boost::json::array(warnings.begin(), warnings.end())}};
        std::printf("%s\n", boost::json::serialize(body).c_str());
        return;
    }
    std::printf("%s and %s are OK: %zu listeners, %zu accepted domains\n", file.c_str(),
                where.c_str(), options.listeners.size(), contents.accepted_domains.size());
    if (contents.organizations.empty())
        std::puts(
            "there is no organization yet, so no mail is accepted; create one with: hermetic apply "
            "FILE");
    std::fflush(stdout);
    for (const std::string& each : warnings) cli::warn(each);
}

// What a start would have built.
struct Built {
    NodeFile node;
    ListenerContexts contexts;
    directory::Compiled objects;
};

Result<Built, config::Diagnostics> build(const std::string& file)
{
    auto node = load_node_file(file);
    if (!node) return failure(std::move(node.error()));
    const config::NodeOptions& options = node->options;
    const WallTime now = system_clock().wall();
    auto contexts =
        load_listener_contexts(options, node->document, file, now, MadeFiles::Leave, {});
    auto objects = directory::judge_objects(options.organization_file, options.data_directory,
                                            check_for(options), now);
    auto faults = find_unfit_data(*node);
    if (contexts && objects && faults.empty())
        return Built{*std::move(node), *std::move(contexts), *std::move(objects)};
    const auto add_faults = [&faults](const config::Diagnostics& more) {
        faults.insert(faults.end(), more.begin(), more.end());
    };
    if (!contexts) add_faults(contexts.error());
    if (!objects) add_faults(objects.error());
    return failure(std::move(faults));
}

}  // namespace

config::Diagnostics find_faults(const std::string& file)
{
    auto built = build(file);
    return built ? config::Diagnostics{} : std::move(built.error());
}

int check(const std::string& file, cli::Output output)
{
    const auto built = build(file);
    if (!built) {
        cli::complain_of(built.error());
        return cli::kFailed;
    }
    const config::NodeOptions& options = built->node.options;
    const objects::Snapshot::Contents& contents = built->objects.contents;
    std::vector<std::string> warnings;
    add(warnings, built->node.warnings);
    add(warnings, find_start_warnings(built->node));
    for (const StandIn& each : built->contexts.stand_ins) {
        warnings.push_back(each.what + "; a self-signed certificate is used in place of \"" +
                           each.name + "\"");
    }
    for (const std::string& each : built->contexts.damaged) {
        warnings.push_back(each +
                           "; a start makes the self-signed certificate again, with the same key "
                           "if that is usable, and keeps damaged files as FILE.unusable");
    }
    add(warnings, built->objects.notes);
    add(warnings, objects::find_warnings(contents));
    add(warnings, objects::find_ended_exceptions(contents, system_clock().wall()));
    // Mail only waits for what these name, and the server says so as well.
    for (std::string& each : admin::file_warnings(contents)) warnings.push_back(std::move(each));
    print(file, options, contents, warnings, output);
    return cli::kDone;
}

}  // namespace hermetic::daemon
