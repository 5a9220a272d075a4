#include "cli/cli.h"
#include "cli/commands.h"
#include "config/options.h"
#include "facts/reason_reference.h"
#include "metrics/metrics.h"
#include "objects/org_file.h"
#include "setup/findings.h"

#include <cstdio>

namespace hermetic::cli {

int reference(const std::string& what)
{
    const std::string text = what == "org"       ? objects::format_org_reference()
                             : what == "reasons" ? facts::format_reason_reference()
                             : what == "metrics" ? metrics::format_metric_reference()
                             : what == "setup"   ? setup::format_finding_reference()
                                                 : config::format_node_reference();
    std::fputs(text.c_str(), stdout);
    return kDone;
}

}  // namespace hermetic::cli
