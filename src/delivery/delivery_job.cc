#include "delivery/delivery_job.h"

#include "core/text.h"
#include "events/publisher.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/io_outcome.h"
#include "outbound/next_hop_client.h"

#include <algorithm>
#include <utility>

namespace hermetic::delivery {
namespace {

// Recipients of one message mostly share a domain: its route is decided once.
class Routes {
public:
    Routes(const objects::Snapshot& snapshot, std::string_view organization)
        : snapshot_{snapshot}, organization_{organization}
    {
    }

    const routing::Route& of(const mail::Mailbox& recipient)
    {
        if (last_ == nullptr || recipient.host != last_->host) {
            route_ = routing::decide_route(snapshot_, organization_, recipient).route;
            last_ = &recipient;
        }
        return route_;
    }

private:
    const objects::Snapshot& snapshot_;
    std::string_view organization_;
    const mail::Mailbox* last_ = nullptr;
    routing::Route route_;
};

}  // namespace

DeliveryJob::DeliveryJob(std::shared_ptr<const spool::StoredMessage> message, spool::Lease lease,
                         std::optional<WallTime> accepted_at, WallTime started, Instant began)
    : message_{std::move(message)}, began_{began}
{
    settlement_.message = message_.get();
    settlement_.change.lease = lease;
    settlement_.accepted_at = accepted_at;
    attempt_.started = started;
    to_try = settlement::waiting_recipients(*message_);
}

void DeliveryJob::split(const objects::Snapshot& snapshot, const routing::Route& route,
                        IdSource& ids, WallTime now)
{
    Routes routes{snapshot, message().envelope->organization};
    const bool all_here = std::all_of(to_try.begin(), to_try.end(), [&](std::uint32_t index) {
        return routes.of(envelope().recipients[index].address) == route;
    });
    if (all_here) return;
    auto elsewhere = settlement::group_by_route(
        *message_, to_try,
        [&](const mail::Mailbox& to) -> const routing::Route& { return routes.of(to); });
    const auto here =
        std::find_if(elsewhere.begin(), elsewhere.end(),
                     [&](const settlement::RouteGroup& group) { return group.route == route; });
    to_try.clear();
    if (here != elsewhere.end()) {
        to_try = std::move(here->recipients);
        elsewhere.erase(here);
    }
    // As a whole: it only goes back to the queue, which knows, or hears in a moment, where it goes.
    if (to_try.empty() && elsewhere.size() == 1) return;
    settlement_.split = settlement::split(*message_, elsewhere, now, ids);
}

HostVerdict DeliveryJob::set_outcome(std::uint32_t index, facts::Outcome outcome,
                                     const std::string& host, settlement::HandedTo handed_to)
{
    const auto same = [&](const settlement::RecipientEnd& end) { return end.index == index; };
    const auto known = std::find_if(settlement_.ends.begin(), settlement_.ends.end(), same);
    const bool first = known == settlement_.ends.end();
    const HostVerdict verdict = judge_host(first ? nullptr : &known->outcome, outcome);
    settlement::RecipientEnd end{index, std::move(outcome), host, handed_to};
    if (first) {
        settlement_.ends.push_back(std::move(end));
    } else if (verdict.counts == Counts::Now) {
        *known = std::move(end);
    }
    return verdict;
}

void DeliveryJob::set_waiting(const facts::Outcome& outcome)
{
    for (const auto index : to_try)
        set_outcome(index, outcome, {}, settlement::HandedTo::PlainRelay);
}

void DeliveryJob::set_remaining(const facts::Outcome& outcome, const std::string& host)
{
    for (const auto index : to_try) {
        if (has_outcome(index)) continue;
        set_outcome(index, outcome, host, settlement::HandedTo::PlainRelay);
    }
}

bool DeliveryJob::has_outcome(std::uint32_t index) const
{
    return std::ranges::any_of(
        settlement_.ends, [&](const settlement::RecipientEnd& end) { return end.index == index; });
}

bool DeliveryJob::all_are_unfit() const
{
    return std::ranges::all_of(to_try, [&](std::uint32_t index) {
        return std::ranges::any_of(settlement_.ends, [&](const settlement::RecipientEnd& end) {
            return end.index == index && outbound::is_unfit_host(end.outcome.reason);
        });
    });
}

void DeliveryJob::defer_unfit()
{
    for (auto& end : settlement_.ends) {
        const bool waits = std::ranges::find(to_try, end.index) != to_try.end();
        if (waits && outbound::is_unfit_host(end.outcome.reason))
            outbound::make_temporary(end.outcome);
    }
}

void DeliveryJob::describe(const outbound::NextHopClient& next_hop)
{
    attempt_.host = next_hop.last_host();
    attempt_.address = next_hop.last_endpoint();
    attempt_.mx_security = next_hop.mx_security();
    attempt_.address_security = next_hop.address_security();
    describe(next_hop.decision());
    attempt_.tls = next_hop.last_tls();
    add_required(next_hop);
}

void DeliveryJob::describe_failure(const outbound::NextHopClient& next_hop)
{
    add_required(next_hop);
    if (std::ranges::all_of(to_try, [&](std::uint32_t index) { return has_outcome(index); }))
        return;
    describe(next_hop);
}

void DeliveryJob::add_required(const outbound::NextHopClient& next_hop)
{
    if (next_hop.required_tls() != settlement_.required_tls)
        settlement_.required_tls =
            mail::strongest(std::move(settlement_.required_tls), next_hop.required_tls());
}

void DeliveryJob::describe(const policy::TlsDecision& decision)
{
    attempt_.policy = policy::name(decision.policy.level);
    attempt_.policy_reasons.assign(decision.reasons.begin(), decision.reasons.end());
}

void DeliveryJob::describe(const outbound::Connection& connection,
                           const outbound::NextHopClient& next_hop)
{
    describe(next_hop);
    attempt_.host = connection.host;
    attempt_.address = connection.endpoint;
    attempt_.local_address = connection.stream->local().address;
    attempt_.session = connection.session;
    attempt_.reused = connection.messages > 1;
    attempt_.address_security = connection.address_security;
    if (connection.verdict != facts::Reason{})
        attempt_.policy_reasons.push_back(connection.verdict);
    attempt_.policy_reasons.insert(attempt_.policy_reasons.end(), connection.audit.begin(),
                                   connection.audit.end());
    if (!connection.tls) {
        attempt_.tls.reset();
        return;
    }
    if (!attempt_.reused) {
        attempt_.tls = connection.tls;
        return;
    }
    // The chain was told with the connection's first message.
    auto& tls = attempt_.tls.emplace();
    tls.version = connection.tls->version;
    tls.cipher = connection.tls->cipher;
    tls.group = connection.tls->group;
    tls.sni = connection.tls->sni;
    tls.resumed = connection.tls->resumed;
    tls.verdict = connection.tls->verdict;
    tls.name_matches = connection.tls->name_matches;
}

void DeliveryJob::add_attempt_steps(std::vector<facts::AttemptStep> steps)
{
    if (attempt_.steps.empty()) {
        attempt_.steps = std::move(steps);
    } else {
        std::move(steps.begin(), steps.end(), std::back_inserter(attempt_.steps));
    }
}

void DeliveryJob::add_step(const outbound::Connection& connection)
{
    if (connection.messages == 1 && connection.step) attempt_.steps.push_back(*connection.step);
}

bool DeliveryJob::may_make_notice() const
{
    return settlement::may_make_notice(envelope(), settlement_.ends);
}

void DeliveryJob::complete_attempt(const routing::Route& route, Instant now)
{
    attempt_.message = message_->id;
    attempt_.accepted_as = envelope().accepted_as;
    attempt_.number = message_->state.attempts + 1;
    attempt_.took = now - began_;
    attempt_.organization = envelope().organization;
    attempt_.sender = printable(mail::format_path(envelope().sender));
    attempt_.destination = route.label;
    attempt_.connector = route.connector;
    attempt_.size = message_->body.size;
    attempt_.parts.reserve(settlement_.ends.size());
    for (const auto& end : settlement_.ends) {
        attempt_.parts.push_back(
            {printable(envelope().recipients[end.index].address.format()), facts::Outcome{}});
    }
}

settlement::Counts DeliveryJob::conclude(outbound::Context& context, report::NoticeLimit& limit,
                                         const routing::Route& route, std::string_view header)
{
    auto& core = context.adapters.core;
    complete_attempt(route, context.now());
    settlement_.snapshot = context.snapshot.get();
    settlement_.hostname = context.settings->hostname;
    settlement_.now = core.clock().wall();
    settlement_.limit = &limit;
    if (may_make_notice()) {
        for (std::size_t i = 0; i < settlement_.ends.size(); ++i)
            attempt_.parts[i].outcome = settlement_.ends[i].outcome;
        if (made_ == Made::Yes) settlement_.attempt = &attempt_;
        settlement_.headers = header;
        if (!message_->body.in_file) {
            settlement_.headers = report::header_of(message_->body.bytes.view());
            settlement_.body = message_->body.bytes;
        }
    }
    settlement_ = settlement::settle(std::move(settlement_), core.random(), core.ids());

    for (std::size_t i = 0; i < settlement_.ends.size(); ++i) {
        attempt_.parts[i].outcome = std::move(settlement_.ends[i].outcome);
    }
    auto& events = context.adapters.events;
    if (!attempt_.parts.empty()) events.publish(std::move(attempt_));
    for (auto& notice : settlement_.notices) events.publish(std::move(notice));
    context.adapters.spool->record(std::move(settlement_.change));
    return settlement_;
}

}  // namespace hermetic::delivery
