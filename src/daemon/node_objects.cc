// The node's objects: from the directory, or from the file that governs it, into force.
#include "config/document.h"
#include "daemon/changed_policy.h"
#include "daemon/node_impl.h"
#include "directory/directory.h"
#include "objects/org_file.h"

#include <memory>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Refusal;
using ledger::Level;

std::string words_of(const Refusal& refusal)
{
    return refusal.what + "; right is " + refusal.right;
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

// The directory first speaks when its thread does: nothing is in force before start() goes on.
Result<void, std::string> Node::Impl::open_directory()
{
    const std::string path = options_.data_directory + "/" + directory::kFileName;
    auto opened = Directory::open(path, system_clock());
    if (!opened) return failure(opened.error());
    Directory& directory = **opened;
    if (options_.organization_file.empty()) {
        if (const auto loaded = directory.load(); !loaded) return failure(words_of(loaded.error()));
    } else {
        const auto document = config::load_document(options_.organization_file);
        if (!document) return failure(config::format_diagnostic(document.error()));
        const auto done = govern(directory, options_.organization_file, &*document);
        if (!done) return failure(done.error());
    }
    snapshot_ = directory.snapshot();
    directory.on_change([this](objects::SnapshotPointer snapshot) {
        main_.post([this, snapshot = std::move(snapshot)] { publish_objects(snapshot); });
    });
    directory_ = std::make_unique<directory::DirectoryThread>(*std::move(opened));
    if (snapshot_->contents().organizations.empty()) {
        log_->event(Level::Warning, "directory.empty",
                    {{"what",
                      "there is no organization yet, so that no mail is accepted; "
                      "`hermetic apply FILE` makes one"}});
    }
    return {};
}

// Waits for the directory's disk, as a reload does for the files it reads.
Result<void, std::string> Node::Impl::take_objects(const config::Node* document)
{
    const auto taken = directory_->ask([this, document](Directory& directory) {
        return govern(directory, options_.organization_file, document);
    });
    if (!taken) return failure(taken.error());
    publish_objects(*taken);
    return {};
}

// Cores first: what the dispatcher grants by the new objects is delivered by them.
void Node::Impl::publish_objects(const objects::SnapshotPointer& snapshot)
{
    // A reload publishes what it took by itself, ahead of what the directory has posted.
    if (snapshot->revision() <= snapshot_->revision()) return;
    const auto changed = std::make_shared<const ChangedPolicy>(*snapshot_, *snapshot);
    snapshot_ = snapshot;
    for (const auto& worker : workers_) {
        Worker* const home = worker.get();
        home->core().post([home, snapshot] {
            home->inbound().set_snapshot(snapshot);
            home->delivery().set_snapshot(snapshot);
        });
    }
    dispatcher_->reload(snapshot);
    log_->event(Level::Info, "objects.changed",
                {{"revision", std::to_string(snapshot->revision())}});
    if (changed->any()) retry_changed(changed);
}

void Node::Impl::retry_changed(std::shared_ptr<const ChangedPolicy> changed)
{
    dispatcher_->destinations([this, changed](std::vector<queue::DestinationRow> rows) {
        for (const queue::DestinationRow& row : rows) {
            if (row.deferred == 0 || !changed->concerns(row.key)) continue;
            queue::Filter filter;
            filter.destination = row.key;
            dispatcher_->retry(std::move(filter), [](const delivery::OperatorAnswer&) {});
        }
    });
}

}  // namespace hermetic::daemon
