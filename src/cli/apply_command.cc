#include "admin/client.h"
#include "cli/cli.h"
#include "cli/object_commands.h"
#include "cli/server_call.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

namespace hermetic::cli {
namespace {

using boost::json::value;

constexpr std::size_t kMaxOctets = 16U << 20U;

// nullopt after having said why.
std::optional<std::string> read_file(const std::string& file)
{
    std::ifstream stream;
    if (file != "-") stream.open(file, std::ios::binary);
    std::istream& source = file == "-" ? std::cin : stream;
    std::string text{std::istreambuf_iterator<char>{source}, {}};
    if (source.bad() || (file != "-" && !stream.is_open())) {
        std::fprintf(stderr, "%s: it cannot be read; right is a file that this user may read\n",
                     file.c_str());
        return std::nullopt;
    }
    if (text.size() > kMaxOctets) {
        std::fprintf(stderr, "%s: it is larger than 16 MiB; right is a smaller file\n",
                     file.c_str());
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

// The objects hold together; what they name in files may still be wrong.
void print_warnings(const value& answer)
{
    const auto* warnings = answer.as_object().if_contains("warnings");
    if (warnings == nullptr || !warnings->is_array()) return;
    for (const value& each : warnings->as_array()) {
        if (!each.is_string()) continue;
        std::fprintf(stderr, "warning: %s\n", each.get_string().c_str());
    }
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
    // What was shown is what happens: from the revision that it was compared with.
    terms = fmt::format("revision={}", number_of(difference, "revision"));
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
