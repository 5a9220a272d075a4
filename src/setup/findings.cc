#include "setup/findings.h"

#include "core/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hermetic::setup {
namespace {

constexpr std::array<FindingKind, kFindingIds> kKinds{{
#define HERMETIC_FINDING(name, id, severity, meaning, fix) {id, Severity::severity, meaning, fix},
#include "setup/findings.def"
#undef HERMETIC_FINDING
}};

}  // namespace

std::string_view name(Severity severity)
{
    switch (severity) {
    case Severity::Ok:
        return "ok";
    case Severity::Note:
        return "note";
    case Severity::Unknown:
        return "unknown";
    case Severity::Warning:
        return "warning";
    case Severity::Error:
        return "error";
    }
    unreachable("every Severity is named above");
}

const FindingKind& kind_of(FindingId id)
{
    return kKinds[static_cast<std::size_t>(id)];
}

Severity worst_of(const Findings& findings)
{
    Severity worst = Severity::Ok;
    for (const Finding& each : findings) worst = std::max(worst, kind_of(each.id).severity);
    return worst;
}

std::string format_finding_reference()
{
    std::string text =
        "# Findings of `hermetic setup`\n\nGenerated: `hermetic reference setup`. The exit code is "
        "1 if there is an error. `unknown`\nmeans that a query was not answered, never "
        "\"no\".\n\n| id | severity | when | what to do |\n|---|---|---|---|\n";
    for (const FindingKind& each : kKinds) {
        text += fmt::format("| {} | {} | {} | {} |\n", each.id, name(each.severity), each.meaning,
                            each.fix.empty() ? "nothing" : each.fix);
    }
    return text;
}

}  // namespace hermetic::setup
