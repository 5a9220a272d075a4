#include "daemon/objects_part.h"

#include "daemon/diagnostics.h"
#include "daemon/reload_plan.h"
#include "directory/directory.h"
#include "events/publisher.h"
#include "net/deadline_wheel.h"
#include "objects/exceptions.h"
#include "objects/warnings.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Refusal;

std::string words_of(const Refusal& refusal)
{
    if (!refusal.diagnostics.empty()) return all_of(refusal.diagnostics);
    return refusal.what + "; expected: " + refusal.expected;
}

std::vector<events::ObjectsChanged::Change> keys_of(const directory::Changes& changes)
{
    std::vector<events::ObjectsChanged::Change> keys;
    keys.reserve(changes.size());
    for (const directory::ObjectChange& each : changes) {
        keys.push_back(
            {directory::name(each.kind), each.key.kind, each.key.organization, each.key.name});
    }
    return keys;
}

// Without a managing file what the directory has stays.
Result<objects::SnapshotPointer, std::string> apply_reload(
    Directory& directory, const config::NodeOptions& options,
    std::optional<directory::Compiled> objects)
{
    directory.check_by(check_for(options));
    directory.set_managing_file(options.organization_file);
    if (objects) {
        const auto taken = directory.take_file(*std::move(objects), options.organization_file);
        if (!taken) return failure(words_of(taken.error()));
    }
    return directory.snapshot();
}

}  // namespace

ObjectsPart::ObjectsPart(net::Core& main, events::Publisher& events,
                         const config::NodeOptions& options, ReadFiles read_files, Publish publish,
                         Sleep sleep)
    : main_{main},
      events_{events},
      options_{options},
      read_files_{std::move(read_files)},
      publish_{std::move(publish)},
      sleep_{std::move(sleep)},
      tasks_{main}
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
        if (const auto loaded = directory.load(); !loaded)
            return failure(loaded.error().what + "; expected: " + loaded.error().expected);
    } else {
        const auto document = config::load_document(options_.organization_file);
        if (!document) return failure(config::format_diagnostic(document.error()));
        directory.set_managing_file(options_.organization_file);
        const auto taken = directory.take_file(*document, options_.organization_file);
        if (!taken) return failure(words_of(taken.error()));
    }
    snapshot_ = directory.snapshot();
    report_notes(directory.notes());
    report_warnings(events_, objects::find_warnings(snapshot_->contents()));
    directory.on_change([this](objects::SnapshotPointer snapshot, const directory::Changes& changes,
                               const std::string& by) {
        auto use_files = read_files_(*snapshot, Cause::Objects);
        main_.post([this, taken = Taken{std::move(snapshot), std::move(use_files)},
                    changed = keys_of(changes), by] {
            put_in_force(taken);
            if (!changed.empty())
                events_.publish(events::ObjectsChanged{taken.snapshot->revision(), by, changed});
        });
    });
    directory_ = std::make_unique<directory::DirectoryThread>(*std::move(opened));
    if (snapshot_->contents().organizations.empty()) {
        events_.publish(events::DirectoryEmpty{});
    }
    return {};
}

void ObjectsPart::begin()
{
    tasks_.spawn(watch_exceptions());
}

void ObjectsPart::report_notes(const config::Diagnostics& notes)
{
    for (const config::Diagnostic& each : notes) {
        events_.publish(
            events::ObjectOldForm{each.key, each.file, each.line, each.what, each.expected});
    }
}

// The exceptions whose ends draw near, and those that have come since the last check.
void ObjectsPart::remind_of_exceptions()
{
    const WallTime now = main_.clock().wall();
    for (const auto& each : objects::exceptions_of(snapshot_->contents())) {
        const auto due = objects::reminder_due(each.valid_until, reminded_at_, now);
        if (!due || !each.enabled) continue;
        events_.publish(events::ExceptionEnding{each.kind, each.name, each.organization,
                                                each.weaker, each.valid_until, *due, each.reason});
    }
    reminded_at_ = now;
}

net::Task<> ObjectsPart::watch_exceptions()
{
    constexpr Duration kMinute = std::chrono::minutes{1};
    for (;;) {
        remind_of_exceptions();
        const Instant next = main_.clock().now() + kMinute;
        if (co_await sleep_(main_, next) == net::Woken::Cancelled) co_return;
    }
}

net::Task<Result<void, std::string>> ObjectsPart::take(const config::NodeOptions& options,
                                                       std::optional<directory::Compiled> objects)
{
    using Answer = Result<Taken, std::string>;
    // A std::function holds only what can be copied; the options change while it runs.
    const auto carried = std::make_shared<std::optional<directory::Compiled>>(std::move(objects));
    std::function<Answer(Directory&)> question = [this, options,
                                                  carried](Directory& directory) -> Answer {
        auto snapshot = apply_reload(directory, options, std::move(*carried));
        if (!snapshot) return failure(std::move(snapshot.error()));
        auto use_files = read_files_(**snapshot, Cause::Reload);
        return Taken{*std::move(snapshot), std::move(use_files)};
    };
    auto answer = co_await ask(std::move(question));
    if (!answer) co_return failure(std::string{"the directory did not answer in time"});
    if (!*answer) co_return failure(std::move(answer->error()));
    taken_ = **std::move(answer);
    co_return Result<void, std::string>{};
}

void ObjectsPart::give_up()
{
    directory_->post(
        [check = check_for(options_)](Directory& directory) { directory.check_by(check); });
}

// What has changed since, and is in force, came with files of its own, which were read later.
Result<void, std::string> ObjectsPart::reload()
{
    const auto taken = std::exchange(taken_, std::nullopt);
    if (!taken) return {};
    if (taken->snapshot->revision() > snapshot_->revision()) {
        put_in_force(*taken);
    } else if (taken->snapshot->revision() == snapshot_->revision()) {
        taken->use_files();
    }
    return {};
}

void ObjectsPart::put_in_force(const Taken& taken)
{
    const objects::SnapshotPointer& snapshot = taken.snapshot;
    // A reload publishes what it took by itself, ahead of what the directory has posted.
    if (snapshot->revision() <= snapshot_->revision()) return;
    const auto before = std::exchange(snapshot_, snapshot);
    taken.use_files();
    publish_(*before);
    const auto known = objects::find_warnings(before->contents());
    auto warnings = objects::find_warnings(snapshot->contents());
    std::erase_if(warnings, [&known](const config::Diagnostic& each) {
        return std::find(known.begin(), known.end(), each) != known.end();
    });
    report_warnings(events_, warnings);
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
