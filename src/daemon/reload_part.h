// Reloads: when a file changes, or SIGHUP comes, the new configuration goes into force in all
// parts, or in none.
#pragma once

#include "config/node_options.h"
#include "core/time.h"
#include "daemon/file_watch.h"
#include "daemon/part_list.h"
#include "daemon/subsystem.h"
#include "net/core.h"
#include "net/task_group.h"

#include <boost/asio/signal_set.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hermetic::events {
class Publisher;
}
namespace hermetic::ledger {
class Log;
}
namespace hermetic::metrics {
class Metrics;
}

namespace hermetic::daemon {

class ObjectsPart;
class SecretsPart;
struct ReloadPlan;

class ReloadPart final : public Subsystem {
public:
    // `file`: the configuration's. All else outlives this; `options`, those in force, are replaced
    // here and nowhere else.
    struct Uses {
        net::Core& main;
        events::Publisher& events;
        ledger::Log& log;
        metrics::Metrics& metrics;
        PartList& parts;
        ObjectsPart& objects;
        SecretsPart& secrets;
        config::NodeOptions& options;
        std::string file;
    };
    explicit ReloadPart(Uses uses);

    [[nodiscard]] Result<void, std::string> start() override;
    void begin() override;
    // The files that the new objects name are watched, too.
    void on_objects(const objects::Snapshot& before) override;
    void add_files(std::vector<std::string>& files) const override;
    [[nodiscard]] net::Task<> stop() override;

    // When the configuration in force was loaded, and what was wrong with the last; empty: nothing.
    [[nodiscard]] WallTime loaded_at() const { return loaded_at_; }
    [[nodiscard]] const std::string& error() const { return error_; }
    // The keys of the newest file whose values are in force only after a restart.
    [[nodiscard]] const std::vector<std::string>& needs_restart() const { return needs_restart_; }

private:
    net::Task<> watch_hangups();
    net::Task<> reload_soon();
    net::Task<> watch_files();
    // One at a time: what is asked for meanwhile is one more afterwards. A broken new configuration
    // changes nothing and says so.
    net::Task<> take_up(std::string cause);
    net::Task<> take_up_once(const std::string& cause);
    [[nodiscard]] net::Task<Result<void, std::string>> try_to();
    [[nodiscard]] net::Task<Result<void, std::string>> put_in_force(ReloadPlan plan);
    void note_plan(const ReloadPlan& plan);
    void set_loaded();

    Uses uses_;
    boost::asio::basic_signal_set<net::Executor> hangups_;
    net::TaskGroup tasks_;
    FileWatch watch_;
    WallTime loaded_at_{};
    std::string error_;
    std::vector<std::string> needs_restart_;
    bool asked_ = false;  // a SIGHUP has come, its reload has not begun
    bool busy_ = false;
    std::optional<std::string> again_;  // the cause of the next one
    bool stopping_ = false;
};

}  // namespace hermetic::daemon
