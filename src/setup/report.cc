// A setup's report for people, and as JSON.
#include "core/time.h"
#include "setup/run.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace hermetic::setup {
namespace {

namespace json = boost::json;

std::string indent(std::string_view text, std::string_view by)
{
    std::string out;
    for (const char c : text) {
        out += c;
        if (c == '\n') out += by;
    }
    return out;
}

std::string_view describe(Fate fate, Dry dry)
{
    switch (fate) {
    case Fate::Same:
        return "unchanged";
    case Fate::Keep:
        return "not changed: it was edited by hand";
    case Fate::Write:
        return dry == Dry::Yes ? "would be written" : "written";
    case Fate::Replace:
        break;
    }
    return dry == Dry::Yes ? "would be replaced; the old one would be kept as FILE.before-setup"
                           : "replaced; the old one is kept as FILE.before-setup";
}

std::string format_file(const FilePlan& file, Dry dry)
{
    if (file.path.empty() && file.differences.empty()) return {};
    std::string text =
        fmt::format("  {}: {}\n", file.path.empty() ? "the directory's objects" : file.path,
                    describe(file.fate, dry));
    for (const Difference& each : file.differences)
        text += fmt::format("      {}: \"{}\" -> \"{}\"\n", each.key, each.is, each.wanted);
    if (file.fate != Fate::Keep || file.losses.empty()) return text;
    text += "      Setup cannot write the following, so that it does not replace the file:\n";
    for (const std::string& each : file.losses) text += fmt::format("        {}\n", each);
    return text;
}

std::string format_left(const Findings& findings, Severity severity, int& number)
{
    std::string text;
    for (const Finding& each : findings) {
        const FindingKind& kind = kind_of(each.id);
        if (kind.severity != severity) continue;
        text += fmt::format("  {:2}. {}: {}\n", ++number, each.subject, kind.fix);
        if (!each.expected.empty()) text += "        " + indent(each.expected, "        ") + "\n";
    }
    return text;
}

json::value format_file_json(const FilePlan& file)
{
    json::array differences;
    for (const Difference& each : file.differences)
        differences.push_back({{"key", each.key}, {"is", each.is}, {"wanted", each.wanted}});
    return {{"file", file.path},
            {"action", name(file.fate)},
            {"differences", differences},
            {"beyond_setup", json::array(file.losses.begin(), file.losses.end())}};
}

}  // namespace

std::string format_plan(const Plan& plan, Dry dry)
{
    return "Files\n" + format_file(plan.node_file, dry) + format_file(plan.organization_file, dry);
}

std::string format_words(const Report& report)
{
    std::string text = format_plan(report.plan, report.dry) + "\nFound\n";
    for (const Finding& each : report.findings) {
        const FindingKind& kind = kind_of(each.id);
        text += fmt::format("  {:8}{}: {}\n", name(kind.severity), each.subject,
                            indent(each.seen, "            "));
    }
    int number = 0;
    std::string left;
    for (const Severity severity : {Severity::Error, Severity::Warning, Severity::Unknown})
        left += format_left(report.findings, severity, number);
    if (!left.empty()) text += "\nLeft to do\n" + left;
    const std::string better = format_left(report.findings, Severity::Note, number);
    if (!better.empty()) text += "\nRecommended\n" + better;
    if (!report.sts_policy.empty()) {
        text +=
            "\nMTA-STS policy, to be served at https://mta-sts.DOMAIN/.well-known/mta-sts.txt\n"
            "        " +
            indent(report.sts_policy.substr(0, report.sts_policy.size() - 1), "        ") + "\n";
    }
    if (left.empty()) text += "\nNothing is left to do.\n";
    return text;
}

std::string format_json(const Report& report)
{
    json::array findings;
    for (const Finding& each : report.findings) {
        const FindingKind& kind = kind_of(each.id);
        findings.push_back({{"id", kind.id},
                            {"severity", name(kind.severity)},
                            {"subject", each.subject},
                            {"seen", each.seen},
                            {"expected", each.expected},
                            {"fix", kind.fix}});
    }
    json::array files;
    files.push_back(format_file_json(report.plan.node_file));
    files.push_back(format_file_json(report.plan.organization_file));
    const json::value whole{{"dry_run", report.dry == Dry::Yes},
                            {"severity", name(worst_of(report.findings))},
                            {"files", files},
                            {"findings", findings},
                            {"mta_sts_policy", report.sts_policy}};
    return json::serialize(whole);
}

}  // namespace hermetic::setup
