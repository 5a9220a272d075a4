// The node's objects: from the directory, or from the file that governs it, into force.
#include "config/document.h"
#include "daemon/changed_policy.h"
#include "daemon/node_impl.h"
#include "directory/directory.h"
#include "objects/org_file.h"
#include "objects/validate_node.h"

#include <memory>

namespace hermetic::daemon {
namespace {

using directory::Directory;
using directory::Refusal;
using ledger::Level;

constexpr Duration kAttemptUnderWay = std::chrono::seconds{20};

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

// The directory first speaks when its thread does: nothing is in force before start() goes on.
Result<void, std::string> Node::Impl::open_directory()
{
    const std::string path = options_.data_directory + "/" + directory::kFileName;
    auto opened = Directory::open(path, system_clock());
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
        directory.check_by(check_for(options_));
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
    load_credentials(*snapshot);
    load_trust(*snapshot);
    watch_.add(credentials_->files());
    watch_.add(client_trust_.files);
    const auto settings = delivery_settings();
    for (const auto& worker : workers_) {
        Worker* const home = worker.get();
        home->core().post([home, snapshot, settings, trust = client_trust_.trust] {
            home->inbound().set_client_trust(trust);
            home->inbound().set_snapshot(snapshot);
            home->delivery().set_settings(settings);
            home->delivery().set_snapshot(snapshot);
        });
    }
    if (validator_) validator_->set(settings, snapshot);
    dispatcher_->reload(snapshot);
    log_->event(Level::Info, "objects.changed",
                {{"revision", std::to_string(snapshot->revision())}});
    if (!changed->any()) return;
    retry_changed(changed);
    tasks_.spawn(retry_again(changed));
}

// What was under way when the objects changed ends by the old ones, and would wait for its turn.
net::Task<> Node::Impl::retry_again(std::shared_ptr<const ChangedPolicy> changed)
{
    const Instant later = main_.clock().now() + kAttemptUnderWay;
    if (co_await net::sleep_until(main_, later) == net::Woken::Cancelled) co_return;
    retry_changed(changed);
}

void Node::Impl::retry_changed(std::shared_ptr<const ChangedPolicy> changed)
{
    dispatcher_->destinations([this, changed](std::vector<queue::DestinationRow> rows) {
        for (const queue::DestinationRow& row : rows) {
            if (row.deferred == 0 || !changed->concerns(row.key)) continue;
            queue::Filter filter;
            filter.destination = row.key;
            dispatcher_->retry(std::move(filter), [](const dispatch::OperatorAnswer&) {});
        }
    });
}

}  // namespace hermetic::daemon
