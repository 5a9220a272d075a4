#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "config/options.h"
#include "directory/directory.h"

#include <cstdio>

namespace hermetic::cli {
namespace {

int complain(const std::string& words)
{
    std::fprintf(stderr, "%s\n", words.c_str());
    return kUsage;
}

int complain(const config::Diagnostics& diagnostics)
{
    for (const auto& each : diagnostics) (void)complain(config::format_diagnostic(each));
    return kFailed;
}

}  // namespace

int explain_message(const ExplainArguments& arguments, Output output)
{
    const auto recipient = mail::parse_mailbox(arguments.recipient);
    if (!recipient) return complain("--to: \"" + arguments.recipient + "\" is no address");
    ExplainRequest request{*recipient, {}, facts::DnsSecurity::Insecure, system_clock().wall()};
    if (!arguments.client.empty()) {
        const auto client = IpAddress::parse(arguments.client);
        if (!client) return complain("--client: \"" + arguments.client + "\" is no IP address");
        request.client = *client;
    }
    if (arguments.secure_mx) request.mx_security = facts::DnsSecurity::Secure;

    const auto node = config::load_node_options(arguments.config);
    if (!node) return complain(node.error());
    auto contents = directory::load_objects(node->organization_file, node->data_directory);
    if (!contents) return complain(contents.error());
    const objects::Snapshot snapshot{*std::move(contents)};
    const Explanation explanation = explain(snapshot, request);
    const std::string text = output == Output::Json ? format_explanation_json(explanation) + "\n"
                                                    : format_explanation(explanation);
    std::fputs(text.c_str(), stdout);
    return kDone;
}

}  // namespace hermetic::cli
