#include "validation/local_run.h"

#include "net/core.h"
#include "net/task_group.h"

#include <utility>

namespace hermetic::validation {
namespace {

outbound::SettingsPointer settings_of(const LocalOptions& options,
                                      std::shared_ptr<const tls::CaSet> cas)
{
    outbound::DeliverySettings settings;
    settings.options = options.delivery;
    settings.hostname = options.hostname;
    settings.own_names = {options.hostname};
    settings.cas = std::move(cas);
    return std::make_shared<const outbound::DeliverySettings>(std::move(settings));
}

net::Task<> run_and_stop(const LocalWork& work, const Environment& env,
                         std::shared_ptr<const tls::CaSet> cas, dns::Resolver& resolver)
{
    co_await work(env, std::move(cas));
    resolver.close();
    env.core.stop();
}

}  // namespace

dns::ResolverOptions make_resolver_options(const config::ResolverNodeOptions& options)
{
    dns::ResolverOptions result;
    for (const Endpoint& each : options.forward) result.forward.push_back(each.format());
    result.trust_anchors = options.trust_anchors;
    result.root_anchor_file = options.root_anchor_file;
    result.timeout = options.timeout;
    return result;
}

Result<void, std::string> run_here(const LocalOptions& options, const LocalWork& work)
{
    net::ignore_sigpipe();
    auto resolver = dns::make_resolver(make_resolver_options(options.resolver));
    if (!resolver) return failure("resolver: " + resolver.error());
    std::shared_ptr<const tls::CaSet> cas;  // without them no chain verifies, and that is said
    if (auto loaded = tls::load_system_cas()) cas = *std::move(loaded);

    net::Core core{0, system_clock()};
    std::string escaped;
    net::TaskGroup tasks{core, [&](std::string_view what) {
                             escaped = what;
                             (*resolver)->close();
                             core.stop();
                         }};
    Environment env{core, **resolver, settings_of(options, cas), options.patience, Instant::max()};
    env.observations = options.observations.get();
    env.until = core.clock().now() + options.patience.all;
    tasks.spawn(run_and_stop(work, env, cas, **resolver));
    core.run();
    if (!escaped.empty()) return failure(std::move(escaped));
    return {};
}

}  // namespace hermetic::validation
