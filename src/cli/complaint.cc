#include "cli/complaint.h"

#include <boost/json.hpp>

#include <cstdio>

namespace hermetic::cli {
namespace {

Output form = Output::Table;

}  // namespace

void complain_in(Output wanted)
{
    form = wanted;
}

void complain(const Complaint& complaint)
{
    if (form == Output::Json) {
        std::fprintf(stderr, "%s\n", format_complaint_json(complaint).c_str());
        return;
    }
    constexpr std::size_t kMost = 100;
    const auto& diagnostics = complaint.diagnostics;
    for (std::size_t i = 0; i < diagnostics.size() && i < kMost; ++i)
        std::fprintf(stderr, "%s\n", config::format_diagnostic(diagnostics[i]).c_str());
    if (diagnostics.size() > kMost)
        std::fprintf(stderr, "and %zu more\n", diagnostics.size() - kMost);
    if (!diagnostics.empty()) return;
    std::fprintf(stderr, "%s%s%s\n", complaint.error.c_str(),
                 complaint.expected.empty() ? "" : "; expected: ", complaint.expected.c_str());
}

Complaint complaint_of(const config::Diagnostics& diagnostics)
{
    const config::Diagnostic& first = diagnostics.front();
    return {first.key.empty() ? first.what : first.key + ": " + first.what, first.expected,
            "invalid", diagnostics};
}

void complain_of(const config::Diagnostics& diagnostics)
{
    if (!diagnostics.empty()) complain(complaint_of(diagnostics));
}

bool speaks_to_people()
{
    return form == Output::Table;
}

void warn(const std::string& words)
{
    remark("warning: " + words);
}

void remark(const std::string& words)
{
    if (speaks_to_people()) std::fprintf(stderr, "%s\n", words.c_str());
}

std::string format_complaint_json(const Complaint& complaint)
{
    boost::json::object object{{"error", complaint.error}};
    if (!complaint.expected.empty()) object["expected"] = complaint.expected;
    if (!complaint.reason.empty()) object["reason"] = complaint.reason;
    boost::json::array diagnostics;
    for (const config::Diagnostic& each : complaint.diagnostics) {
        diagnostics.push_back({{"file", each.file},
                               {"line", each.line},
                               {"key", each.key},
                               {"what", each.what},
                               {"expected", each.expected}});
    }
    if (!diagnostics.empty()) object["diagnostics"] = std::move(diagnostics);
    return boost::json::serialize(object);
}

}  // namespace hermetic::cli
