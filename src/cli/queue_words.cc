#include "cli/queue_words.h"

#include "cli/server_call.h"
#include "cli/table.h"
#include "core/time.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace hermetic::cli {
namespace {

using boost::json::value;

void for_each(const value& body, std::string_view key, const std::function<void(const value&)>& use)
{
    const auto* object = body.if_object();
    const auto* list = object == nullptr ? nullptr : object->if_contains(key);
    if (list == nullptr || !list->is_array()) return;
    for (const value& each : list->as_array()) use(each);
}

std::string format_messages(std::int64_t count)
{
    return fmt::format("{} message{}", count, count == 1 ? "" : "s");
}

// One row of the summary, under this name.
std::vector<std::string> summary_cells(const value& row, std::string name, std::string reason)
{
    std::vector<std::string> cells{std::move(name), std::move(reason), text_of(row, "messages"),
                                   text_of(row, "held"), format_age(number_of(row, "oldest"))};
    for_each(row, "by_age", [&](const value& each) {
        const std::string count = boost::json::serialize(each);
        cells.push_back(count == "0" ? "." : count);
    });
    return cells;
}

const value* member(const value& body, std::string_view key)
{
    const auto* object = body.if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
}

}  // namespace

std::string format_age(std::int64_t seconds)
{
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    if (seconds < kMinute) return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    if (seconds < kHour) return fmt::format("{}m", seconds / kMinute);
    const auto with_rest = [seconds](std::int64_t unit, char name, std::int64_t part, char rest) {
        const std::int64_t left = seconds % unit / part;
        return left == 0 ? fmt::format("{}{}", seconds / unit, name)
                         : fmt::format("{}{}{}{}", seconds / unit, name, left, rest);
    };
    return seconds < kDay ? with_rest(kHour, 'h', kMinute, 'm') : with_rest(kDay, 'd', kHour, 'h');
}

std::string format_recipients(const value& row)
{
    const std::int64_t count = number_of(row, "recipients");
    std::string first;
    for_each(row, "to", [&first](const value& each) {
        if (first.empty() && each.is_string()) first = each.as_string().c_str();
    });
    if (first.empty()) return fmt::format("{} recipient{}", count, count == 1 ? "" : "s");
    return count > 1 ? fmt::format("{} +{}", first, count - 1) : first;
}

std::string format_next(const value& row)
{
    const auto accepted = parse_rfc3339(text_of(row, "accepted_at"));
    const auto next = parse_rfc3339(text_of(row, "next_attempt"));
    if (!accepted || !next) return text_of(row, "next_attempt");
    const WallTime now = *accepted + std::chrono::seconds{number_of(row, "age")};
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*next - now);
    return wait.count() <= 0 ? "now" : "in " + format_age(wait.count());
}

std::string format_cause(const value& cause)
{
    const bool once = text_of(cause, "attempts") == "1";
    const std::string attempts =
        once ? fmt::format("attempt {}, at ", text_of(cause, "first"))
             : fmt::format("{} attempts, from {} to {}, last at ", text_of(cause, "attempts"),
                           text_of(cause, "first"), text_of(cause, "last"));
    const std::string host = text_of(cause, "host");
    return fmt::format("{}{}{}{}: {}, {}", attempts, text_of(cause, "last_at"),
                       host.empty() ? "" : ", ", host, text_of(cause, "reason"),
                       text_of(cause, "text"));
}

std::string format_nothing(Listed listed, std::int64_t queued)
{
    if (listed == Listed::Everything || queued <= 0) return "the queue is empty\n";
    return fmt::format("no message matches ({} {} queued)\n", queued, queued == 1 ? "is" : "are");
}

std::string format_list(const value& body, std::string_view if_empty)
{
    Table table{{{"id", Table::Align::Left, 26},
                 {"state"},
                 {"age", Table::Align::Right},
                 {"from", Table::Align::Left, 30},
                 {"to", Table::Align::Left, 34},
                 {"destination", Table::Align::Left, 34},
                 {"size", Table::Align::Right},
                 {"tries", Table::Align::Right},
                 {"next", Table::Align::Left, 20},
                 {"reason", Table::Align::Left, 44}}};
    for_each(body, "messages", [&](const value& each) {
        const std::string waits_for = text_of(each, "waits_for");
        table.add({text_of(each, "id"), text_of(each, "state"), format_age(number_of(each, "age")),
                   text_of(each, "from"), format_recipients(each), text_of(each, "destination"),
                   text_of(each, "size"), text_of(each, "attempts"), format_next(each),
                   waits_for.empty() ? text_of(each, "last_reason") : waits_for});
    });
    if (table.empty()) return std::string{if_empty};
    return table.format() + (text_of(body, "cursor").empty() ? "" : "(there are more: --limit)\n");
}

std::string format_summary(const value& body, std::string_view if_empty)
{
    std::vector<Table::Column> columns{{"destination", Table::Align::Left, 50},
                                       {"reason", Table::Align::Left, 40},
                                       {"total", Table::Align::Right},
                                       {"held", Table::Align::Right},
                                       {"oldest", Table::Align::Right}};
    std::string last;
    for_each(body, "age_minutes", [&](const value& each) {
        last = boost::json::serialize(each);
        columns.push_back({last, Table::Align::Right});
    });
    columns.push_back({last + "+", Table::Align::Right});
    Table table{std::move(columns)};
    for_each(body, "rows", [&](const value& row) {
        const std::string reason = text_of(row, "reason");
        table.add(summary_cells(row, text_of(row, "destination"), reason.empty() ? "-" : reason));
    });
    const value* total = member(body, "total");
    if (table.empty() || total == nullptr) return std::string{if_empty};
    const std::int64_t left_out = number_of(body, "left_out");
    if (const value* others = member(body, "others"); left_out > 0 && others != nullptr)
        table.add(summary_cells(*others, fmt::format("({} more rows)", left_out), ""));
    table.add(summary_cells(*total, "TOTAL", ""));
    return table.format() + fmt::format("{}, {} octets; columns by age in minutes\n",
                                        format_messages(number_of(*total, "messages")),
                                        text_of(*total, "size"));
}

std::string format_destinations(const value& body)
{
    Table table{{{"destination", Table::Align::Left, 50},
                 {"waiting", Table::Align::Right},
                 {"deferred", Table::Align::Right},
                 {"held", Table::Align::Right},
                 {"connections", Table::Align::Right},
                 {"limit", Table::Align::Right},
                 {"backs off until"},
                 {"last", Table::Align::Left, 40},
                 {"paused", Table::Align::Left, 60}}};
    for_each(body, "destinations", [&](const value& each) {
        const std::string by = text_of(each, "paused_by");
        std::string paused;
        if (!by.empty()) {
            const std::string why = text_of(each, "paused_because");
            paused = fmt::format("by {} since {}{}{}", by, text_of(each, "paused_at"),
                                 why.empty() ? "" : ": ", why);
        }
        table.add({text_of(each, "destination"), text_of(each, "waiting"),
                   text_of(each, "deferred"), text_of(each, "held"), text_of(each, "connections"),
                   text_of(each, "limit"), text_of(each, "back_off_until"),
                   text_of(each, "last_reason"), paused});
    });
    return table.empty() ? "the queue is empty\n" : table.format();
}

std::string format_question(QueueOperation operation, std::int64_t count, Notify notify)
{
    const std::string messages = format_messages(count);
    switch (operation) {
    case QueueOperation::Retry:
        return fmt::format("Try {} now?", messages);
    case QueueOperation::Hold:
        return fmt::format("Hold {}?", messages);
    case QueueOperation::Release:
        return fmt::format("Release {}?", messages);
    case QueueOperation::Approve:
        return fmt::format("Try {} once, below the TLS policy?", messages);
    case QueueOperation::Remove:
        break;
    }
    return fmt::format("Remove {} {}?", messages,
                       notify == Notify::Sender ? "and notify the senders" : "without notices");
}

}  // namespace hermetic::cli
