// The node's objects: from the directory, or from the file that is their source of truth, into
// force.
#pragma once

#include "admin/await_answer.h"
#include "config/node_options.h"
#include "daemon/subsystem.h"
#include "directory/directory_thread.h"
#include "net/core.h"
#include "net/task_group.h"
#include "objects/snapshot.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hermetic::events {
class Publisher;
}

namespace hermetic::daemon {

class ObjectsPart final : public Subsystem {
public:
    // Tells every subsystem of new objects.
    using Publish = std::function<void(const objects::Snapshot& before)>;
    // Reads the files that objects name, on the directory's thread (SecretsPart::read()); `result`
    // is called on main's before they are in force, or where a reload has changed only files.
    enum class Cause : std::uint8_t { Objects, Reload };
    using ReadFiles = std::function<std::function<void()>(const objects::Snapshot&, Cause)>;
    // How it waits for its next look at the exceptions; tests have time of their own.
    using Sleep = std::function<net::Task<net::Woken>(net::Core&, Instant)>;
    // All of it outlives this.
    ObjectsPart(net::Core& main, events::Publisher& events, const config::NodeOptions& options,
                ReadFiles read_files, Publish publish, Sleep sleep = net::sleep_until);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    // What take() has brought.
    [[nodiscard]] Result<void, std::string> reload() override;
    void add_files(std::vector<std::string>& files) const override;
    [[nodiscard]] net::Task<> stop() override;

    // Asks the directory, on its thread, and waits without holding up the loop.
    template <typename Answer>
    [[nodiscard]] net::Task<std::optional<Answer>> ask(
        std::function<Answer(directory::Directory&)> question)
    {
        std::function<void(std::function<void(Answer)>)> start =
            [this, question = std::move(question)](std::function<void(Answer)> done) {
                directory_->post(
                    [question, done = std::move(done)](directory::Directory& directory) {
                        done(question(directory));
                    });
            };
        return admin::await_answer<Answer>(main_, std::move(start), kPatience);
    }
    // A reload's objects become the directory's; reload() puts them in force. The options are those
    // that go into force.
    [[nodiscard]] net::Task<Result<void, std::string>> take(
        const config::NodeOptions& options, std::optional<directory::Compiled> objects);

    // There will be no take() after read_reload(): the options in force judge alone again.
    void give_up();

    // In force; not null from start() on.
    [[nodiscard]] const objects::SnapshotPointer& snapshot() const { return snapshot_; }
    [[nodiscard]] directory::DirectoryThread& directory() { return *directory_; }

private:
    static constexpr Duration kPatience = std::chrono::hours{1};
    [[nodiscard]] Result<void, std::string> make_folder();
    struct Taken {
        objects::SnapshotPointer snapshot;
        std::function<void()> use_files;
    };
    void put_in_force(const Taken& taken);
    void report_notes(const config::Diagnostics& notes);
    // Specification §3.1: reminders of exceptions' ends.
    net::Task<> watch_exceptions();
    void remind_of_exceptions();

    net::Core& main_;
    events::Publisher& events_;
    const config::NodeOptions& options_;
    ReadFiles read_files_;
    Publish publish_;
    Sleep sleep_;
    objects::SnapshotPointer snapshot_;
    std::unique_ptr<directory::DirectoryThread> directory_;
    std::optional<Taken> taken_;           // by a reload
    std::optional<WallTime> reminded_at_;  // of exceptions' ends
    net::TaskGroup tasks_;
};

}  // namespace hermetic::daemon
