#include "cli/cli.h"
#include "cli/local_options.h"
#include "cli/partner_commands.h"
#include "cli/progress.h"
#include "validation/json.h"
#include "validation/probe.h"

#include <cstdio>
#include <utility>

namespace hermetic::cli {
namespace {

net::Task<> look(const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas,
                 validation::ProbeTarget target, validation::Sink sink,
                 validation::ProbeFindings& findings)
{
    validation::Contexts contexts{std::move(cas)};
    findings = co_await validation::probe(env, contexts, std::move(target), std::move(sink));
}

}  // namespace

int probe(const ProbeArguments& arguments, Output output)
{
    const auto target = validation::parse_probe_target(arguments.target);
    if (!target) {
        std::fprintf(stderr,
                     "\"%s\" is neither a domain nor a host; right is example.org, "
                     "mx.example.org:25, 192.0.2.1 or [2001:db8::1]:25\n",
                     arguments.target.c_str());
        return kUsage;
    }
    auto options = local_options(arguments.config);
    if (!options) {
        std::fprintf(stderr, "%s\n", options.error().c_str());
        return kFailed;
    }
    options->delivery.allow_loopback |= arguments.allow_loopback;
    options->delivery.allow_private |= arguments.allow_private;
    options->patience.all = std::chrono::seconds{arguments.seconds};

    Progress progress = Progress::for_output();
    const validation::Sink sink = [&progress, output](const validation::Step& step) {
        if (output == Output::Table) progress.show(step);
    };
    validation::ProbeFindings findings;
    const auto done = validation::run_here(
        *options, [&](const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas) {
            return look(env, std::move(cas), *target, sink, findings);
        });
    if (!done) {
        std::fprintf(stderr, "%s\n", done.error().c_str());
        return kFailed;
    }
    if (output == Output::Json)
        std::printf("%s\n", validation::format_json(findings, system_clock().wall()).c_str());
    return findings.state == validation::State::Failed ? kFailed : kDone;
}

}  // namespace hermetic::cli
