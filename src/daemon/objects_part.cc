#include "daemon/objects_part.h"

#include "daemon/diagnostics.h"
#include "daemon/reload_plan.h"
#include "directory/directory.h"
#include "ledger/log.h"
#include "net/deadline_wheel.h"
#include "objects/exceptions.h"
#include "objects/org_file.h"
#include "objects/validate_node.h"

#include <filesystem>
#include <utility>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Refusal;
using ledger::Level;

std::string words_of(const Refusal& refusal)
{
    return refusal.what + "; right is " + refusal.right;
}

// Of a copy: the directory has a thread of its own.
Directory::Check check_for(const config::NodeOptions& options)
{
    return [options](const objects::Snapshot::Contents& contents) {
        return objects::validate_for_node(contents, options, "objects");
    };
}

// The governing file into the directory; where there is none, what the directory has stays.
Result<objects::SnapshotPointer, std::string> govern(Directory& directory, const std::string& file,
                                                     const config::Node* document)
{
    directory.govern_by(file);
    if (document != nullptr) {
        const auto taken = directory.take_file(*document, file);
        if (!taken) return failure(words_of(taken.error()));
    }
    return directory.snapshot();
}

}  // namespace

ObjectsPart::ObjectsPart(net::Core& main, ledger::Log& log, const config::NodeOptions& options,
                         Publish publish)
    : main_{main}, log_{log}, options_{options}, publish_{std::move(publish)}, tasks_{main}
{
}

Result<void, std::string> ObjectsPart::make_folder()
{
    std::error_code error;
    std::filesystem::create_directories(options_.data_directory, error);
    if (error)
        return failure("data_directory: " + options_.data_directory + ": " + error.message());
    return {};
}

// The directory first speaks when its thread does: nothing is in force before start() goes on.
Result<void, std::string> ObjectsPart::start()
{
    if (auto made = make_folder(); !made) return made;
    const std::string path = options_.data_directory + "/" + directory::kFileName;
    auto opened = Directory::open(path, main_.clock());
    if (!opened) return failure(opened.error());
    Directory& directory = **opened;
    directory.check_by(check_for(options_));
    if (options_.organization_file.empty()) {
        if (const auto loaded = directory.load(); !loaded) return failure(words_of(loaded.error()));
    } else {
        const auto document = config::load_document(options_.organization_file);
        if (!document) return failure(config::format_diagnostic(document.error()));
        const auto done = govern(directory, options_.organization_file, &*document);
        if (!done) return failure(done.error());
    }
    snapshot_ = directory.snapshot();
    log_notes(directory.notes());
    directory.on_change([this](objects::SnapshotPointer snapshot) {
        main_.post([this, snapshot = std::move(snapshot)] { put_in_force(snapshot); });
    });
    directory_ = std::make_unique<directory::DirectoryThread>(*std::move(opened));
    if (snapshot_->contents().organizations.empty()) {
        log_.event(Level::Warning, "directory.empty",
                   {{"what",
                     "there is no organization yet, so that no mail is accepted; "
                     "`hermetic apply FILE` makes one"}});
    }
    return {};
}

void ObjectsPart::begin()
{
    tasks_.spawn(watch_exceptions());
}

void ObjectsPart::log_notes(const config::Diagnostics& notes)
{
    for (const config::Diagnostic& each : notes) {
        log_.event(Level::Warning, "objects.old-form",
                   {{"object", each.key},
                    {"file", each.file},
                    {"line", each.line == 0 ? std::string{} : std::to_string(each.line)},
                    {"what", each.what},
                    {"right", each.right}});
    }
}

// The exceptions whose ends draw near, and those that have come since the last look.
void ObjectsPart::remind_of_exceptions()
{
    const WallTime now = main_.clock().wall();
    for (const auto& each : objects::exceptions_of(snapshot_->contents())) {
        const auto due = objects::reminder_due(each.valid_until, reminded_at_, now);
        if (!due || !each.enabled) continue;
        log_.event(Level::Warning, *due == 0 ? "exception.ended" : "exception.ending",
                   {{"object", each.kind},
                    {"name", each.name},
                    {"organization", each.organization},
                    {"weaker", each.weaker},
                    {"valid_until", format_rfc3339(each.valid_until)},
                    {"days", std::to_string(*due)},
                    {"reason", each.reason}});
    }
    reminded_at_ = now;
}

net::Task<> ObjectsPart::watch_exceptions()
{
    constexpr Duration kHour = std::chrono::hours{1};
    for (;;) {
        remind_of_exceptions();
        const Instant next = main_.clock().now() + kHour;
        if (co_await net::sleep_until(main_, next) == net::Woken::Cancelled) co_return;
    }
}

Result<void, std::string> ObjectsPart::prepare(const ReloadPlan& plan)
{
    prepared_.reset();
    const config::NodeOptions& wanted = plan.options;
    if (wanted.organization_file.empty()) {
        const auto faults = objects::validate_for_node(snapshot_->contents(), wanted, "objects");
        if (!faults.empty()) return failure(first_of(faults));
        return {};
    }
    auto loaded = config::load_document(wanted.organization_file);
    if (!loaded) return failure(first_of({loaded.error()}));
    const auto read = objects::read_org_document(*loaded, wanted.organization_file);
    if (!read) return failure(first_of(read.error()));
    const auto faults = objects::validate_for_node(*read, wanted, wanted.organization_file);
    if (!faults.empty()) return failure(first_of(faults));
    prepared_ = *std::move(loaded);
    return {};
}

Result<void, std::string> ObjectsPart::reload()
{
    const auto document = std::exchange(prepared_, std::nullopt);
    const auto taken = directory_->ask([this, &document](Directory& directory) {
        directory.check_by(check_for(options_));
        return govern(directory, options_.organization_file, document ? &*document : nullptr);
    });
    if (!taken) return failure(taken.error());
    put_in_force(*taken);
    return {};
}

void ObjectsPart::put_in_force(const objects::SnapshotPointer& snapshot)
{
    // A reload publishes what it took by itself, ahead of what the directory has posted.
    if (snapshot->revision() <= snapshot_->revision()) return;
    const auto before = std::exchange(snapshot_, snapshot);
    publish_(*before);
    log_.event(Level::Info, "objects.changed",
               {{"revision", std::to_string(snapshot->revision())}});
}

void ObjectsPart::add_files(std::vector<std::string>& files) const
{
    if (!options_.organization_file.empty()) files.push_back(options_.organization_file);
}

net::Task<> ObjectsPart::stop()
{
    tasks_.close();
    co_await tasks_.join();
    directory_->stop();
}

}  // namespace hermetic::daemon
