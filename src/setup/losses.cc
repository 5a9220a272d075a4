#include "setup/losses.h"

#include "config/document.h"
#include "config/options.h"
#include "core/text.h"
#include "objects/org_file.h"
#include "setup/files.h"
#include "setup/wanted.h"

#include <algorithm>
#include <string_view>

namespace hermetic::setup {
namespace {

// Setup's own text is refused: nothing is known of what it would keep.
std::vector<std::string> all_of(const config::Diagnostic& refused)
{
    return {"all of it, because what setup would write is not valid: " +
            config::format_diagnostic(refused)};
}

void add_lost_lines(const objects::FormattedObject& is, const objects::FormattedObject& next,
                    std::vector<std::string>& losses)
{
    const auto kept = split(next.text, '\n');
    for (const std::string_view line : split(is.text, '\n')) {
        if (std::find(kept.begin(), kept.end(), line) != kept.end()) continue;
        const std::string_view key = line.substr(0, line.find(" = "));
        losses.push_back(is.kind + " " + is.name + "." + std::string{key});
    }
}

}  // namespace

std::vector<std::string> find_losses(const config::NodeOptions& options, const std::string& file,
                                     const std::string& organization_file)
{
    const std::string text = format_node_file(read_node(options), organization_file);
    const auto document = config::parse_document(text, file);
    if (!document) return all_of(document.error());
    const auto kept = config::read_node_options(*document, file);
    if (!kept) return all_of(kept.error().front());
    return config::find_lost_keys(options, *kept);
}

std::vector<std::string> find_losses(const objects::Snapshot::Contents& contents,
                                     const std::string& file)
{
    const WantedOrganization known = lay_over(read_organization(contents), Given{});
    const auto document = config::parse_document(format_organization_file(known), file);
    if (!document) return all_of(document.error());
    const auto kept = objects::read_org_document(*document, file);
    if (!kept) return all_of(kept.error().front());
    std::vector<std::string> losses;
    const auto next = objects::format_org_objects(*kept);
    for (const objects::FormattedObject& each : objects::format_org_objects(contents)) {
        const auto found = std::find_if(next.begin(), next.end(), [&](const auto& other) {
            return other.kind == each.kind && other.organization == each.organization &&
                   other.name == each.name;
        });
        if (found == next.end()) {
            losses.push_back(each.kind + " " + each.name);
        } else {
            add_lost_lines(each, *found, losses);
        }
    }
    return losses;
}

}  // namespace hermetic::setup
