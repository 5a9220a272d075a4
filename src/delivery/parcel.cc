#include "delivery/parcel.h"

#include "core/text.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "outbound/io_outcome.h"
#include "outbound/next_hop_client.h"
#include "outbound/office.h"
#include "routing/route.h"

#include <algorithm>
#include <map>
#include <utility>

namespace hermetic::delivery {
namespace {

// Recipients of one message mostly share a domain: its route is decided once.
class RouteKeys {
public:
    RouteKeys(const objects::Snapshot& snapshot, std::string_view organization)
        : snapshot_{snapshot}, organization_{organization}
    {
    }

    const std::string& of(const mail::Mailbox& recipient)
    {
        if (last_ == nullptr || recipient.host != last_->host) {
            key_ = routing::decide_route(snapshot_, organization_, recipient).key;
            last_ = &recipient;
        }
        return key_;
    }

private:
    const objects::Snapshot& snapshot_;
    std::string_view organization_;
    const mail::Mailbox* last_ = nullptr;
    std::string key_;
};

std::shared_ptr<const spool::StoredMessage> make_split(const spool::StoredMessage& origin,
                                                       const std::vector<std::uint32_t>& recipients,
                                                       MessageId id, WallTime now)
{
    auto split = std::make_shared<spool::StoredMessage>();
    auto envelope = std::make_shared<mail::Envelope>(*origin.envelope);
    envelope->recipients.clear();
    for (const auto index : recipients) {
        envelope->recipients.push_back(origin.envelope->recipients[index]);
    }
    split->id = id;
    split->envelope = std::move(envelope);
    split->body = origin.body;
    split->state = origin.state;
    split->state.finished.clear();
    split->state.next_attempt = now;
    return split;
}

}  // namespace

Parcel::Parcel(std::shared_ptr<const spool::StoredMessage> message, spool::Lease lease,
               std::optional<WallTime> accepted_at, WallTime started, Instant began)
    : message_{std::move(message)},
      lease_{lease},
      accepted_at_{accepted_at},
      started_{started},
      began_{began}
{
    const auto& finished = message_->state.finished;
    for (std::uint32_t i = 0; i < envelope().recipients.size(); ++i) {
        if (!std::binary_search(finished.begin(), finished.end(), i)) to_try.push_back(i);
    }
}

void Parcel::split(const objects::Snapshot& snapshot, const std::string& destination, IdSource& ids,
                   WallTime now)
{
    RouteKeys keys{snapshot, message().envelope->organization};
    std::map<std::string, std::vector<std::uint32_t>> elsewhere;
    std::vector<std::uint32_t> here;
    for (const auto index : to_try) {
        const auto& key = keys.of(envelope().recipients[index].address);
        if (key == destination) {
            here.push_back(index);
        } else {
            elsewhere[key].push_back(index);
        }
    }
    if (elsewhere.empty()) return;
    to_try = std::move(here);
    // As a whole: it only goes back to the queue, which knows, or hears in a moment, where it goes.
    if (to_try.empty() && elsewhere.size() == 1) return;
    for (const auto& [key, recipients] : elsewhere) {
        moved_.insert(moved_.end(), recipients.begin(), recipients.end());
        splits_.push_back(make_split(*message_, recipients, ids.next<MessageId>(now), now));
    }
}

void Parcel::set_outcome(std::uint32_t index, facts::Outcome outcome, const std::string& host,
                         HandedTo handed_to)
{
    const auto same = [&](const RecipientEnd& end) { return end.index == index; };
    const auto known = std::find_if(ends_.begin(), ends_.end(), same);
    RecipientEnd end{index, std::move(outcome), host, handed_to};
    if (known == ends_.end()) {
        ends_.push_back(std::move(end));
    } else {
        *known = std::move(end);
    }
}

void Parcel::set_remaining(const facts::Outcome& outcome, const std::string& host)
{
    for (const auto index : to_try) {
        const auto same = [&](const RecipientEnd& end) { return end.index == index; };
        if (std::any_of(ends_.begin(), ends_.end(), same)) continue;
        set_outcome(index, outcome, host, HandedTo::PlainRelay);
    }
}

void Parcel::describe(const outbound::NextHopClient& next_hop)
{
    attempt_.host = next_hop.last_host();
    attempt_.address = next_hop.last_endpoint();
    attempt_.mx_security = next_hop.mx_security();
    attempt_.address_security = next_hop.address_security();
    const auto& decision = next_hop.decision();
    attempt_.policy = policy::name(decision.policy.level);
    attempt_.policy_reasons.assign(decision.reasons.begin(), decision.reasons.end());
    attempt_.tls = next_hop.last_tls();
    if (next_hop.required_tls() != required_tls_)
        required_tls_ = mail::strongest(std::move(required_tls_), next_hop.required_tls());
}

void Parcel::describe(const outbound::Connection& connection,
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

void Parcel::add_rungs(std::vector<facts::Rung> rungs)
{
    if (attempt_.rungs.empty()) {
        attempt_.rungs = std::move(rungs);
    } else {
        std::move(rungs.begin(), rungs.end(), std::back_inserter(attempt_.rungs));
    }
}

bool Parcel::may_make_notice() const
{
    return delivery::may_make_notice(envelope(), ends_);
}

void Parcel::complete_attempt(const std::string& destination, Instant now)
{
    attempt_.message = message_->id;
    attempt_.accepted_as = envelope().accepted_as;
    attempt_.number = message_->state.attempts + 1;
    attempt_.started = started_;
    attempt_.took = now - began_;
    attempt_.sender = printable(mail::format_path(envelope().sender));
    attempt_.destination = destination;
    attempt_.size = message_->body.size;
    attempt_.parts.reserve(ends_.size());
    for (const auto& end : ends_) {
        attempt_.parts.push_back(
            {printable(envelope().recipients[end.index].address.format()), facts::Outcome{}});
    }
}

Parcel::Counts Parcel::conclude(outbound::Office& office, report::NoticeLimit& limit,
                                const std::string& destination, std::string_view header)
{
    auto& core = office.adapters.core;
    complete_attempt(destination, office.now());
    SettleInput input;
    input.message = message_.get();
    input.lease = lease_;
    input.moved = std::move(moved_);
    input.splits = std::move(splits_);
    input.snapshot = office.snapshot.get();
    input.hostname = office.settings->hostname;
    input.now = core.clock().wall();
    input.accepted_at = accepted_at_;
    input.limit = &limit;
    input.approval_used = approval_used_;
    input.required_tls = std::move(required_tls_);
    if (may_make_notice()) {
        for (std::size_t i = 0; i < ends_.size(); ++i) attempt_.parts[i].outcome = ends_[i].outcome;
        if (made_ == Made::Yes) input.attempt = attempt_;
        input.headers = header;
        if (!message_->body.in_file) {
            input.headers = report::header_of(message_->body.bytes.view());
            input.body = message_->body.bytes;
        }
    }
    input.ends = std::move(ends_);
    auto settlement = settle(std::move(input), core.random(), core.ids());

    auto& metrics = office.adapters.metrics;
    metrics.add(metrics::Metric::AttemptsDelivered, settlement.delivered);
    metrics.add(metrics::Metric::AttemptsDeferred, settlement.deferred);
    metrics.add(metrics::Metric::AttemptsFailed, settlement.failed);
    for (std::size_t i = 0; i < settlement.outcomes.size(); ++i) {
        attempt_.parts[i].outcome = std::move(settlement.outcomes[i]);
    }
    if (!attempt_.parts.empty()) office.adapters.log.attempt(std::move(attempt_));
    for (auto& notice : settlement.notices) {
        if (!notice.id.is_nil()) metrics.add(metrics::Metric::NoticesSent);
        office.adapters.log.notice(std::move(notice));
    }
    office.adapters.spool->record(std::move(settlement.change));
    return {settlement.delivered, settlement.deferred, settlement.failed};
}

}  // namespace hermetic::delivery
