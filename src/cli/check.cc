#include "admin/file_warnings.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "config/options.h"
#include "core/time.h"
#include "directory/directory.h"
#include "facts/reason_reference.h"
#include "objects/exceptions.h"
#include "objects/old_form.h"
#include "objects/org_file.h"
#include "objects/validate_node.h"

#include <cstdio>

namespace hermetic::cli {
namespace {

void print(const config::Diagnostics& diagnostics)
{
    for (const auto& each : diagnostics) {
        std::fprintf(stderr, "%s\n", config::format_diagnostic(each).c_str());
    }
}

// Warnings: whoever checks may read other files than the server, and mail only waits for them.
void warn_of_files(const objects::Snapshot::Contents& contents)
{
    for (const std::string& each : admin::file_warnings(contents)) {
        std::fprintf(stderr, "warning: %s\n", each.c_str());
    }
}

// Where the file stands in an earlier version's form.
config::Diagnostics notes_on(const std::string& organization_file)
{
    if (organization_file.empty()) return {};
    auto document = config::load_document(organization_file);
    if (!document) return {};
    return objects::take_up_old_form(*std::move(document), organization_file).notes;
}

}  // namespace

int check(const std::string& file)
{
    const auto node = config::load_node_options(file);
    if (!node) {
        print(node.error());
        return kFailed;
    }
    const auto contents = directory::load_objects(node->organization_file, node->data_directory);
    if (!contents) {
        print(contents.error());
        return kFailed;
    }
    const std::string where = node->organization_file.empty()
                                  ? "the directory in " + node->data_directory
                                  : node->organization_file;
    auto faults = objects::validate_for_node(*contents, *node, where);
    const auto notes = notes_on(node->organization_file);
    // What an earlier version allowed, or what is kept already, has the end that it has.
    if (!node->organization_file.empty() && notes.empty() && faults.empty())
        faults = objects::too_long_exceptions({}, *contents, system_clock().wall());
    if (!faults.empty()) {
        print(faults);
        return kFailed;
    }
    std::printf("%s and %s are in order: %zu listeners, %zu accepted domains\n", file.c_str(),
                where.c_str(), node->listeners.size(), contents->accepted_domains.size());
    if (contents->organizations.empty()) {
        std::puts("there is no organization yet, so that no mail is accepted: hermetic apply FILE");
    }
    for (const config::Diagnostic& each : notes)
        std::fprintf(stderr, "warning: %s\n", config::format_diagnostic(each).c_str());
    warn_of_files(*contents);
    return kDone;
}

int reference(const std::string& what)
{
    const std::string text = what == "org"       ? objects::format_org_reference()
                             : what == "reasons" ? facts::format_reason_reference()
                                                 : config::format_node_reference();
    std::fputs(text.c_str(), stdout);
    return kDone;
}

}  // namespace hermetic::cli
