#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/object_commands.h"
#include "cli/question.h"
#include "cli/server_call.h"
#include "config/document_bounds.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <system_error>

namespace hermetic::cli {
namespace {

using boost::json::value;

// nullopt after having said why.
std::optional<std::string> read_file(const std::string& file)
{
    errno = 0;
    std::ifstream stream;
    if (file != "-") stream.open(file, std::ios::binary);
    std::istream& source = file == "-" ? std::cin : stream;
    // No more than that: a pipe may have no end.
    std::string text(config::kMaxDocumentOctets + 1, '\0');
    source.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(source.gcount()));
    if (source.bad() || (file != "-" && !stream.is_open())) {
        const std::string why =
            errno == 0 ? std::string{} : ": " + std::generic_category().message(errno);
        complain({file + ": it cannot be read" + why, "a file that this user may read"});
        return std::nullopt;
    }
    if (const auto excess = config::find_excess(text, file)) {
        complain_of({*excess});
        return std::nullopt;
    }
    return text;
}

char mark_of(const std::string& change)
{
    if (change == "added") return '+';
    return change == "removed" ? '-' : '~';
}

std::string format_field(const std::string& change, const value& field)
{
    const std::string key = text_of(field, "key");
    const std::string before = text_of(field, "before");
    const std::string after = text_of(field, "after");
    if (change == "added") return fmt::format("    {} = {}\n", key, after);
    if (change == "removed") return fmt::format("    {} = {}\n", key, before);
    if (before.empty()) return fmt::format("    + {} = {}\n", key, after);
    if (after.empty()) return fmt::format("    - {} = {}\n", key, before);
    return fmt::format("    ~ {} = {} -> {}\n", key, before, after);
}

bool has_changes(const value& answer)
{
    const auto* changes = answer.as_object().if_contains("changes");
    return changes != nullptr && changes->is_array() && !changes->as_array().empty();
}

// The answer, or nullopt with the exit code.
std::optional<std::string> put(const ServerChoice& server, const std::string& file,
                               const std::string& document, const std::string& terms, int& code)
{
    const std::string target =
        fmt::format("/v1/objects?file={}&{}", admin::percent_encode(file), terms);
    return ask_server(server, "PUT", target, document, code);
}

}  // namespace

void print_warnings(const value& answer)
{
    const auto* warnings = answer.as_object().if_contains("warnings");
    if (warnings == nullptr || !warnings->is_array()) return;
    for (const value& each : warnings->as_array()) {
        if (!each.is_string()) continue;
        warn(each.get_string().c_str());
    }
}

std::size_t count_removed(const value& answer)
{
    const auto* changes = answer.as_object().if_contains("changes");
    if (changes == nullptr || !changes->is_array()) return 0;
    std::size_t count = 0;
    for (const value& each : changes->as_array()) count += text_of(each, "change") == "removed";
    return count;
}

bool may_remove(const Removal& removal)
{
    if (removal.prune || removal.count == 0) return true;
    const std::string objects =
        fmt::format("{} object{}", removal.count, removal.count == 1 ? "" : "s");
    Terminal* const terminal = removal.asks ? find_terminal() : nullptr;
    if (terminal != nullptr) {
        if (ask_yes(*terminal, "Remove " + objects + ", as shown?") == Answer::Yes) return true;
        complain({"nothing was changed", "", "removes"});
        return false;
    }
    complain({fmt::format("nothing was changed: {} does not name {}, which would be removed",
                          removal.whole, objects),
              "--prune, or one that names everything that is to remain", "removes"});
    return false;
}

std::string format_changes(const value& answer)
{
    std::string text;
    const auto* changes = answer.as_object().if_contains("changes");
    if (changes == nullptr || !changes->is_array()) return text;
    for (const value& each : changes->as_array()) {
        const std::string change = text_of(each, "change");
        const std::string organization = text_of(each, "organization");
        text +=
            fmt::format("{} {} \"{}\"{}\n", mark_of(change), text_of(each, "kind"),
                        text_of(each, "name"), organization.empty() ? "" : " of " + organization);
        const auto* fields = each.as_object().if_contains("fields");
        if (fields == nullptr || !fields->is_array()) continue;
        for (const value& field : fields->as_array()) {
            const std::string key = text_of(field, "key");
            if (change != "changed" && (key == "name" || key == "organization")) continue;
            text += format_field(change, field);
        }
    }
    return text;
}

int apply(const ServerChoice& server, const ApplyArguments& arguments, Output output)
{
    const auto document = read_file(arguments.file);
    if (!document) return kFailed;
    int code = kDone;
    std::string terms = "dry-run=yes";
    if (arguments.revision) terms += fmt::format("&revision={}", *arguments.revision);
    const auto tried = put(server, arguments.file, *document, terms, code);
    if (!tried) return code;
    const value difference = parse_answer(*tried);
    if (difference.is_null()) return kFailed;
    const bool differs = has_changes(difference);
    if (output == Output::Table) {
        std::fputs(differs ? format_changes(difference).c_str() : "nothing to do\n", stdout);
    }
    print_warnings(difference);
    if (arguments.dry_run || !differs) {
        if (output == Output::Json) std::printf("%s\n", tried->c_str());
        return differs ? kWouldChange : kDone;
    }
    const std::size_t removed = count_removed(difference);
    std::fflush(stdout);
    if (!may_remove({"the file", arguments.prune, arguments.file != "-", removed})) return kFailed;
    // What was shown is what happens: from the revision that it was compared with.
    terms = fmt::format("revision={}&prune={}", number_of(difference, "revision"),
                        removed > 0 ? "yes" : "no");
    const auto done = put(server, arguments.file, *document, terms, code);
    if (!done) return code;
    if (output == Output::Json) {
        std::printf("%s\n", done->c_str());
        return kDone;
    }
    const value answer = parse_answer(*done);
    if (answer.is_null()) return kFailed;
    std::printf("applied: revision %s\n", text_of(answer, "revision").c_str());
    return kDone;
}

int export_objects(const ServerChoice& server, Output output)
{
    int code = kDone;
    const std::string target = output == Output::Json ? "/v1/objects" : "/v1/export";
    const auto text = ask_server(server, "GET", target, {}, code);
    if (!text) return code;
    std::printf("%s%s", text->c_str(), output == Output::Json ? "\n" : "");
    return kDone;
}

}  // namespace hermetic::cli
