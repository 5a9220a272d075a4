#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/local_options.h"
#include "cli/partner_commands.h"
#include "cli/progress.h"
#include "validation/json.h"
#include "validation/probe.h"

#include <cstdio>
#include <utility>

namespace hermetic::cli {
namespace {

net::Task<> run_probe(const validation::Environment& env, std::shared_ptr<const tls::CaSet> cas,
                      validation::Subject subject, validation::ProbeTarget target,
                      validation::Sink sink, validation::ProbeFindings& findings)
{
    findings = co_await validation::probe(env, std::move(cas), std::move(subject),
                                          std::move(target), std::move(sink));
}

// Whose mail is asked about: what the organization's settings and CRLs say counts.
Result<validation::Subject, std::string> subject_of(const ProbeArguments& arguments)
{
    auto contents = local_objects(arguments.config);
    if (!contents) return failure(std::move(contents.error()));
    const objects::Snapshot snapshot{*std::move(contents)};
    const auto& known = snapshot.contents().organizations;
    const std::string& name = arguments.organization;
    if (name.empty() && known.empty()) return validation::Subject{};
    if (name.empty() && known.size() == 1) return validation::make_subject(snapshot, known.front());
    std::string names;
    for (const auto& each : known) {
        if (each.name == name) return validation::make_subject(snapshot, each);
        names += (names.empty() ? "\"" : ", \"") + each.name + "\"";
    }
    if (name.empty())
        return failure("the organization is missing; expected: --organization with one of " +
                       names);
    return failure("there is no organization \"" + name + "\"; expected: " +
                   (names.empty() ? std::string{"no --organization"} : "one of " + names));
}

}  // namespace

int probe(const ProbeArguments& arguments, Output output)
{
    const auto target = validation::parse_probe_target(arguments.target);
    if (!target) {
        complain({"\"" + arguments.target + "\" is neither a domain nor a host",
                  "example.org, mx.example.org:25, 192.0.2.1 or [2001:db8::1]:25"});
        return kUsage;
    }
    auto options = local_options(arguments.config);
    if (!options) {
        complain({options.error()});
        return kFailed;
    }
    const auto subject = subject_of(arguments);
    if (!subject) {
        complain({subject.error()});
        return kFailed;
    }
    auto seen = local_observations(arguments.config, {&subject->organization, 1});
    if (!seen) {
        complain({seen.error()});
        return kFailed;
    }
    options->observations = *std::move(seen);
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
            return run_probe(env, std::move(cas), *subject, *target, sink, findings);
        });
    if (!done) {
        complain({done.error()});
        return kFailed;
    }
    if (output == Output::Json) std::printf("%s\n", validation::format_json(findings).c_str());
    return findings.state == validation::State::Failed ? kFailed : kDone;
}

}  // namespace hermetic::cli
