#include "validation/validate.h"

#include "facts/reasons.h"
#include "net/core.h"
#include "validation/bounce.h"
#include "validation/expected.h"
#include "validation/flow.h"
#include "validation/host_probe.h"
#include "validation/message.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

std::string label_of(const routing::Route& route)
{
    return route.is_mx() ? route.domain : std::string{"its smart hosts"};
}

// What one address came to by itself, for people: "goes", "waits"; and why.
struct Verdict {
    std::string where;  // "mx.example.org 192.0.2.1:25"
    std::string what;
    facts::Reason reason{};
};

// What a route's hosts came to.
struct Tally {
    std::vector<Verdict> verdicts;  // of each address, and of each host without one
    std::size_t flowing = 0;
    std::size_t in_clear = 0;
};

// Whom nobody asked how it likes the policy: it was not connected to, or spoke no SMTP.
Verdict verdict_of(std::string where, const facts::Outcome* outcome)
{
    return {std::move(where), "fails", outcome != nullptr ? outcome->reason : facts::Reason::None};
}

// The last one that was probed.
Verdict unasked_verdict(const HostFindings& host, const Endpoint& endpoint)
{
    const AddressFindings& probe = host.probes.back();
    const auto& outcome = probe.refused ? probe.refused : probe.seen.outcome;
    return verdict_of(host.host.label() + " " + address_text(host, endpoint),
                      outcome ? &*outcome : nullptr);
}

Verdict verdict_of(std::string where, const Flow& flow)
{
    std::string what{name(flow.fate)};
    if (flow.in_clear) what += " in clear";
    return {std::move(where), std::move(what), flow.reason};
}

// A line for each address, where they differ: what is said of a host is not true of all of it then.
std::string say_each(const std::vector<Verdict>& verdicts)
{
    const auto is_as_first = [&](const Verdict& each) {
        return each.what == verdicts.front().what && each.reason == verdicts.front().reason;
    };
    if (std::ranges::all_of(verdicts, is_as_first)) return {};
    std::string lines;
    for (const Verdict& each : verdicts) {
        lines += fmt::format("\n{}: {}", each.where, each.what);
        if (each.reason != facts::Reason::None)
            lines += fmt::format(" ({})", facts::name(each.reason));
    }
    return lines;
}

class Validation {
public:
    Validation(const Environment& env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
               Sink sink)
        : env_{env},
          subject_{std::move(subject)},
          probe_context_{env, subject_.credentials, std::move(cas)},
          contexts_{trust_of(probe_context_, subject_.organization, &*subject_.connector)},
          sink_{std::move(sink)}
    {
        report_.connector = subject_.connector->name;
        report_.organization = subject_.connector->organization;
        report_.started = env.core.clock().wall();
    }

    net::Task<Report> run();

private:
    net::Task<> probe_route(routing::Route route);
    net::Task<> probe_host(HostFindings& host, Tally& tally);
    net::Task<> ask_policy(const HostFindings& host, Endpoint endpoint, Tally& tally);
    net::Task<> send_message();
    void conclude(const std::string& label, const Tally& tally, const Flow& flow);
    [[nodiscard]] net::Task<> await_bounce();
    void finish(Instant began);
    void tell(Step step, const std::string& host = {}, const std::string& address = {});

    const Environment& env_;
    Subject subject_;
    Expected expected_;  // of the route that is probed
    ProbeContext probe_context_;
    Contexts contexts_;
    Sink sink_;
    Report report_;
    outbound::ConnectionPointer for_message_;  // that mail of the recipient's route would take
    Proof for_message_proof_ = Proof::None;
    bool keeps_for_message_ = false;
    Fate worst_fate_ = Fate::Goes;  // of the routes
    State worst_ = State::Ok;
    std::optional<BounceWait> bounce_;  // while the test message is under way
    bool late_ = false;
    std::string_view message_failed_ = "the test message was refused";
};

net::Task<Report> Validation::run()
{
    const Instant began = env_.core.clock().now();
    for (std::size_t i = 0; i < subject_.routes.size(); ++i) {
        keeps_for_message_ = i == 0 && subject_.recipient.has_value();
        co_await probe_route(subject_.routes[i]);
        if (keeps_for_message_) co_await send_message();
    }
    late_ = env_.core.clock().now() >= env_.until;
    if (bounce_) co_await await_bounce();
    finish(began);
    co_return std::move(report_);
}

net::Task<> Validation::probe_route(routing::Route route)
{
    const std::string label = label_of(route);
    const Sink sink = [this](const Step& step) {
        Step copy = step;
        tell(std::move(copy), step.host, step.address);
    };
    auto hosts = co_await find_hosts(probe_context_, std::move(route), sink);
    if (!hosts) {
        conclude(label, {}, flow_of(hosts.error(), Proof::None));
        co_return;
    }
    expected_ = find_expectation(env_, subject_, *hosts);
    Tally tally;
    std::size_t hosts_probed = 0;
    for (auto& host : *hosts) {
        if (env_.core.clock().now() >= env_.until || ++hosts_probed > kMaxHosts) break;
        co_await resolve(probe_context_, host, sink);
        co_await probe_host(host, tally);
    }
    // The route as a whole: what becomes of mail is not the sum of its addresses.
    auto list = list_of(*hosts);
    auto demand = demand_of(subject_);
    auto found = co_await find_flow(probe_context_, std::move(list), std::move(demand), nullptr);
    conclude(label, tally, found.flow);
    if (keeps_for_message_) {
        for_message_proof_ = found.flow.proof;
        for_message_ = std::move(found.connection);
    } else {
        hang_up(std::move(found.connection));
    }
}

net::Task<> Validation::probe_host(HostFindings& host, Tally& tally)
{
    const Sink sink = [this](const Step& step) {
        Step copy = step;
        tell(std::move(copy), step.host, step.address);
    };
    if (host.addresses.empty()) {
        const auto* const why = host.failure ? &*host.failure : nullptr;
        tally.verdicts.push_back(verdict_of(host.host.label(), why));
    }
    for (const auto& endpoint : endpoints_of(host)) {
        if (env_.core.clock().now() >= env_.until) break;
        auto names = subject_.connector->tls.names;
        auto probe =
            co_await probe_address(env_, contexts_, host, endpoint, std::move(names), sink);
        // What spoke no SMTP, or may not be connected to, is known to fail; the rest is tried as
        // delivery would.
        const bool spoke = !probe.refused && probe.seen.offered.has_value();
        host.probes.push_back(std::move(probe));
        if (spoke) {
            co_await ask_policy(host, endpoint, tally);
        } else {
            tally.verdicts.push_back(unasked_verdict(host, endpoint));
        }
    }
}

net::Task<> Validation::ask_policy(const HostFindings& host, Endpoint endpoint, Tally& tally)
{
    const std::string label = host.host.label();
    const std::string address = address_text(host, endpoint);
    tell(Step{StepId::Policy, {}, {}, State::Running, {}, {}, {}}, label, address);
    auto list = list_of(host, endpoint.address);
    auto demand = demand_of(subject_);
    auto found = co_await find_flow(probe_context_, std::move(list), std::move(demand), nullptr);
    tally.verdicts.push_back(verdict_of(label + " " + address, found.flow));
    if (found.flow.goes()) ++tally.flowing;
    if (found.flow.goes() && found.flow.in_clear) ++tally.in_clear;
    Step step = say_flow(found.flow);
    step.seen += fmt::format("\npolicy {}", found.policy);
    say_expectation(expected_, found.flow, step);
    tell(std::move(step), label, address);
    hang_up(std::move(found.connection));
}

// Whether mail would flow to the whole of a route.
void Validation::conclude(const std::string& label, const Tally& tally, const Flow& flow)
{
    Step step;
    step.id = StepId::Result;
    step.host = label;
    const std::size_t addresses = tally.verdicts.size();
    step.state = !flow.goes()                ? State::Failed
                 : tally.flowing < addresses ? State::Warning
                                             : State::Ok;
    step.seen = fmt::format("{} of {} addresses satisfy the connector", tally.flowing, addresses);
    if (flow.in_clear) {
        step.state = std::max(step.state, State::Warning);
        step.reason = flow.reason;
        step.seen += "; mail would flow in clear: " + flow.words;
    } else if (tally.in_clear != 0) {
        step.state = std::max(step.state, State::Warning);
        step.seen += fmt::format("; {} in clear", tally.in_clear);
    }
    if (!flow.goes()) {
        worst_fate_ = std::max(worst_fate_, flow.fate);
        step.reason = flow.reason;
        // Each step of the ladder is told of above.
        step.seen +=
            fmt::format("; {}: {}", would(flow.fate), flow.words.substr(0, flow.words.find('\n')));
        step.fix = "The failed steps above name what to repair.";
    }
    step.seen += say_each(tally.verdicts);
    worst_ = std::max(worst_, step.state);
    tell(std::move(step), label);
}

net::Task<> Validation::send_message()
{
    Step step;
    step.id = StepId::Message;
    if (for_message_ == nullptr) {
        step.state = State::Failed;
        step.seen = "not sent: no host satisfies the connector";
        step.fix = "Repair what the failed steps above name.";
    } else {
        tell(Step{StepId::Message, {}, {}, State::Running, {}, {}, {}});
        const WallTime now = env_.core.clock().wall();
        const std::string id = format_id(env_.core.ids().next<MessageId>(now));
        bounce_.emplace(env_, subject_, id);
        const auto& postmaster = subject_.organization.postmaster;
        TestMessage message{subject_.connector->name,
                            env_.settings->hostname,
                            postmaster,
                            bounce_->sender() ? bounce_->sender() : postmaster,
                            *subject_.recipient,
                            now,
                            id};
        message.proof = for_message_proof_;
        Call call;
        call.stream = std::move(for_message_->stream);
        for_message_.reset();
        step = co_await send_test_message(env_, std::move(call), std::move(message));
        if (step.state == State::Ok && !bounce_->sender()) step.seen += ", " + bounce_->why_not();
        if (step.state != State::Ok || !bounce_->sender()) bounce_.reset();
    }
    worst_ = std::max(worst_, step.state);
    tell(std::move(step));
}

net::Task<> Validation::await_bounce()
{
    const Sink sink = [this](const Step& step) { tell(step); };
    Step step = co_await bounce_->run(sink);
    worst_ = std::max(worst_, step.state);
    if (step.state == State::Failed) message_failed_ = "the test message bounced";
    tell(std::move(step));
}

void Validation::finish(Instant began)
{
    Step step;
    step.id = StepId::Result;
    step.state = worst_;
    if (late_) step.state = std::max(step.state, State::Warning);
    switch (step.state) {
    case State::Ok:
        step.seen = "mail flows under the connector";
        break;
    case State::Warning:
        step.seen = "mail flows under the connector, with warnings";
        break;
    default:
        step.seen = worst_fate_ == Fate::Goes ? fmt::format("mail flows, but {}", message_failed_)
                                              : std::string{would(worst_fate_)};
        break;
    }
    if (subject_.audited) {
        step.seen = fmt::format("if the connector enforced: {}; in audit mode it defers no mail",
                                step.seen);
    }
    if (late_) step.seen += "; the time was over before everything had been tested";
    report_.took = env_.core.clock().now() - began;
    report_.state = step.state;
    report_.words = step.seen;
    tell(std::move(step));
}

void Validation::tell(Step step, const std::string& host, const std::string& address)
{
    step.host = host;
    step.address = address;
    sink_(step);
    if (step.state != State::Running && report_.steps.size() < kMaxSteps)
        report_.steps.push_back(std::move(step));
}

}  // namespace

net::Task<Report> validate(const Environment& env, std::shared_ptr<const tls::CaSet> system_cas,
                           Subject subject, Sink sink)
{
    Validation validation{env, std::move(system_cas), std::move(subject), std::move(sink)};
    co_return co_await validation.run();
}

}  // namespace hermetic::validation
