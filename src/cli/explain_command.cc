#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/explain.h"
#include "cli/explain_live.h"
#include "cli/local_options.h"
#include "cli/progress.h"
#include "config/options.h"
#include "directory/directory.h"
#include "dispatch/pause_file.h"

#include <cstdio>

namespace hermetic::cli {
namespace {

Result<ExplainRequest, std::string> make_request(const ExplainArguments& arguments,
                                                 const config::NodeOptions& node)
{
    const auto recipient = mail::parse_mailbox(arguments.recipient);
    if (!recipient) return failure("--to: \"" + arguments.recipient + "\" is not an address");
    ExplainRequest request{*recipient, {}, facts::DnsSecurity::Insecure, system_clock().wall()};
    request.limits = node.limits;
    request.listener = arguments.listener;
    if (!arguments.client.empty()) {
        const auto client = IpAddress::parse(arguments.client);
        if (!client) return failure("--client: \"" + arguments.client + "\" is not an IP address");
        request.client = *client;
    }
    if (!arguments.sender.empty() && arguments.sender != "<>") {
        const auto sender = mail::parse_mailbox(arguments.sender);
        if (!sender) return failure("--from: \"" + arguments.sender + "\" is not an address");
        request.sender = *sender;
    }
    if (!arguments.message.empty()) {
        auto message = read_message_file(arguments.message);
        if (!message) return failure("--message: " + message.error());
        request.message = *message;
    }
    request.requiretls = arguments.requiretls;
    if (arguments.secure_mx) request.mx_security = facts::DnsSecurity::Secure;
    return request;
}

// Mail that would wait, or be returned, is no success.
int explain_live(const objects::Snapshot& snapshot, const ExplainRequest& request,
                 const config::NodeOptions& node, const Explanation& explanation, Output output)
{
    validation::LocalOptions options;
    options.delivery = node.delivery;
    options.resolver = node.resolver;
    options.hostname = node.hostname;
    options.observations = request.observations;
    Progress progress = Progress::for_output();
    if (output == Output::Table) std::fputs("\n", stdout);
    const auto check = check_route_live(options, snapshot, request,
                                        [&progress, output](const validation::Step& step) {
                                            if (output == Output::Table) progress.show(step);
                                        });
    if (!check) {
        complain({check.error()});
        return kFailed;
    }
    const std::string text =
        output == Output::Json
            ? add_route_check(format_explanation_json(explanation), *check) + "\n"
            : format_route_check(*check);
    std::fputs(text.c_str(), stdout);
    return check->flow.goes() ? kDone : kFailed;
}

}  // namespace

int explain_message(const ExplainArguments& arguments, Output output)
{
    const auto node = config::load_node_options(arguments.config);
    if (!node) {
        complain_of(node.error());
        return kFailed;
    }
    auto request = make_request(arguments, *node);
    if (!request) {
        complain({request.error()});
        return kUsage;
    }
    auto contents = directory::load_objects(node->organization_file, node->data_directory,
                                            system_clock().wall());
    if (!contents) {
        complain_of(contents.error());
        return kFailed;
    }
    auto pauses = dispatch::load_pauses(dispatch::pause_file_of(node->data_directory));
    if (!pauses) {
        complain({pauses.error()});
        return kUsage;
    }
    request->pauses = *std::move(pauses);
    auto seen = local_observations(arguments.config, contents->organizations);
    if (!seen) {
        complain({seen.error()});
        return kFailed;
    }
    request->observations = *std::move(seen);
    const objects::Snapshot snapshot{*std::move(contents)};
    const Explanation explanation = explain(snapshot, *request);
    if (output == Output::Table) std::fputs(format_explanation(explanation).c_str(), stdout);
    if (arguments.live) return explain_live(snapshot, *request, *node, explanation, output);
    if (output == Output::Json) std::printf("%s\n", format_explanation_json(explanation).c_str());
    return kDone;
}

}  // namespace hermetic::cli
