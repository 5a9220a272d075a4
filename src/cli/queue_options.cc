#include "cli/queue_commands.h"

#include <CLI/CLI.hpp>

namespace hermetic::cli {
namespace {

CLI::App* add(CLI::App* queue, QueueArguments& arguments, const char* name, const char* help)
{
    auto* const command = queue->add_subcommand(name, help);
    command->add_option("--config", arguments.server.config, "The server's hermetic.toml")
        ->capture_default_str();
    command->add_option("--socket", arguments.server.socket,
                        "Its control socket, instead of --config");
    command->add_flag("--json", arguments.json, "JSON instead of a table");
    return command;
}

// An empty value, of a script's variable that is not set, must not make a selection broader.
std::string refuse_empty(const std::string& text)
{
    return text.empty() ? "the value is empty; expected: a value, or no such option" : "";
}

// Of an approval --reason is why it is made.
enum class ByReason : std::uint8_t { No, Yes };

void add_selection(CLI::App* command, QueueSelection& selection, ByReason by_reason)
{
    const auto add_text = [command](const char* name, std::string& value, const char* help) {
        command->add_option(name, value, help)->check(refuse_empty);
    };
    add_text("--destination", selection.destination,
             "Only for this destination, as listed; or recipients in this domain");
    add_text("--sender", selection.sender,
             "Only from this sender; @example.org: senders in this domain; <>: notices");
    add_text("--recipient", selection.recipient,
             "Only with this recipient; @example.org: a recipient in this domain");
    if (by_reason == ByReason::Yes)
        add_text("--reason", selection.reason,
                 "Only messages that wait for this reason, as listed");
    add_text("--older-than", selection.older_than,
             "Only messages accepted at least so long ago: 30m, 4h, 2d");
    command->add_option("--state", selection.state, "Only in this state")
        ->check(CLI::IsMember({"waiting", "deferred", "under-way", "held"}));
}

// An id, or a selection.
CLI::App* add_change(CLI::App* queue, QueueArguments& arguments, int& result,
                     QueueOperation operation, const char* name, const char* help)
{
    auto* const command = add(queue, arguments, name, help);
    command->add_option("id", arguments.id, "One message")->check(refuse_empty);
    add_selection(command, arguments.selection,
                  operation == QueueOperation::Approve ? ByReason::No : ByReason::Yes);
    command->add_flag("--all", arguments.selection.everything, "Everything");
    command->add_flag("--yes", arguments.yes,
                      "Do not ask, for scripts: the number that was counted; no more are changed");
    command->callback([&arguments, &result, operation, name] {
        if (arguments.id.empty() == arguments.selection.empty())
            throw CLI::ValidationError(
                name,
                "an id or a selection is required: --destination, --sender, --recipient, --reason, "
                "--older-than, --state, --all");
        result = queue_change(operation, arguments);
    });
    return command;
}

void add_reading(CLI::App* queue, QueueArguments& arguments, int& result)
{
    auto* const list = add(queue, arguments, "list", "List queued messages");
    add_selection(list, arguments.selection, ByReason::Yes);
    list->add_option("--limit", arguments.limit, "Maximum number")->capture_default_str();
    list->callback([&] { result = queue_list(arguments); });

    auto* const summary = add(queue, arguments, "summary",
                              "Count queued messages by destination and reason, with their ages");
    add_selection(summary, arguments.selection, ByReason::Yes);
    summary->add_option("--limit", arguments.limit, "Maximum number of rows; the rest is one row")
        ->capture_default_str();
    summary->callback([&] { result = queue_summary(arguments); });

    auto* const destinations =
        add(queue, arguments, "destinations", "List destinations that have mail, or are paused");
    destinations->callback([&] { result = queue_destinations(arguments); });

    auto* const show = add(queue, arguments, "show", "Show one message, with its last outcome");
    show->add_option("id", arguments.id, "Its id, as in the reply that accepted it")->required();
    show->callback([&] { result = queue_show(arguments); });

    auto* const view =
        add(queue, arguments, "view", "Show the header of a message; who has viewed it is logged");
    view->add_option("id", arguments.id, "Its id")->required();
    view->add_flag("--body", arguments.body, "Also its text");
    view->callback([&] { result = queue_view(arguments); });
}

void add_pausing(CLI::App* queue, QueueArguments& arguments, int& result)
{
    auto* const pause =
        add(queue, arguments, "pause", "Deliver nothing to a destination until it is resumed");
    pause
        ->add_option("destination", arguments.destination,
                     "As in the list of destinations; or a domain, for its own mail hosts")
        ->required();
    pause->add_option("--reason", arguments.why, "The reason, for others and the log");
    pause->callback([&] { result = queue_pause("pause", arguments); });

    auto* const resume = add(queue, arguments, "resume", "Resume a paused destination");
    resume->add_option("destination", arguments.destination, "As it was named when it was paused")
        ->required();
    resume->callback([&] { result = queue_pause("resume", arguments); });
}

}  // namespace

void add_queue_commands(CLI::App& app, QueueArguments& arguments, int& result)
{
    auto* const queue = app.add_subcommand("queue", "Queued mail, and what to do with it");
    queue->require_subcommand(1);
    add_reading(queue, arguments, result);
    add_change(queue, arguments, result, QueueOperation::Retry, "retry", "Try again now");
    add_change(queue, arguments, result, QueueOperation::Hold, "hold",
               "Keep it until it is released");
    add_change(queue, arguments, result, QueueOperation::Release, "release",
               "Release held messages");
    auto* const approve =
        add_change(queue, arguments, result, QueueOperation::Approve, "approve",
                   "Allow its next attempt below its TLS policy, once; never against REQUIRETLS");
    approve->add_option("--reason", arguments.why, "The reason; it is logged with your name")
        ->required();
    auto* const remove = add_change(queue, arguments, result, QueueOperation::Remove, "remove",
                                    "Delete it, with a notice to its sender unless --silent");
    remove->add_flag("--silent", arguments.silent, "Send no notice");
    add_pausing(queue, arguments, result);
}

}  // namespace hermetic::cli
