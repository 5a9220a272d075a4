#include "inbound/session.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "inbound/client_standing.h"
#include "inbound/refusals.h"
#include "inbound/service.h"
#include "inbound/session_watch.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "observations/observations.h"
#include "smtp/refusals.h"
#include "spool/spool.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

using metrics::Metric;
using smtp::Next;

constexpr Duration kWriteTimeout = std::chrono::minutes{5};
constexpr Duration kLastWords = std::chrono::seconds{10};
// Replies to pipelined commands wait for each other, but not without bound.
constexpr std::size_t kMaxGathered = 16 * 1024;

bool contains(const std::vector<Network>& networks, const IpAddress& address)
{
    return std::any_of(networks.begin(), networks.end(),
                       [&address](const Network& network) { return network.contains(address); });
}

Metric metric_of(facts::TlsVersion version)
{
    switch (version) {
    case facts::TlsVersion::None:
        return Metric::InboundClear;
    case facts::TlsVersion::Tls10:
        return Metric::InboundTls10;
    case facts::TlsVersion::Tls11:
        return Metric::InboundTls11;
    case facts::TlsVersion::Tls12:
        return Metric::InboundTls12;
    case facts::TlsVersion::Tls13:
        return Metric::InboundTls13;
    }
    unreachable("every TlsVersion is counted");
}

const smtp::RefusalKind* refusal_for(spool::Pressure pressure)
{
    switch (pressure) {
    case spool::Pressure::None:
        return nullptr;
    case spool::Pressure::DiskFull:
        return &refusal::kPressureDiskFull;
    case spool::Pressure::DiskFailing:
        return &refusal::kPressureDiskFailing;
    case spool::Pressure::QueueFull:
        return &refusal::kPressureQueueFull;
    }
    unreachable("every Pressure has its refusal");
}

}  // namespace

Session::Session(Service& service, std::unique_ptr<net::Stream> stream, ListenerPointer listener,
                 Admission::Ticket ticket)
    : service_{service},
      stream_{std::move(stream)},
      listener_{std::move(listener)},
      ticket_{std::move(ticket)},
      id_{service.environment().core.ids().next_session()},
      client_{stream_->remote()},
      own_address_{stream_->local().address},
      started_{now()}
{
}

Session::~Session() = default;

Instant Session::now() const
{
    return service_.environment().core.clock().now();
}

WallTime Session::wall() const
{
    return service_.environment().core.clock().wall();
}

void Session::allow(Duration duration)
{
    const Instant end = started_ + listener_->smtp.limits.session_time;
    stream_->until(cut_ ? now() : std::min(now() + duration, end));
}

net::Task<> Session::run()
{
    metrics::Metrics& metrics = service_.environment().metrics;
    metrics.add(Metric::SessionsOpened);
    metrics.add(Metric::SessionsOpen);
    if (co_await prepare()) co_await converse();
    stream_->close();
    metrics.add(Metric::SessionsOpen, -1);
    finish();
}

// The address that grants; nobody's (0.0.0.0) where it is not known.
IpAddress Session::evident_client() const
{
    if (client_unknown_) return {};
    return machine_ ? machine_->client().address : client_.address;
}

policy::ClientEvidence Session::evidence() const
{
    policy::ClientEvidence evidence;
    evidence.address = evident_client();
    evidence.tls = tls_.get();
    evidence.tls_is_the_clients = !proxied_ && machine_->tls_is_the_clients();
    evidence.legacy_listener = listener_->options.is_legacy();
    evidence.now = wall();
    return evidence;
}

net::Task<> Session::converse()
{
    const smtp::ServerStart start{id_, client_, stream_->is_tls(),
                                  listener_->options.tls == config::ListenerTls::StartTls &&
                                      service_.tls(listener_->options.name) != nullptr,
                                  contains(listener_->options.xclient_networks, evident_client())};
    machine_.emplace(listener_->smtp, start);
    // Who talks before the banner is no mail server (specification §2.2).
    Next next = stream_->has_unread_input() ? machine_->on_early_input(wall()) : machine_->greet();
    for (;;) {
        switch (next) {
        case Next::ReadCommand:
            next = co_await read_command();
            break;
        case Next::CheckSender:
            next = check_sender();
            break;
        case Next::CheckRecipient:
            next = check_recipient();
            break;
        case Next::ReadMessage:
            next = co_await receive_message();
            break;
        case Next::StoreMessage:
            next = co_await store_message();
            break;
        case Next::StartTls:
            next = co_await start_tls();
            break;
        case Next::Close:
            if (ended_.empty()) {
                cut_ = false;  // the last words have a moment of their own
                stream_->until(now() + kLastWords);
                (void)co_await flush();
            }
            co_return;
        }
    }
}

net::Task<Next> Session::read_command()
{
    if (machine_->is_idle()) {
        assembly_.reset();
        returned_.reset();
        snapshot_.reset();  // an idle session must not keep old configurations alive
        if (standing_) standing_->end();
        if (service_.stopping()) co_return end(smtp::refusal::kSessionStopping);
    }
    allow(listener_->smtp.limits.command_timeout);
    const Duration pause = machine_->pause();
    if (pause == Duration{}) {
        if (!co_await flush_unless_pipelined()) co_return Next::Close;
    } else {
        if (!co_await flush_and_pause(pause)) co_return Next::Close;
    }
    waiting_for_command_ = true;
    const auto line = co_await stream_->read_line(smtp::kMaxCommandLine);
    waiting_for_command_ = false;
    if (!line) co_return on_error(line.error());
    if (line->has_bare_lf) co_return machine_->on_bare_line_feed(wall());

    const bool ends_turn = smtp::ends_turn(line->text);
    const smtp::CommandLine command{line->text, line->has_bare_cr};
    const Endpoint client = machine_->client();
    const Next next = machine_->on_command(command, wall());
    log_refused_message();
    // Behind DATA or STARTTLS nothing may have come yet: it would be read as something else than
    // it was sent as, whether the command is granted or refused (RFC 2920 §3.1, CVE-2011-0411).
    if (ends_turn && stream_->has_unread_input()) co_return machine_->on_early_input(wall());
    if (machine_->client() != client) co_return on_client_changed(next);
    co_return next;
}

// XCLIENT: limits count the client, not the proxy.
Next Session::on_client_changed(Next next)
{
    if (!may_use_listener()) return end(refusal::kListenerNotYourNetwork);
    if (const auto* refused = ticket_.count_as(machine_->client().address, now()))
        return end(*refused);
    return next;
}

Next Session::check_sender()
{
    const Environment& environment = service_.environment();
    snapshot_ = service_.snapshot();
    if (const auto* pressure = refusal_for(environment.spool.pressure())) {
        return machine_->on_sender_refused({pressure, {}}, wall());
    }
    if (environment.memory.is_short()) {
        return machine_->on_sender_refused({&refusal::kPressureMemoryFull, {}}, wall());
    }
    if (!environment.admission.admit_message(machine_->client().address, now())) {
        return machine_->on_sender_refused({&refusal::kLimitMessagesPerClient, {}}, wall());
    }
    if (!standing_) {
        standing_ = std::make_unique<ClientStanding>(id_, *stream_, environment.log,
                                                     environment.metrics, environment.sessions);
        note_old_version();
    }
    standing_->begin(snapshot_, service_.client_trust(), evidence(), machine_->candidate().sender);
    if (const auto refused = standing_->refuse_sender(wall()))
        return machine_->on_sender_refused(*refused, wall());
    return machine_->on_sender_accepted();
}

// For the reports of retirement plans: once per session, and nothing of modern ones.
void Session::note_old_version()
{
    auto* observations = service_.environment().observations;
    if (observations == nullptr || !tls_ || tls_->version >= facts::TlsVersion::Tls12) return;
    if (!evidence().tls_is_the_clients) return;
    const auto& sender = machine_->candidate().sender;
    const bool named = sender && sender->domain();
    observations->note_client(machine_->client().address, tls_->version, machine_->helo(),
                              named ? std::string_view{sender->domain()->text()} : "", wall());
}

Next Session::check_recipient()
{
    const smtp::command::Rcpt& rcpt = machine_->pending_recipient();
    RecipientDecision decision =
        standing_->decide(rcpt.mailbox ? &*rcpt.mailbox : nullptr, own_address_, wall());
    if (decision.refusal) return machine_->on_recipient_refused(*decision.refusal, wall());
    if (decision.reason == facts::Reason::RecipientReturnedTest) note_returned(rcpt.mailbox->local);
    return machine_->on_recipient_accepted(std::move(*decision.mailbox));
}

net::Task<Next> Session::start_tls()
{
    auto context = service_.tls(listener_->options.name);
    if (!context) co_return machine_->on_tls_unavailable(wall());  // gone since it was offered
    if (!co_await flush()) co_return Next::Close;
    if (!co_await shake_hands(std::move(context))) co_return Next::Close;
    co_return machine_->on_tls_started();
}

net::Task<bool> Session::flush()
{
    if (machine_->output().empty()) co_return true;
    const std::string replies = std::exchange(machine_->output(), {});
    const auto written = co_await stream_->write(replies);
    if (!written) ended_ = net::name(written.error().kind);
    co_return written.has_value();
}

// RFC 2920 §3.2: replies leave together, but never later than the server waits for input.
net::Task<bool> Session::flush_unless_pipelined()
{
    const bool may_wait = stream_->buffered() != 0 && machine_->output().size() < kMaxGathered;
    if (may_wait) {
        const auto buffered = co_await stream_->peek();
        if (buffered && buffered->find("\r\n") != std::string_view::npos) co_return true;
    }
    co_return co_await flush();
}

net::Task<bool> Session::flush_and_pause(Duration pause)
{
    if (!co_await flush()) co_return false;
    waiting_for_command_ = true;  // a stop need not wait for more
    // Where the server is stopping the next read says so.
    const Instant end = now() + pause;
    (void)co_await net::sleep_until(service_.environment().core, end);
    co_return true;
}

Next Session::end(const smtp::RefusalKind& why)
{
    return machine_->end(why, wall());
}

Next Session::on_error(const net::StreamError& error)
{
    using Kind = net::StreamError::Kind;
    switch (error.kind) {
    case Kind::LineTooLong:
        return machine_->on_line_too_long(wall());
    case Kind::TimedOut: {
        if (service_.stopping()) return end(smtp::refusal::kSessionStopping);
        const bool session = now() >= started_ + listener_->smtp.limits.session_time;
        return end(session ? smtp::refusal::kLimitSessionTime : smtp::refusal::kSessionTimedOut);
    }
    default:
        break;
    }
    if (error.tls) tls_failure_ = std::make_unique<facts::TlsFailure>(*error.tls);
    ended_ = net::name(error.kind);
    return Next::Close;
}

void Session::on_stopping()
{
    const bool idle = machine_ && waiting_for_command_ && machine_->is_idle();
    if (idle || !machine_) stream_->until(now());
}

void Session::cut()
{
    cut_ = true;
    stream_->until(now());
}

void Session::finish()
{
    const Environment& environment = service_.environment();
    ledger::SessionFacts facts;
    facts.id = id_;
    facts.listener = listener_->options.name;
    facts.client = client_;
    if (tls_) facts.tls = std::move(*tls_);
    if (tls_failure_) facts.tls_failure = std::move(*tls_failure_);
    facts.ended = ended_;
    facts.legacy = listener_->options.is_legacy();
    environment.metrics.add(metric_of(facts.tls ? facts.tls->version : facts::TlsVersion::None));
    if (standing_) {
        facts.connector = standing_->connector();
        facts.because = standing_->because();
    }
    if (machine_) {
        facts.client = machine_->client();
        facts.helo = machine_->helo();
        facts.messages = machine_->messages();
        facts.refused = machine_->refused();
        if (ended_.empty()) facts.ended = machine_->ended_by();
        environment.metrics.add(Metric::CommandsRefused, machine_->refused());
    }
    facts.took = now() - started_;
    tell_watch(facts);
    environment.log.session(std::move(facts));
}

// A guided test of an inbound connector waits for its partner's session: also for one that failed
// before its first transaction.
void Session::tell_watch(const ledger::SessionFacts& facts) const
{
    auto* const watch = service_.environment().sessions;
    if (watch == nullptr || !watch->is_waiting()) return;
    SeenSession seen;
    if (!client_unknown_) seen.client = facts.client.format();
    seen.helo = printable(facts.helo, 255);
    seen.listener = facts.listener;
    seen.tls = facts.tls;
    seen.tls_is_the_clients = !proxied_ && (!machine_ || machine_->tls_is_the_clients());
    if (facts.tls_failure) seen.tls_failure = facts::describe(*facts.tls_failure);
    seen.ended = facts.ended;
    const auto& all = service_.snapshot()->contents().inbound_connectors;
    for (const std::string& name : watch->connectors()) {
        const auto found = std::ranges::find(all, name, &objects::InboundConnector::name);
        if (found == all.end()) continue;
        SeenSession own = seen;
        own.in_networks = !client_unknown_ && contains(found->networks, facts.client.address);
        if (standing_) {
            const auto& judged = standing_->judgements();
            const auto mine = std::ranges::find(judged, name, &Judged::connector);
            if (mine != judged.end()) own.judged = *mine;
        }
        watch->note(name, std::move(own));
    }
}

}  // namespace hermetic::inbound
