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

#include <algorithm>
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

bool has_ratchet(const policy::TlsDecision& decision)
{
    return std::ranges::any_of(decision.sources, [](const policy::TlsSource& each) {
        return each.id == facts::Reason::RatchetHolds;
    });
}

// Goes from host to host as delivery does, and says nothing to who would get the message.
class FlowSearch {
public:
    FlowSearch(outbound::Context& context, outbound::HostList list, policy::TlsDemand demand,
               outbound::HopWatcher* watcher, const OfferedMessage* message)
        : context_{context},
          client_{context,         nullptr,
                  std::move(list), std::move(demand),
                  nullptr,         outbound::NextHopClient::Memory::ReadOnly,
                  watcher},
          watcher_{watcher},
          message_{message}
    {
    }
    FlowSearch(const FlowSearch&) = delete;
    FlowSearch& operator=(const FlowSearch&) = delete;

    net::Task<Found> run();

private:
    Found found_at(outbound::ConnectionPointer connection);
    std::optional<facts::Outcome> lacking_at(const outbound::Connection& connection) const;
    Found pass(Found found, const facts::Outcome& outcome) const;
    Found unfit();
    Found failed();

    [[nodiscard]] const policy::NextHopSelection& selection() const { return client_.selection(); }

    outbound::Context& context_;
    outbound::NextHopClient client_;
    outbound::HopWatcher* watcher_;
    const OfferedMessage* message_;
    // Hosts that do not get the message, the last of each kind.
    std::optional<Found> unasked_;
    std::optional<Found> unfit_;
};

net::Task<Found> FlowSearch::run()
{
    for (;;) {
        auto connection = co_await client_.open();
        if (!connection) break;
        Found found = found_at(std::move(connection));
        if (const auto lacking = lacking_at(*found.connection)) {
            if (watcher_ != nullptr)
                watcher_->on_unfit(selection().step(), found.address, *lacking);
            const auto offer = smtp::offer_of(found.connection->capabilities);
            unfit_ = pass(std::move(found), *lacking);
            if (!client_.try_another_address(offer) && !client_.try_another_host(offer)) break;
            continue;
        }
        // Delivery says nothing more to whom it finds so, and goes to the next host.
        const bool spoke = co_await outbound::has_spoken_unasked(*found.connection->stream, 0);
        if (!spoke) co_return found;
        unasked_ =
            pass(std::move(found), outbound::talk_outcome(facts::Stage::Mail, outbound::unasked()));
        if (!client_.try_another_host()) break;
    }
    // A host that may take the mail later counts before what others lack, and both before who
    // could not be used (delivery/host_outcome.h).
    if (unasked_) co_return *std::move(unasked_);
    if (unfit_) co_return unfit();
    co_return failed();
}

Found FlowSearch::found_at(outbound::ConnectionPointer connection)
{
    const auto& policy = client_.decision().policy;
    Found found;
    found.connection = std::move(connection);
    found.flow = flowing(*found.connection, selection().use(), policy,
                         context_.adapters.core.clock().wall());
    found.flow.by_ratchet = has_ratchet(client_.decision());
    found.host = client_.last_host();
    found.policy = policy.digest();
    found.address = client_.address_text(selection().step().host, found.connection->endpoint);
    return found;
}

std::optional<facts::Outcome> FlowSearch::lacking_at(const outbound::Connection& connection) const
{
    if (message_ == nullptr) return std::nullopt;
    const auto offer = smtp::offer_of(connection.capabilities);
    auto lacking = smtp::judge_offer(offer, message_->needs);
    if (!lacking) lacking = smtp::judge_offer(offer, message_->recipient);
    return lacking;
}

Found FlowSearch::pass(Found found, const facts::Outcome& outcome) const
{
    const auto tls = found.connection->tls;
    found.flow = flow_of(outcome, proof_of(client_.decision().policy, tls));
    found.flow.tls = tls;
    found.flow.by_ratchet = has_ratchet(client_.decision());
    hang_up(std::move(found.connection));
    return found;
}

// A permanent failure only where no host can take it.
Found FlowSearch::unfit()
{
    Found found = *std::move(unfit_);
    if (!selection().others_may_take(message_->needs)) return found;
    found.flow.fate = Fate::Waits;
    found.flow.words += "; a host or address that could not be used now may accept it";
    return found;
}

Found FlowSearch::failed()
{
    const auto steps = client_.take_attempt_steps();
    const policy::HopFailure& failure = selection().failure();
    Found found;
    found.flow = failing(failure, selection().decision(failure).policy, client_.failure(), steps);
    found.flow.by_ratchet = has_ratchet(selection().decision(failure));
    found.host = selection().label(failure);
    found.policy = selection().decision(failure).policy.digest();
    if (failure.host && failure.address)
        found.address = client_.address_text(*failure.host, *failure.address);
    return found;
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
                           policy::TlsDemand demand, outbound::HopWatcher* watcher,
                           const OfferedMessage* message)
{
    FlowSearch search{probe_context.outbound_context(), std::move(list), std::move(demand), watcher,
                      message};
    co_return co_await search.run();
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
