#include "validation/flow.h"

#include "core/text.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/talk.h"
#include "policy/evidence_words.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace hermetic::validation {
namespace {

// A probe is reported by its steps.
class NoEvents final : public events::Publisher {
public:
    void publish(events::What) override {}
    void flush() override {}
};

outbound::SettingsPointer settings_of(const Environment& env,
                                      std::shared_ptr<const outbound::Credentials> credentials,
                                      std::shared_ptr<const tls::CaSet> system)
{
    outbound::DeliverySettings settings = *env.settings;
    settings.credentials = std::move(credentials);
    settings.cas = std::move(system);
    auto& options = settings.options;
    options.connect_timeout = env.patience.connect;
    options.greeting_timeout = options.command_timeout = env.patience.reply;
    const Instant now = env.core.clock().now();
    options.attempt_time =
        env.until > now ? std::min<Duration>(env.until - now, env.patience.all) : Duration{};
    return std::make_shared<const outbound::DeliverySettings>(std::move(settings));
}

// How each step of the ladder ended.
std::string describe(const std::vector<facts::AttemptStep>& steps)
{
    std::string words;
    for (const facts::AttemptStep& each : steps) {
        if (each.succeeded) continue;
        words += fmt::format("\n{} step {}: ", each.address.format(), facts::name(each.kind));
        words += each.tls_failure ? facts::describe(*each.tls_failure)
                                  : std::string{facts::name(each.reason)};
    }
    return words;
}

Flow flowing(const outbound::Connection& connection, const policy::HopUse& use,
             const policy::TlsPolicy& policy, WallTime now)
{
    Flow flow;
    flow.fate = Fate::Goes;
    flow.in_clear = use.in_clear;
    flow.step = use.step;
    flow.tls = connection.tls;
    flow.proof = proof_of(policy, connection.tls);
    flow.reason = use.in_clear ? use.reason : use.verdict;
    if (use.in_clear) {
        flow.words = facts::describe(flow.reason).words;
    } else {
        flow.words =
            fmt::format("step {}, {}; {}", facts::name(use.step), describe_session(*flow.tls),
                        policy::describe_finding(flow.reason, policy, *flow.tls, now));
    }
    return flow;
}

Flow failing(const policy::HopFailure& failure, const policy::TlsPolicy& policy,
             const facts::Outcome& outcome, const std::vector<facts::AttemptStep>& steps)
{
    Flow flow = flow_of(outcome, proof_of(policy, failure.evidence));
    flow.tls = failure.evidence;
    // Of a ladder the reason says it all, and each step is told of; elsewhere the outcome has more.
    const bool not_offered = outcome.stage == facts::Stage::StartTls &&
                             failure.kind == policy::HopFailure::Kind::NotOffered;
    if (outcome.stage == facts::Stage::Handshake || not_offered)
        flow.words = facts::describe(outcome.reason).words;
    flow.words += describe(steps);
    return flow;
}

Flow speaking_unasked(const outbound::Connection& connection, const policy::TlsPolicy& policy)
{
    Flow flow = flow_of(outbound::talk_outcome(facts::Stage::Mail, outbound::unasked()),
                        proof_of(policy, connection.tls));
    flow.tls = connection.tls;
    return flow;
}

}  // namespace

struct ProbeContext::Parts {
    Parts(const Environment& env, std::shared_ptr<const outbound::Credentials> credentials,
          std::shared_ptr<const tls::CaSet> system)
        : context{{env.core, nullptr, env.resolver, events, metrics, env.observations},
                  settings_of(env, std::move(credentials), std::move(system)),
                  nullptr,
                  [](outbound::ConnectionPointer connection) { hang_up(std::move(connection)); }}
    {
    }
    NoEvents events;
    metrics::Metrics metrics;
    outbound::Context context;
};

ProbeContext::ProbeContext(const Environment& env,
                           std::shared_ptr<const outbound::Credentials> credentials,
                           std::shared_ptr<const tls::CaSet> system)
    : parts_{std::make_unique<Parts>(env, std::move(credentials), std::move(system))}
{
}

ProbeContext::~ProbeContext() = default;

outbound::Context& ProbeContext::outbound_context()
{
    return parts_->context;
}

net::Task<Found> find_flow(ProbeContext& probe_context, outbound::HostList list,
                           policy::TlsDemand demand, outbound::HopWatcher* watcher)
{
    using Client = outbound::NextHopClient;
    Client client{
        probe_context.outbound_context(), nullptr, std::move(list), std::move(demand), nullptr,
        Client::Memory::ReadOnly,         watcher};
    const auto& selection = client.selection();
    std::optional<Found> unasked;
    for (;;) {
        Found found;
        found.connection = co_await client.open();
        if (!found.connection) break;
        const auto& policy = client.decision().policy;
        found.flow = flowing(*found.connection, selection.use(), policy,
                             probe_context.outbound_context().adapters.core.clock().wall());
        found.host = client.last_host();
        found.policy = policy.digest();
        found.address = client.address_text(selection.step().host, found.connection->endpoint);
        // Delivery says nothing more to whom it finds so, and goes to the next host.
        const bool spoke = co_await outbound::has_spoken_unasked(*found.connection->stream, 0);
        if (!spoke) co_return found;
        found.flow = speaking_unasked(*found.connection, policy);
        hang_up(std::move(found.connection));
        unasked = std::move(found);
        if (!client.try_another_host()) break;
    }
    if (unasked) co_return *std::move(unasked);
    const auto steps = client.take_attempt_steps();
    Found found;
    const policy::HopFailure& failure = selection.failure();
    found.flow = failing(failure, selection.decision(failure).policy, client.failure(), steps);
    found.host = selection.label(failure);
    found.policy = selection.decision(failure).policy.digest();
    if (failure.host && failure.address)
        found.address = client.address_text(*failure.host, *failure.address);
    co_return found;
}

tls::Trust trust_of(ProbeContext& probe_context, const objects::Organization& organization,
                    const objects::OutboundConnector* connector)
{
    const auto& context = probe_context.outbound_context();
    policy::TlsDemand demand;
    demand.organization = &organization;
    demand.connector = connector;
    const auto decision = policy::decide_tls(demand, {}, {}, context.adapters.core.clock().wall());
    auto trust = context.identity_for(decision, organization.name, connector).trust;
    if (trust.cas == nullptr) trust.cas = context.settings->cas;
    trust.stapled = decision.policy.check_revocation;
    return trust;
}

void hang_up(outbound::ConnectionPointer connection)
{
    if (!connection) return;
    connection->stream->write_last_words("QUIT\r\n");
    connection->stream->close();
}

policy::TlsDemand demand_of(const Subject& subject)
{
    policy::TlsDemand demand;
    demand.organization = &subject.organization;
    demand.connector = subject.connector ? &*subject.connector : nullptr;
    demand.next_hop = subject.next_hop ? &*subject.next_hop : nullptr;
    demand.retirements = subject.retirements;
    demand.message = subject.message;
    return demand;
}

outbound::HostList list_of(const std::vector<HostFindings>& hosts)
{
    outbound::HostList list;
    for (const HostFindings& each : hosts) {
        list.hosts.push_back(each.host);
        list.mx = {each.domain, each.canonical_domain, each.mx_security};
    }
    return list;
}

outbound::HostList list_of(const HostFindings& host, const IpAddress& only)
{
    auto list = list_of(std::vector<HostFindings>{host});
    list.only = only;
    return list;
}

}  // namespace hermetic::validation
