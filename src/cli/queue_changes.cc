#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/object_commands.h"
#include "cli/queue_commands.h"
#include "cli/queue_words.h"
#include "cli/server_call.h"
#include "dispatch/selection_change.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace hermetic::cli {
namespace {

using boost::json::value;

struct OperationNames {
    std::string_view name;
    dispatch::MessageChange::Kind kind;
};

OperationNames names_of(QueueOperation operation)
{
    using Kind = dispatch::MessageChange::Kind;
    switch (operation) {
    case QueueOperation::Retry:
        return {"retry", Kind::Retry};
    case QueueOperation::Hold:
        return {"hold", Kind::Hold};
    case QueueOperation::Release:
        return {"release", Kind::Release};
    case QueueOperation::Approve:
        return {"approve", Kind::Approve};
    case QueueOperation::Remove:
        break;
    }
    return {"remove", Kind::Remove};
}

std::string query_part(std::string_view name, const std::string& text)
{
    if (text.empty()) return {};
    return fmt::format("&{}={}", name, admin::percent_encode(text));
}

// Method and path, without a query.
std::pair<std::string, std::string> target_of(QueueOperation operation, const std::string& id)
{
    const std::string path = id.empty() ? "/v1/queue" : "/v1/queue/" + admin::percent_encode(id);
    if (operation == QueueOperation::Remove) return {"DELETE", path};
    return {"POST", fmt::format("{}/{}", path, names_of(operation).name)};
}

std::string details_of(QueueOperation operation, const QueueArguments& arguments)
{
    if (operation == QueueOperation::Approve) return query_part("reason", arguments.why);
    if (operation != QueueOperation::Remove) return {};
    return arguments.silent ? "&notice=no" : "&notice=yes";
}

int change_one(QueueOperation operation, const QueueArguments& arguments)
{
    const auto [method, path] = target_of(operation, arguments.id);
    const auto show = [](const value& body) { std::printf("%s\n", text_of(body, "done").c_str()); };
    return call_server(arguments.server, method, path + "?" + details_of(operation, arguments),
                       arguments.output(), show);
}

struct Counted {
    std::int64_t messages = 0;
    std::string as_of;
    bool complete = true;
    std::uint64_t unread = 0;  // nobody knows whether they match
};

// nullopt after having said why; `code` is then the exit code.
std::optional<Counted> count(QueueOperation operation, const QueueArguments& arguments, int& code)
{
    Counted counted;
    std::string cursor = "0";
    while (!cursor.empty()) {
        const std::string target = fmt::format("/v1/queue/count?operation={}&cursor={}",
                                               names_of(operation).name, cursor) +
                                   query_part("as_of", counted.as_of) + arguments.selection.query();
        const auto answer = ask_server(arguments.server, "GET", target, {}, code);
        if (!answer) return std::nullopt;
        const auto body = parse_answer(*answer);
        if (body.is_null()) {
            code = kFailed;
            return std::nullopt;
        }
        counted.messages += number_of(body, "count");
        if (counted.as_of.empty()) counted.as_of = text_of(body, "as_of");
        counted.complete = text_of(body, "complete") == "true";
        counted.unread += static_cast<std::uint64_t>(number_of(body, "unread"));
        cursor = text_of(body, "cursor");
    }
    return counted;
}

// On a terminal, of what takes its time.
void show_progress(std::int64_t done, std::int64_t of)
{
    if (::isatty(STDERR_FILENO) != 1 || !speaks_to_people()) return;
    std::fprintf(stderr, "\r\x1b[K%s", done < of ? fmt::format("{} of {}", done, of).c_str() : "");
}

// At most what was counted, in parts: what stops between them has done the parts before.
int change_counted(QueueOperation operation, const QueueArguments& arguments,
                   const Counted& counted, dispatch::SelectionCounts& counts)
{
    const auto [method, path] = target_of(operation, {});
    std::string cursor = "0";
    std::int64_t left = counted.messages;
    while (!cursor.empty() && left > 0) {
        const std::string target =
            fmt::format("{}?cursor={}&at_most={}&all=yes", path, cursor, left) +
            query_part("as_of", counted.as_of) + details_of(operation, arguments) +
            arguments.selection.query();
        int code = kDone;
        const auto answer = ask_server(arguments.server, method, target, {}, code);
        if (!answer) return code;
        const auto body = parse_answer(*answer);
        if (body.is_null()) return kFailed;
        counts.done += static_cast<std::uint64_t>(number_of(body, "count"));
        counts.later += static_cast<std::uint64_t>(number_of(body, "later"));
        counts.left += static_cast<std::uint64_t>(number_of(body, "left"));
        if (counts.why_left.empty()) counts.why_left = text_of(body, "why_left");
        counts.unread += static_cast<std::uint64_t>(number_of(body, "unread"));
        left =
            counted.messages - static_cast<std::int64_t>(counts.done + counts.later + counts.left);
        cursor = text_of(body, "cursor");
        show_progress(counted.messages - left, cursor.empty() ? 0 : counted.messages);
    }
    return kDone;
}

void print_counts(QueueOperation operation, const QueueArguments& arguments, const Counted& counted,
                  const dispatch::SelectionCounts& counts)
{
    const std::string words = dispatch::describe(names_of(operation).kind, counts);
    if (!arguments.json) {
        std::printf("%s\n", words.c_str());
        return;
    }
    const boost::json::object body{{"done", words},
                                   {"count", counts.done},
                                   {"later", counts.later},
                                   {"left", counts.left},
                                   {"why_left", counts.why_left},
                                   {"unread", std::max(counts.unread, counted.unread)},
                                   {"complete", counted.complete}};
    std::printf("%s\n", boost::json::serialize(body).c_str());
}

int change_selection(QueueOperation operation, const QueueArguments& arguments)
{
    int code = kDone;
    const auto counted = count(operation, arguments, code);
    if (!counted) return code;
    if (!counted->complete)
        remark("The queue is still being read from the spool: there may be more than this.");
    if (counted->unread > 0) remark(dispatch::describe_unread(counted->unread));
    dispatch::SelectionCounts counts;
    if (counted->messages > 0) {
        const auto refused = confirm(
            format_question(operation, counted->messages, arguments.notify()), arguments.consent());
        if (refused) return *refused;
        code = change_counted(operation, arguments, *counted, counts);
    } else if (!arguments.json) {
        std::puts(counted->unread > 0 ? "No message that could be read matches."
                                      : "No message matches.");
        return kDone;
    }
    print_counts(operation, arguments, *counted, counts);
    return code;
}

}  // namespace

bool QueueSelection::empty() const
{
    return destination.empty() && sender.empty() && recipient.empty() && reason.empty() &&
           older_than.empty() && state.empty() && !everything;
}

std::string QueueSelection::query() const
{
    return query_part("destination", destination) + query_part("sender", sender) +
           query_part("recipient", recipient) + query_part("reason", reason) +
           query_part("older_than", older_than) + query_part("state", state);
}

int queue_change(QueueOperation operation, const QueueArguments& arguments)
{
    return arguments.id.empty() ? change_selection(operation, arguments)
                                : change_one(operation, arguments);
}

int queue_pause(const std::string& action, const QueueArguments& arguments)
{
    const std::string target = fmt::format("/v1/destinations/{}?destination={}", action,
                                           admin::percent_encode(arguments.destination)) +
                               query_part("reason", arguments.why);
    return call_server(arguments.server, "POST", target, arguments.output(), [](const value& body) {
        std::printf("%s\n", text_of(body, "done").c_str());
        std::fflush(stdout);
        print_warnings(body);
    });
}

}  // namespace hermetic::cli
