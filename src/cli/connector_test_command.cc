#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/partner_commands.h"
#include "cli/progress.h"
#include "cli/server_call.h"
#include "validation/json.h"

#include <cstdio>
#include <string_view>

namespace hermetic::cli {

int connector_test(const ServerChoice& server, const ConnectorTestArguments& arguments,
                   Output output)
{
    std::string target = "/v1/connectors/" + admin::percent_encode(arguments.name) + "/test";
    target += "?wait=" + std::to_string(arguments.wait);
    if (!arguments.recipient.empty()) target += "&to=" + admin::percent_encode(arguments.recipient);
    if (arguments.inbound) target += "&direction=inbound";
    if (!arguments.organization.empty())
        target += "&organization=" + admin::percent_encode(arguments.organization);
    Progress progress = Progress::for_output();
    // Of the whole, which comes last: without it the server stopped before the end.
    std::optional<validation::State> state;
    const auto on_line = [&](std::string_view line) {
        const auto step = validation::parse_step(line);
        if (!step) return;
        const bool whole = step->id == validation::StepId::Result && step->host.empty();
        if (whole) state = step->state;
        if (output == Output::Table) return progress.show(*step);
        if (step->state == validation::State::Running) return;
        std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
        std::fflush(stdout);
    };
    const int code = read_lines_from_server(server, "POST", target, on_line);
    if (code != kDone) return code;
    if (!state) {
        complain({"the server ended the test before its result"});
        return kFailed;
    }
    return *state == validation::State::Failed ? kFailed : kDone;
}

}  // namespace hermetic::cli
