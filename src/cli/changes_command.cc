#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/object_commands.h"
#include "cli/server_call.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace hermetic::cli {
namespace {

using boost::json::value;

}  // namespace

std::string format_revisions(const value& answer)
{
    const auto* list = answer.as_object().if_contains("changes");
    if (list == nullptr || !list->is_array()) return {};
    std::string text;
    std::string revision;
    for (const value& each : list->as_array()) {
        if (text_of(each, "revision") != revision) {
            revision = text_of(each, "revision");
            text += fmt::format("{}revision {}, by {} at {}\n", text.empty() ? "" : "\n", revision,
                                text_of(each, "changed_by"), text_of(each, "changed_at"));
        }
        const value one = boost::json::object{{"changes", boost::json::array{each}}};
        text += format_changes(one);
    }
    return text;
}

int list_changes(const ServerChoice& server, const ChangesArguments& arguments, Output output)
{
    std::string target = fmt::format("/v1/changes?limit={}", arguments.limit);
    if (arguments.revision) target += fmt::format("&revision={}", *arguments.revision);
    return call_server(server, "GET", target, output, [](const value& answer) {
        const std::string text = format_revisions(answer);
        std::fputs(text.empty() ? "nothing was changed\n" : text.c_str(), stdout);
    });
}

// What was shown is what happens: from the revision that it was compared with.
int roll_back(const ServerChoice& server, const RollbackArguments& arguments, Output output)
{
    const std::string target = fmt::format("/v1/changes/{}/rollback?", arguments.to);
    std::string terms = "dry-run=yes";
    if (arguments.revision) terms += fmt::format("&revision={}", *arguments.revision);
    int code = kDone;
    const auto tried = ask_server(server, "POST", target + terms, {}, code);
    if (!tried) return code;
    const value difference = parse_answer(*tried);
    if (difference.is_null()) return kFailed;
    const std::string changes = format_changes(difference);
    if (output == Output::Table)
        std::fputs(changes.empty() ? "nothing to do\n" : changes.c_str(), stdout);
    if (arguments.dry_run || changes.empty()) {
        if (output == Output::Json) std::printf("%s\n", tried->c_str());
        return changes.empty() ? kDone : kWouldChange;
    }
    const std::size_t removed = count_removed(difference);
    std::fflush(stdout);
    if (!may_remove({fmt::format("revision {}", arguments.to), arguments.prune, true, removed}))
        return kFailed;
    terms = fmt::format("revision={}&prune={}", number_of(difference, "revision"),
                        removed > 0 ? "yes" : "no");
    const auto done = ask_server(server, "POST", target + terms, {}, code);
    if (!done) return code;
    const value answer = parse_answer(*done);
    if (answer.is_null()) return kFailed;
    if (output == Output::Json) {
        std::printf("%s\n", done->c_str());
    } else {
        std::printf("rolled back to revision %llu: revision %s\n",
                    static_cast<unsigned long long>(arguments.to),
                    text_of(answer, "revision").c_str());
    }
    std::fflush(stdout);
    print_warnings(answer);
    return kDone;
}

}  // namespace hermetic::cli
