#include "cli/connector_validations.h"

#include "cli/cli.h"
#include "cli/server_call.h"
#include "core/quote.h"
#include "core/text.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace hermetic::cli {
namespace {

using boost::json::value;

const value& member(const value& object, std::string_view key)
{
    static const value kNone = nullptr;
    const auto* members = object.if_object();
    const auto* found = members != nullptr ? members->if_contains(key) : nullptr;
    return found != nullptr ? *found : kNone;
}

std::string first_line(const std::string& text)
{
    return printable_once(text.substr(0, text.find('\n')));
}

std::string_view result_word(std::string_view state)
{
    if (state == "ok") return "passed";
    if (state == "warning") return "passed, with warnings,";
    return "failed";
}

}  // namespace

int add_validations(const ServerChoice& server, boost::json::array& connectors)
{
    int code = kDone;
    const auto text = ask_server(server, "GET", "/v1/validations", {}, code);
    if (!text) return code;
    const value answer = parse_answer(*text);
    const auto* const rows = member(answer, "validations").if_array();
    if (rows == nullptr) return kFailed;
    std::map<std::pair<std::string, std::string>, const value*> by_name;
    for (const value& row : *rows)
        by_name[{text_of(row, "organization"), text_of(row, "connector")}] = &row;
    for (value& each : connectors) {
        const auto found = by_name.find({text_of(each, "organization"), text_of(each, "name")});
        if (found == by_name.end()) continue;
        value row = *found->second;
        row.as_object().erase("connector");
        row.as_object().erase("organization");
        each.as_object()["validation"] = std::move(row);
    }
    return kDone;
}

std::string validation_text(const value& connector)
{
    const value& validation = member(connector, "validation");
    const std::string left_out = printable(text_of(validation, "not_tested"));
    const std::string started = printable(text_of(validation, "started"));
    const std::string saved = text_of(validation, "saved");
    if (started.empty()) return left_out.empty() ? "never" : "not tested: " + left_out;
    std::string text{result_word(text_of(validation, "state"))};
    text += " " + started;
    // All are UTC, in one form.
    if (std::max(started, saved) < text_of(connector, "changed_at"))
        text += ", before the last change";
    if (!left_out.empty()) text += "; no longer tested: " + left_out;
    return text;
}

std::string finding_text(const value& connector)
{
    const value& finding = member(member(connector, "validation"), "finding");
    if (finding.is_null()) return {};
    std::string text = printable(text_of(finding, "step"));
    const std::string host = printable(text_of(finding, "host"));
    const std::string address = printable(text_of(finding, "address"));
    if (!host.empty()) text += " of " + host;
    if (!address.empty()) text += " " + address;
    return text + ": " + first_line(text_of(finding, "seen"));
}

std::string fix_text(const value& connector)
{
    const value& finding = member(member(connector, "validation"), "finding");
    return finding.is_null() ? std::string{} : first_line(text_of(finding, "fix"));
}

}  // namespace hermetic::cli
