// `hermetic queue …`: what waits, and what to do with it. Each command returns an exit code of
// cli.h.
#pragma once

#include "cli/commands.h"
#include "cli/confirm.h"

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace hermetic::cli {

enum class Notify : std::uint8_t { Sender, Nobody };

// As the options say it; empty: not limited by it.
struct QueueSelection {
    std::string destination;
    std::string sender;
    std::string recipient;
    std::string reason;
    std::string older_than;
    std::string state;
    bool everything = false;  // --all

    [[nodiscard]] bool empty() const;
    // "&destination=…&…", for a query.
    [[nodiscard]] std::string query() const;
};

struct QueueArguments {
    ServerChoice server;
    bool json = false;
    QueueSelection selection;
    std::uint32_t limit = 100;
    std::string id;
    std::string why;  // of an approval, of a pause
    std::string destination;
    bool body = false;
    bool silent = false;
    bool yes = false;

    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
    [[nodiscard]] Consent consent() const { return yes ? Consent::Given : Consent::Ask; }
    [[nodiscard]] Notify notify() const { return silent ? Notify::Nobody : Notify::Sender; }
};
// `result` gets the exit code of the one that ran.
void add_queue_commands(CLI::App& app, QueueArguments& arguments, int& result);

[[nodiscard]] int queue_list(const QueueArguments& arguments);
[[nodiscard]] int queue_summary(const QueueArguments& arguments);
[[nodiscard]] int queue_destinations(const QueueArguments& arguments);
[[nodiscard]] int queue_show(const QueueArguments& arguments);
[[nodiscard]] int queue_view(const QueueArguments& arguments);

enum class QueueOperation : std::uint8_t { Retry, Hold, Release, Approve, Remove };
// Of the message with the id; of a selection where there is none, after a count and a question.
[[nodiscard]] int queue_change(QueueOperation operation, const QueueArguments& arguments);
// action: "pause", "resume"
[[nodiscard]] int queue_pause(const std::string& action, const QueueArguments& arguments);

}  // namespace hermetic::cli
