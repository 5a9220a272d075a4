#include "delivery/job_runner.h"

#include "delivery/delivery_job.h"
#include "delivery/transmit.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "metrics/metrics.h"
#include "net/await_spool.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/hosts.h"
#include "outbound/io_outcome.h"
#include "outbound/next_hop_client.h"
#include "outbound/peer_watch.h"
#include "policy/tls_demand.h"
#include "report/notice.h"
#include "smtp/client_transaction.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace hermetic::delivery {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Reason;
using facts::Stage;

// RFC 5321 §4.5.3.1.8: every server takes so many recipients.
constexpr std::size_t kRecipientsPerTransaction = 100;
// Connections lost in transactions, one after the other, before the rest of the grant waits.
constexpr int kLostInARow = 2;
// Of a message in a file: enough for the header of a notice.
constexpr std::size_t kHeaderOctets = std::size_t{64} << 10;

metrics::Metric transaction_metric(const outbound::Connection& connection)
{
    using facts::TlsVersion;
    using metrics::Metric;
    switch (connection.tls ? connection.tls->version : TlsVersion::None) {
    case TlsVersion::None:
        return Metric::OutboundClear;
    case TlsVersion::Tls10:
        return Metric::OutboundTls10;
    case TlsVersion::Tls11:
        return Metric::OutboundTls11;
    case TlsVersion::Tls12:
        return Metric::OutboundTls12;
    case TlsVersion::Tls13:
        return Metric::OutboundTls13;
    }
    return Metric::OutboundClear;
}

settlement::HandedTo handed_to(const outbound::Connection& connection)
{
    using settlement::HandedTo;
    if (connection.capabilities.dsn) return HandedTo::DsnRelay;
    return connection.dialect == smtp::Dialect::Lmtp ? HandedTo::Mailbox : HandedTo::PlainRelay;
}

// Nobody was found or reached, whatever a message asks for beyond others. A time limit, hosts that
// were left out and TLSA records may be due to what it asks for.
bool is_of_any_message(const Outcome& outcome)
{
    if (outcome.stage != Stage::Dns && outcome.stage != Stage::Connect) return false;
    return outcome.reason != Reason::DeliveryTimeOver &&
           outcome.reason != Reason::DeliveryLeftUntried &&
           outcome.reason != Reason::DaneLookupFailed;
}

class JobRunner {
public:
    JobRunner(outbound::Context& context, report::NoticeLimit& limit, outbound::PeerWatch& watch,
              dispatch::Grant grant)
        : context_{context}, limit_{limit}, watch_{watch}, grant_{std::move(grant)}
    {
    }

    net::Task<dispatch::GrantReport> run();

private:
    enum class OnConnection : std::uint8_t {
        Through,
        Lost,
        Stale,
        Unfit,  // the host does not offer what the message needs: nothing was said to it
    };

    net::Task<> carry_safely(dispatch::GrantedMessage granted);
    net::Task<> carry(dispatch::GrantedMessage granted);
    net::Task<> deliver(DeliveryJob& job);
    net::Task<bool> find_next_hop();
    void forget_next_hop();
    void heed_changes(DeliveryJob& job);
    [[nodiscard]] std::optional<smtp::Offer> lacking_for(const DeliveryJob& job) const;
    [[nodiscard]] smtp::MessageNeeds needs_of_waiting(const DeliveryJob& job) const;
    net::Task<bool> connect(DeliveryJob& job);
    net::Task<OnConnection> offer(DeliveryJob& job);
    net::Task<std::string> read_header(const DeliveryJob& job);
    std::size_t recipients_at_once() const;
    bool take_results(DeliveryJob& job, smtp::ClientTransaction& transaction,
                      std::vector<std::uint32_t>& elsewhere);
    void fail_destination(const Outcome& outcome);
    // The message under way asks for nothing beyond others.
    [[nodiscard]] bool is_plain() const { return demand_ == policy::MessageDemand{}; }
    // Nothing more is to be begun.
    [[nodiscard]] bool is_over() const { return context_.stopping() || watch_.has_given_way(); }
    void release();

    outbound::Context& context_;
    report::NoticeLimit& limit_;
    outbound::PeerWatch& watch_;
    dispatch::Grant grant_;
    dispatch::GrantReport report_;
    std::unique_ptr<outbound::NextHopClient> next_hop_;
    outbound::ConnectionPointer connection_;
    objects::SnapshotPointer snapshot_;  // by which the message under way was sent this way
    // Holds for the rest of the grant, while what it was decided by does.
    struct Failure {
        Outcome outcome;
        objects::SnapshotPointer snapshot;  // null: it holds whatever changes
        outbound::SettingsPointer settings;
        policy::MessageDemand demand;  // for messages that ask for the same
        // Of the route, where no host of it is known.
        std::optional<policy::TlsDecision> decision;
    };
    std::optional<Failure> destination_failure_;
    bool plain_has_failed_ = false;  // it was a plain message's
    Outcome last_failure_;
    std::string last_host_;
    int lost_in_a_row_ = 0;
    policy::MessageDemand demand_;  // of the message under way
    // Of its octets, as far as they were read for hosts that offer less than they may need.
    smtp::ContentNeeds content_needs_;
    bool without_chunking_ = false;  // somebody offered it and did not know BDAT
    bool offered_ = false;           // the message under way, to anybody
    bool escaped_ = false;           // an exception has ended the message under way
};

net::Task<dispatch::GrantReport> JobRunner::run()
{
    report_.id = grant_.id;
    if (grant_.settle) destination_failure_.emplace().outcome = *grant_.settle;
    for (auto& granted : grant_.messages) {
        // What breaks connections may be in the messages: the others come back in another grant.
        if (is_over() || escaped_ || lost_in_a_row_ >= kLostInARow) {
            report_.slow_down = report_.slow_down || !context_.stopping();
            report_.untouched.push_back(granted.lease.id);
            continue;
        }
        co_await carry_safely(std::move(granted));
    }
    forget_next_hop();
    if (watch_.has_given_way()) {
        // A peer that has accepted nothing makes its destination back off; the others are slow.
        const bool lives = report_.delivered + report_.failed != 0;
        report_.slow_down = report_.slow_down || lives;
        if (!lives) report_.destination_failure = outbound::gave_way_outcome(Stage::Connect);
    }
    co_return std::move(report_);
}

// A mistake of ours must not keep the mail from being tried again: it, and what is left of the
// grant, goes back to the queue, which lets the destination back off.
net::Task<> JobRunner::carry_safely(dispatch::GrantedMessage granted)
{
    const MessageId id = granted.lease.id;
    std::string what;
    try {
        co_await carry(std::move(granted));
        co_return;
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "unknown";
    }
    escaped_ = true;
    connection_.reset();  // whatever it was about to say
    context_.adapters.events.publish(events::Escaped{events::Escaped::From::Delivery, what});
    report_.untouched.push_back(id);
    report_.destination_failure =
        facts::local_outcome(Reason::DeliveryEscaped, "an error in this server ended the attempt");
}

net::Task<> JobRunner::carry(dispatch::GrantedMessage granted)
{
    auto& core = context_.adapters.core;
    auto message = std::move(granted.resident);
    if (message == nullptr) {
        auto loaded = co_await net::load(core, *context_.adapters.spool, granted.lease.id);
        if (!loaded) {
            // Gone: nothing is left to be done, the queue lets go of it. Not to be read now:
            // another time.
            auto& list = loaded.error().empty() ? report_.gone : report_.untouched;
            list.push_back(granted.lease.id);
            co_return;
        }
        message = *std::move(loaded);
    }
    offered_ = false;
    content_needs_ = {};
    DeliveryJob job{std::move(message), granted.lease, granted.accepted_at, core.clock().wall(),
                    context_.now()};
    // While the destination backs off nothing is tried: what was approved stays so.
    if (grant_.settle) job.settle_only();
    const bool approved = granted.approval && !grant_.settle;
    demand_.approved = approved ? policy::Approved::Yes : policy::Approved::No;
    demand_.requests = policy::requests_of(job.envelope());
    // A message that is protected otherwise has hosts, connection and failure of its own.
    const bool other = next_hop_ && (next_hop_->is_old() || next_hop_->demanded() != demand_);
    if (other) forget_next_hop();
    snapshot_.reset();
    heed_changes(job);
    if (spool::lacks_octets(job.message().body)) {
        job.set_remaining(unreadable_message(), {});
    } else if (!job.to_try.empty()) {
        if (approved) {
            context_.adapters.metrics.add(metrics::Metric::ApprovedAttempts);
            job.use_approval();
        }
        co_await deliver(job);
    }
    // Cut short before anybody was spoken to: no attempt, and the first thing after the next start.
    if (context_.stopping() && !offered_) {
        report_.untouched.push_back(granted.lease.id);
        co_return;
    }

    std::string header;
    if (job.message().body.in_file && job.may_make_notice()) {
        header = co_await read_header(job);
    }
    const auto counts = job.conclude(context_, limit_, *grant_.route, report::header_of(header));
    if (counts.delivered != 0) {
        ++report_.delivered;
    } else if (counts.failed != 0 && counts.deferred == 0) {
        ++report_.failed;
    } else if (counts.deferred != 0) {
        ++report_.deferred;
    }
}

net::Task<> JobRunner::deliver(DeliveryJob& job)
{
    // The next message begins with the best host again.
    if (next_hop_) next_hop_->begin_transaction();
    while (true) {
        heed_changes(job);
        if (job.to_try.empty()) break;
        const bool connected = co_await connect(job);
        // What ended it may hold no more.
        if (!connected && next_hop_ && next_hop_->is_outdated() && !is_over()) continue;
        if (!connected) break;
        const auto end = co_await offer(job);
        if (end == OnConnection::Stale) continue;
        offered_ = offered_ || end != OnConnection::Unfit;
        lost_in_a_row_ = end == OnConnection::Lost ? lost_in_a_row_ + 1 : 0;
        if (job.to_try.empty() || is_over()) break;
        const auto lacking = lacking_for(job);
        const bool other_address =
            end == OnConnection::Unfit && next_hop_->try_another_address(lacking);
        if (!other_address && !next_hop_->try_another_host(lacking)) break;
        release();
    }
    // A permanent failure only where no host can take it.
    if (!next_hop_ || next_hop_->selection().others_may_take(needs_of_waiting(job)))
        job.defer_unfit();
    job.set_remaining(last_failure_, last_host_);
    if (next_hop_ && next_hop_->is_narrowed()) release();
}

// What the host in use offers, where all who wait need more and nothing else has kept them.
std::optional<smtp::Offer> JobRunner::lacking_for(const DeliveryJob& job) const
{
    if (!connection_ || !job.all_are_unfit()) return std::nullopt;
    return smtp::offer_of(connection_->capabilities);
}

// At least: what of it is known, and what all of them need.
smtp::MessageNeeds JobRunner::needs_of_waiting(const DeliveryJob& job) const
{
    auto needs = smtp::needs_of(job.envelope(), job.message().body.size, content_needs_);
    const bool all_utf8 = std::ranges::all_of(job.to_try, [&](std::uint32_t index) {
        return job.envelope().recipients[index].address.needs_smtputf8();
    });
    needs.smtputf8 = needs.smtputf8 || all_utf8;
    return needs;
}

net::Task<bool> JobRunner::connect(DeliveryJob& job)
{
    if (connection_ && context_.pool.is_worn(*connection_)) release();
    if (connection_) co_return true;
    const bool only_settles = destination_failure_ && !destination_failure_->snapshot;
    if (destination_failure_ && (only_settles || destination_failure_->demand == demand_)) {
        last_failure_ = destination_failure_->outcome;
        if (next_hop_) job.describe_failure(*next_hop_);
        if (destination_failure_->decision) job.describe(*destination_failure_->decision);
        co_return false;
    }
    watch_.begin_opening(context_.now());
    bool found = next_hop_ != nullptr;
    if (!found) found = co_await find_next_hop();
    if (found) {
        // Mail of a null sender is a notice, which goes to whoever wrote.
        next_hop_->made_for(report::is_own_sender(*context_.snapshot, job.envelope())
                                ? policy::ChosenBy::OwnSender
                                : policy::ChosenBy::Stranger);
        connection_ = co_await next_hop_->open();
    }
    watch_.end_opening();
    if (!found) {
        if (destination_failure_->decision) job.describe(*destination_failure_->decision);
        co_return false;
    }
    job.add_attempt_steps(next_hop_->take_attempt_steps());
    if (connection_) {
        if (without_chunking_) connection_->capabilities.chunking = false;
        // Somebody is reached again; how plain mail fared only plain mail disproves.
        if (is_plain() || !plain_has_failed_) report_.destination_failure.reset();
        co_return true;
    }
    job.describe_failure(*next_hop_);
    last_host_ = next_hop_->last_host();
    last_failure_ = next_hop_->failure();
    if (!next_hop_->is_narrowed()) fail_destination(last_failure_);
    co_return false;
}

// Every MAIL is decided by what is in force then (specification §4.5): also who goes this way, and
// what was found to be impossible.
void JobRunner::heed_changes(DeliveryJob& job)
{
    if (next_hop_ && next_hop_->is_outdated()) forget_next_hop();
    if (destination_failure_ && destination_failure_->snapshot &&
        (destination_failure_->snapshot != context_.snapshot ||
         destination_failure_->settings != context_.settings)) {
        destination_failure_.reset();
        report_.destination_failure.reset();
        plain_has_failed_ = false;
    }
    if (snapshot_ == context_.snapshot) return;
    snapshot_ = context_.snapshot;
    auto& core = context_.adapters.core;
    job.split(*snapshot_, *grant_.route, core.ids(), core.clock().wall());
}

void JobRunner::forget_next_hop()
{
    release();
    if (next_hop_) report_.slow_down = report_.slow_down || next_hop_->slow_down();
    next_hop_.reset();
}

net::Task<bool> JobRunner::find_next_hop()
{
    // The job's routes were decided under this snapshot.
    const auto snapshot = context_.snapshot;
    auto demand = policy::make_demand(*snapshot, *grant_.route, demand_);
    if (!demand) {
        fail_destination(facts::local_outcome(
            Reason::RouteUnknownKey, "a connector, domain or host of its route no longer exists"));
        co_return false;
    }
    auto hosts = co_await outbound::find_hosts(context_, *grant_.route);
    if (!hosts) {
        fail_destination(hosts.error());
        const outbound::MxFacts unknown{.domain = grant_.route->domain, .canonical_domain = {}};
        const auto hop = outbound::hop_facts({}, unknown, nullptr);
        destination_failure_->decision =
            policy::decide_tls(*demand, hop, {}, context_.adapters.core.clock().wall());
        co_return false;
    }
    next_hop_ = std::make_unique<outbound::NextHopClient>(context_, &watch_, *std::move(hosts),
                                                          *std::move(demand), snapshot);
    co_return true;
}

// A permanent failure is an answer: the destination need not back off.
void JobRunner::fail_destination(const Outcome& outcome)
{
    auto& failure = destination_failure_.emplace();
    failure.outcome = outcome;
    failure.snapshot = context_.snapshot;
    failure.settings = context_.settings;
    failure.demand = demand_;
    last_failure_ = outcome;
    // What one message asks for beyond others says nothing of the destination.
    const bool counts = is_plain() || is_of_any_message(outcome);
    plain_has_failed_ = plain_has_failed_ || is_plain();
    if (counts && outcome.result == OutcomeClass::Deferred && !context_.stopping()) {
        report_.destination_failure = outcome;
    }
}

net::Task<JobRunner::OnConnection> JobRunner::offer(DeliveryJob& job)
{
    auto& metrics = context_.adapters.metrics;
    std::vector<std::uint32_t> elsewhere;
    auto prepared =
        co_await make_transaction_input(context_, job.message(), connection_->capabilities);
    if (!prepared) {
        last_failure_ = std::move(prepared.error());
        job.set_waiting(last_failure_);
        job.to_try.clear();
        co_return OnConnection::Through;
    }
    prepared->dialect = connection_->dialect;
    content_needs_.eight_bit = content_needs_.eight_bit || prepared->needs.eight_bit;
    content_needs_.utf8_header = content_needs_.utf8_header || prepared->needs.utf8_header;
    bool unfit = true;
    while (!job.to_try.empty()) {
        if (snapshot_ != context_.snapshot || !next_hop_->still_holds(*connection_)) {
            forget_next_hop();
            job.to_try.insert(job.to_try.end(), elsewhere.begin(), elsewhere.end());
            co_return OnConnection::Stale;
        }
        smtp::TransactionInput input = *prepared;
        input.recipients.assign(job.to_try.begin(),
                                job.to_try.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                         recipients_at_once(), job.to_try.size())));
        input.reset_first = connection_->reset_due;
        smtp::ClientTransaction transaction{std::move(input)};
        const auto end =
            co_await transmit(context_, *connection_, transaction, job.message().body, watch_);
        job.add_step(*connection_);
        without_chunking_ = without_chunking_ || transaction.knows_no_bdat();
        if (end == Transmitted::Stale || transaction.knows_no_bdat()) {
            connection_.reset();
            job.to_try.insert(job.to_try.end(), elsewhere.begin(), elsewhere.end());
            co_return OnConnection::Stale;
        }
        metrics.add(transaction_metric(*connection_));
        if (connection_->messages > 1) metrics.add(metrics::Metric::OutboundReused);
        unfit = unfit && std::ranges::all_of(transaction.results(), [](const auto& result) {
                    return outbound::is_unfit_host(result.outcome.reason);
                });
        const bool lost = take_results(job, transaction, elsewhere);
        if (end == Transmitted::Closed) {
            connection_.reset();
            // Of those who had no turn too: this host may take their mail later.
            job.set_remaining(last_failure_, last_host_);
            job.to_try.insert(job.to_try.end(), elsewhere.begin(), elsewhere.end());
            co_return lost ? OnConnection::Lost : OnConnection::Through;
        }
    }
    job.to_try = std::move(elsewhere);
    co_return unfit ? OnConnection::Unfit : OnConnection::Through;
}

// Takes the outcomes over, and the recipients out of to_try, but for those that only were too many
// at once. True where the connection was lost under one of them. Leaves in last_failure_ what it
// means for those who had no turn: never what the server said of somebody else.
bool JobRunner::take_results(DeliveryJob& job, smtp::ClientTransaction& transaction,
                             std::vector<std::uint32_t>& elsewhere)
{
    auto& results = transaction.results();
    report_.slow_down = report_.slow_down || transaction.peer_is_busy();
    report_.answered = std::ranges::all_of(
        results, [](const auto& result) { return result.outcome.origin == facts::Origin::Remote; });
    report_.peer = connection_->endpoint.address;
    last_host_ = connection_->host;
    // Only where somebody got through does another transaction make progress.
    const bool progress = std::any_of(results.begin(), results.end(),
                                      [](const auto& result) { return !result.too_many; });
    std::vector<std::uint32_t> again;
    bool lost = false;
    bool counts = false;
    last_failure_ = facts::local_outcome(Reason::ConnectionClosed, Stage::Mail,
                                         "the connection ended before this recipient's turn");
    for (auto& result : results) {
        if (result.too_many && progress && connection_->reusable) {
            again.push_back(result.index);
            continue;
        }
        const bool ended = outbound::is_lost_connection(result.outcome.reason);
        if (ended) last_failure_ = result.outcome;
        lost = lost || ended;
        const auto verdict = job.set_outcome(result.index, std::move(result.outcome),
                                             connection_->host, handed_to(*connection_));
        counts = counts || verdict.counts == Counts::Now;
        if (verdict.next == NextHost::MayTakeIt) elsewhere.push_back(result.index);
    }
    auto& to_try = job.to_try;
    to_try.erase(to_try.begin(), to_try.begin() + static_cast<std::ptrdiff_t>(results.size()));
    to_try.insert(to_try.begin(), again.begin(), again.end());
    // The attempt names the host that an outcome is about (specification §6.1).
    if (counts) {
        job.describe(*connection_, *next_hop_);
    } else {
        job.add_required(*next_hop_);
    }
    return lost;
}

std::size_t JobRunner::recipients_at_once() const
{
    const std::size_t announced = connection_->capabilities.max_recipients;
    if (announced == 0) return kRecipientsPerTransaction;
    return std::min(announced, kRecipientsPerTransaction);
}

net::Task<std::string> JobRunner::read_header(const DeliveryJob& job)
{
    auto reader = context_.adapters.spool->open_body(job.message().body);
    if (reader == nullptr) co_return std::string{};
    auto read = co_await net::read_body(context_.adapters.core, *reader, 0, kHeaderOctets);
    co_return read ? *std::move(read) : std::string{};
}

void JobRunner::release()
{
    if (connection_) context_.pool.put(std::move(connection_), context_.now());
}

}  // namespace

net::Task<dispatch::GrantReport> carry_out(outbound::Context& context, report::NoticeLimit& limit,
                                           outbound::PeerWatch& watch, dispatch::Grant grant)
{
    JobRunner runner{context, limit, watch, std::move(grant)};
    co_return co_await runner.run();
}

}  // namespace hermetic::delivery
