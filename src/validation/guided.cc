#include "validation/guided.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "validation/poll_until.h"
#include "validation/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using events::Judgement;
using inbound::SeenSession;

std::string names_of(const SeenSession& seen)
{
    if (!seen.tls || seen.tls->chain.empty()) return "no client certificate";
    const auto& names = seen.tls->chain.front().dns_names;
    if (names.empty()) return "a client certificate without DNS names";
    constexpr std::size_t kShown = 20;
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kShown));
    return printable(fmt::format("client certificate for {}", fmt::join(names.begin(), end, ", ")),
                     1000);
}

std::string tls_words(const SeenSession& seen)
{
    if (!seen.tls_failure.empty()) return "the handshake failed: " + seen.tls_failure;
    if (!seen.tls) return "in clear";
    return describe_session(*seen.tls) +
           (seen.tls_is_the_clients ? "" : "; of a proxy, which proves nothing about the client");
}

Step make(StepId id, State state, std::string seen, facts::RecordedReason reason = {},
          std::string fix = {})
{
    return {id, {}, {}, state, std::move(reason), std::move(seen), std::move(fix)};
}

Step say_tls(const SeenSession& seen)
{
    if (seen.tls_failure.empty())
        return make(StepId::StartTls, seen.tls ? State::Ok : State::Warning, tls_words(seen));
    return make(StepId::StartTls, State::Failed, tls_words(seen), facts::Reason::TlsHandshakeFailed,
                "Compare versions and ciphers with the listener's; the partner's log has its view "
                "of the failure.");
}

Step say_evidence(const Judgement& judged)
{
    std::string text = "sender " + judged.sender;
    text += judged.matched.empty() ? "\nno evidence makes it the connector's"
                                   : "\nit is the connector's by " + judged.matched;
    if (!judged.on_premises) return make(StepId::Evidence, State::Ok, std::move(text));
    text += fmt::format("\n{}: {}", judged.granted ? "granted" : "not granted", judged.why);
    if (judged.granted) return make(StepId::Evidence, State::Ok, std::move(text));
    return make(StepId::Evidence, State::Failed, std::move(text),
                facts::Reason::AttributionConditionsUnmet,
                "Compare the connector's networks, certificate_names and ca with what the session "
                "showed.");
}

Step say_restrictions(const Judgement& judged)
{
    if (!judged.fault) {
        return make(StepId::Policy, State::Ok, "the session meets all conditions of the connector");
    }
    const auto& fault = *judged.fault;
    std::string text = fmt::format("presented: {}; required: {}", fault.presented, fault.wanted);
    const bool counts = judged.on_premises || judged.restricts;
    if (!counts) text += "; nothing is refused because of it: " + judged.why;
    return make(StepId::Policy, counts ? State::Failed : State::Warning, std::move(text),
                fault.reason, "Ask the partner for what is required, or change the connector.");
}

std::string whole_words(State state)
{
    if (state == State::Failed) return "the session does not satisfy the connector";
    if (state == State::Warning) return "the session satisfies the connector, with warnings";
    return "the session satisfies the connector";
}

Step say_stranger(const SeenSession& seen)
{
    Step step = make(StepId::Connect, State::Warning,
                     fmt::format("{}, {}; no network, certificate name or sender domain of the "
                                 "connector",
                                 tls_words(seen), names_of(seen)));
    step.host = "another session";
    step.address = seen.client;
    return step;
}

class Guide {
public:
    Guide(net::Core& core, inbound::SessionWatch& watch, GuidedTest test, Sink sink)
        : core_{core}, watch_{watch}, test_{std::move(test)}, sink_{std::move(sink)}
    {
        report_.connector = test_.connector.name;
        report_.organization = test_.connector.organization;
        report_.started = core.clock().wall();
        began_ = core.clock().now();
    }
    ~Guide() { watch_.forget(test_.connector); }
    Guide(const Guide&) = delete;
    Guide& operator=(const Guide&) = delete;

    net::Task<Report> run()
    {
        const std::function<bool()> is_done = [this] { return take_all(); };
        const std::function<void()> say = [this] {
            sink_(make(StepId::Connect, State::Running, {}));
        };
        const Polled polled = co_await poll_until(core_, began_ + test_.wait, is_done, say);
        if (polled == Polled::Found) co_return std::move(report_);
        tell(make(StepId::Result, State::Failed, "no session of the connector within the time", {},
                  "Have the partner send a message while the test waits (--wait)."));
        co_return std::move(report_);
    }

private:
    // True: the connector's session was among those that came.
    bool take_all()
    {
        while (const auto seen = watch_.take(test_.connector)) {
            if (take(*seen)) return true;
        }
        return false;
    }

    bool take(const SeenSession& seen)
    {
        if (!seen.is_of_connector()) {
            if (strangers_++ < kMaxStrangers) tell(say_stranger(seen));
            return false;
        }
        for (Step& step : say_session(seen)) tell(std::move(step));
        return true;
    }

    void tell(Step step)
    {
        sink_(step);
        report_.took = core_.clock().now() - began_;
        report_.state = step.state;  // the last one is the whole's
        report_.words = step.seen;
        report_.steps.push_back(std::move(step));
    }

    net::Core& core_;
    inbound::SessionWatch& watch_;
    GuidedTest test_;
    Sink sink_;
    Report report_;
    Instant began_;
    std::size_t strangers_ = 0;
};

}  // namespace

std::vector<Step> say_session(const SeenSession& seen)
{
    std::vector<Step> steps;
    steps.push_back(
        make(StepId::Connect, State::Ok,
             fmt::format("{} at listener \"{}\"",
                         seen.client.empty() ? "an unknown client" : seen.client, seen.listener)));
    if (!seen.helo.empty()) steps.push_back(make(StepId::Ehlo, State::Ok, seen.helo));
    steps.push_back(say_tls(seen));
    if (seen.tls) steps.push_back(make(StepId::Certificate, State::Ok, names_of(seen)));
    if (seen.judged) {
        steps.push_back(say_evidence(*seen.judged));
        steps.push_back(say_restrictions(*seen.judged));
        for (const std::string& each : seen.judged->recipients) {
            const bool refused = each.find("refused, ") != std::string::npos;
            steps.push_back(make(StepId::Message, refused ? State::Warning : State::Ok, each));
        }
    } else {
        steps.push_back(make(StepId::Evidence, State::Warning,
                             "the session ended (" + printable(seen.ended) +
                                 ") before a sender was named: nothing was evaluated",
                             {}, "Have the partner send a complete message."));
    }
    State worst = State::Ok;
    for (const Step& step : steps) {
        // In clear is what the connector judges; the listener does not.
        if (step.id == StepId::StartTls && step.state == State::Warning) continue;
        worst = std::max(worst, step.state);
    }
    for (Step& step : steps) step.host = "the session";
    steps.push_back(make(StepId::Result, worst, whole_words(worst)));
    return steps;
}

net::Task<Report> wait_for_session(net::Core& core, inbound::SessionWatch& watch, GuidedTest test,
                                   Sink sink)
{
    Guide guide{core, watch, std::move(test), std::move(sink)};
    co_return co_await guide.run();
}

}  // namespace hermetic::validation
