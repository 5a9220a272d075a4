#include "setup/plan.h"

#include "config/document.h"
#include "config/options.h"
#include "directory/directory.h"
#include "setup/losses.h"
#include "setup/store.h"

#include <filesystem>
#include <utility>

namespace hermetic::setup {
namespace {

std::string format_first(const config::Diagnostics& faults)
{
    return config::format_diagnostic(faults.front());
}

// One file as it is.
struct Existing {
    std::optional<std::string> text;
    [[nodiscard]] bool says_something() const
    {
        return text && find_author(*text) != Author::Package;
    }
    [[nodiscard]] bool is_persons() const { return text && find_author(*text) == Author::Person; }
};

Result<Existing, std::string> read_existing(const std::string& path)
{
    auto text = read_file(path);
    if (!text) return failure(std::move(text.error()));
    return Existing{*std::move(text)};
}

FilePlan plan_file(const std::string& path, const Existing& existing, std::string text,
                   std::vector<Difference> differences, std::vector<std::string> losses,
                   Overwrite overwrite)
{
    FilePlan plan;
    plan.path = path;
    plan.fate = decide_fate(existing.text, differences, losses, overwrite);
    if (existing.text && *existing.text == text) plan.fate = Fate::Same;
    plan.text = std::move(text);
    plan.differences = std::move(differences);
    plan.losses = std::move(losses);
    return plan;
}

bool is_written(const FilePlan& file)
{
    return file.fate == Fate::Write || file.fate == Fate::Replace;
}

// What hermetic.toml will say, judged where setup writes it.
void read_options(Plan& plan, std::optional<config::NodeOptions> existing)
{
    if (!is_written(plan.node_file)) {
        plan.options = std::move(existing);
        return;
    }
    auto document = config::parse_document(plan.node_file.text, plan.node_file.path);
    if (!document) {
        plan.faults.push_back(document.error());
        return;
    }
    auto options = config::read_node_options(*document, plan.node_file.path);
    if (options) {
        plan.options = *std::move(options);
    } else {
        const config::Diagnostics& faults = options.error();
        plan.faults.insert(plan.faults.end(), faults.begin(), faults.end());
    }
}

class Planning {
public:
    Planning(const std::string& config, const Given& given, Overwrite overwrite, WallTime now)
        : config_{config}, given_{given}, overwrite_{overwrite}, now_{now}
    {
    }

    Result<Plan, std::string> run()
    {
        auto node = read_node_file();
        if (!node) return failure(std::move(node.error()));
        auto objects = read_organization_file();
        if (!objects) return failure(std::move(objects.error()));
        plan_.node = lay_over(is_node_, given_);
        plan_.organization = lay_over(is_organization_, given_);
        plan_.missing = find_missing(plan_.node, plan_.organization);
        if (!plan_.missing.empty()) return std::move(plan_);
        plan_node();
        plan_organization();
        read_options(plan_, std::move(options_));
        return std::move(plan_);
    }

private:
    Result<void, std::string> read_node_file()
    {
        auto existing = read_existing(config_);
        if (!existing) return failure(std::move(existing.error()));
        node_ = *std::move(existing);
        organization_path_ = (std::filesystem::path{config_}.parent_path() / "org.toml").string();
        if (!node_.says_something()) return {};
        auto options = config::load_node_options(config_);
        if (!options) return failure(format_first(options.error()));
        is_node_ = read_node(*options);
        organization_path_ =
            options->organization_file;  // empty: the directory is the source of truth
        options_ = *std::move(options);
        return {};
    }

    Result<void, std::string> read_organization_file()
    {
        if (!organization_path_.empty()) {
            auto existing = read_existing(organization_path_);
            if (!existing) return failure(std::move(existing.error()));
            organization_ = *std::move(existing);
            if (!organization_.says_something()) return {};
        }
        auto contents = directory::load_objects(
            organization_path_, options_ ? options_->data_directory : is_node_.data_directory,
            now_);
        if (!contents) return failure(format_first(contents.error()));
        is_organization_ = read_organization(*contents);
        if (organization_.is_persons())
            organization_losses_ = find_losses(*contents, organization_path_);
        return {};
    }

    void plan_node()
    {
        const std::string folder = std::filesystem::path{config_}.parent_path().string();
        const std::string path =
            std::filesystem::path{organization_path_}.parent_path().string() == folder
                ? std::filesystem::path{organization_path_}.filename().string()
                : organization_path_;
        std::vector<std::string> losses;
        if (node_.is_persons() && options_) losses = find_losses(*options_, config_, path);
        plan_.node_file =
            plan_file(config_, node_, format_node_file(plan_.node, path),
                      find_differences(is_node_, plan_.node), std::move(losses), overwrite_);
    }

    void plan_organization()
    {
        auto differences = find_differences(is_organization_, plan_.organization);
        if (organization_path_.empty()) {
            plan_.organization_file.fate = differences.empty() ? Fate::Same : Fate::Keep;
            plan_.organization_file.differences = std::move(differences);
            return;
        }
        plan_.organization_file = plan_file(
            organization_path_, organization_, format_organization_file(plan_.organization),
            std::move(differences), std::move(organization_losses_), overwrite_);
        if (is_written(plan_.organization_file)) {
            plan_.faults =
                judge_organization_text(plan_.organization_file.text, organization_path_);
        }
    }

    const std::string& config_;
    const Given& given_;
    Overwrite overwrite_;
    WallTime now_;
    Existing node_;
    Existing organization_;
    std::optional<config::NodeOptions> options_;
    std::string organization_path_;
    WantedNode is_node_;
    WantedOrganization is_organization_;
    std::vector<std::string> organization_losses_;
    Plan plan_;
};

Result<void, std::string> write(const FilePlan& file)
{
    if (!is_written(file)) return {};
    if (file.fate == Fate::Replace) {
        auto kept = keep_copy(file.path);
        if (!kept) return kept;
    }
    return write_file(file.path, file.text, file.path);
}

}  // namespace

bool Plan::changes_anything() const
{
    return is_written(node_file) || is_written(organization_file);
}

Result<Plan, std::string> make_plan(const std::string& config, const Given& given,
                                    Overwrite overwrite, WallTime now)
{
    return Planning{config, given, overwrite, now}.run();
}

Result<void, std::string> write(const Plan& plan)
{
    auto written = write(plan.organization_file);
    if (!written) return written;
    return write(plan.node_file);
}

}  // namespace hermetic::setup
