#include "cli/cli.h"
#include "cli/commands.h"
#include "config/options.h"
#include "facts/reason_reference.h"
#include "facts/reasons.h"
#include "metrics/metrics.h"
#include "objects/org_file.h"
#include "setup/findings.h"

#include <boost/json.hpp>

#include <cstdio>
#include <string_view>
#include <utility>

namespace hermetic::cli {
namespace {

using boost::json::array;
using boost::json::object;

object sections_json(const std::vector<config::SectionReference>& sections)
{
    array all;
    for (const config::SectionReference& section : sections) {
        array options;
        for (const auto& each : section.rows) {
            options.push_back(object{{"key", each.key},
                                     {"type", each.type},
                                     {"default", each.standard},
                                     {"meaning", each.text}});
        }
        all.push_back(object{{"section", section.title}, {"options", std::move(options)}});
    }
    return object{{"sections", std::move(all)}};
}

object reasons_json()
{
    array all;
    for (const facts::ReasonRow* row : facts::reasons_by_id()) {
        const bool nobody = row->fixer == facts::Fixer::Nobody;
        const bool has_status = row->status != facts::EnhancedStatus{};
        all.push_back(object{{"id", row->id},
                             {"stage", row->stage ? facts::name(*row->stage) : ""},
                             {"status", has_status ? row->status.format() : std::string{}},
                             {"meaning", row->words},
                             {"fix", row->fix},
                             {"who_can", nobody ? std::string_view{} : facts::name(row->fixer)},
                             {"document", row->document}});
    }
    return object{{"reasons", std::move(all)}};
}

object metrics_json()
{
    array all;
    for (const metrics::MetricReference& each : metrics::metric_reference()) {
        all.push_back(object{{"name", each.name},
                             {"labels", each.labels},
                             {"kind", each.kind},
                             {"meaning", each.help}});
    }
    return object{{"metrics", std::move(all)}};
}

object findings_json()
{
    array all;
    for (std::size_t i = 0; i < setup::kFindingIds; ++i) {
        const setup::FindingKind& each = setup::kind_of(static_cast<setup::FindingId>(i));
        all.push_back(object{{"id", each.id},
                             {"severity", setup::name(each.severity)},
                             {"meaning", each.meaning},
                             {"fix", each.fix}});
    }
    return object{{"findings", std::move(all)}};
}

}  // namespace

std::string format_reference(const std::string& what)
{
    if (what == "org") return objects::format_org_reference();
    if (what == "reasons") return facts::format_reason_reference();
    if (what == "metrics") return metrics::format_metric_reference();
    if (what == "setup") return setup::format_finding_reference();
    return config::format_node_reference();
}

std::string format_reference_json(const std::string& what)
{
    const object body = what == "org"       ? sections_json(objects::org_reference())
                        : what == "reasons" ? reasons_json()
                        : what == "metrics" ? metrics_json()
                        : what == "setup"   ? findings_json()
                                            : sections_json(config::node_reference());
    return boost::json::serialize(body);
}

int reference(const std::string& what, Output output)
{
    const std::string text =
        output == Output::Json ? format_reference_json(what) + "\n" : format_reference(what);
    std::fputs(text.c_str(), stdout);
    return kDone;
}

}  // namespace hermetic::cli
