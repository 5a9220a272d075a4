#include "inbound/session.h"

#include "core/assert.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "inbound/client_standing.h"
#include "inbound/refusals.h"
#include "inbound/service.h"
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
      started_{now()},
      recipients_share_{service.environment().memory},
      progress_{started_}
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
    ticket_.waits(now());
    end_wait_at(now() + duration);
}

void Session::end_wait_at(Instant end)
{
    const Instant last = started_ + listener_->smtp.limits.session_time;
    stream_->until(cut_ || gave_way_ != nullptr ? now() : std::min(end, last));
}

net::Task<> Session::run()
{
    metrics::Metrics& metrics = service_.environment().metrics;
    metrics.add(Metric::SessionsOpened);
    metrics.add(Metric::SessionsOpen);
    ticket_.on_give_way([&service = service_, id = id_] {
        service.environment().core.post([&service, id] { service.give_way(id); });
    });
    if (co_await prepare()) {
        co_await converse();
    } else if (gave_way_ != nullptr) {
        ended_ = facts::name(gave_way_->reason);
    }
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
    evidence.listener = listener_->options.name;
    evidence.legacy_listener = listener_->options.is_legacy();
    evidence.now = wall();
    return evidence;
}

net::Task<> Session::converse()
{
    const auto& options = listener_->options;
    const smtp::ServerStart start{
        id_,
        client_,
        stream_->is_tls(),
        options.tls == config::ListenerTls::StartTls && service_.tls(options.name) != nullptr,
        contains(options.xclient_networks, evident_client()),
        options.client_certificates == config::ClientCertificates::Require};
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
        forget_recipients();
        returned_.reset();
        snapshot_.reset();  // an idle session must not keep old configurations alive
        if (standing_) standing_->end();
        if (service_.stopping()) co_return end(smtp::refusal::kSessionStopping);
    }
    const Instant wait_ends = now() + listener_->smtp.limits.command_timeout;
    allow(listener_->smtp.limits.command_timeout);
    const Duration pause = machine_->pause();
    if (pause == Duration{}) {
        if (!co_await flush_unless_pipelined()) co_return Next::Close;
    } else {
        if (!co_await flush_and_pause(pause)) co_return Next::Close;
    }
    waiting_for_command_ = true;
    const auto line = co_await wait_for_command(wait_ends);
    waiting_for_command_ = false;
    if (!line) co_return on_error(line.error());
    if (line->has_bare_lf) co_return machine_->on_bare_line_feed(wall());

    const bool ends_turn = smtp::ends_turn(line->text);
    const smtp::CommandLine command{line->text, line->has_bare_cr};
    const Endpoint client = machine_->client();
    const Next next = machine_->on_command(command, wall());
    publish_refused_message();
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
    const Rates rates = rates_for(*service_.snapshot(), evident_client());
    if (const auto* refused = ticket_.count_as(machine_->client().address, rates, now()))
        return end(*refused);
    return next;
}

Next Session::check_sender()
{
    const Environment& environment = service_.environment();
    snapshot_ = service_.snapshot();
    forget_recipients();
    if (const auto* pressure = refusal_for(environment.spool.pressure())) {
        return machine_->on_sender_refused({pressure, {}}, wall());
    }
    if (environment.memory.is_short()) {
        return machine_->on_sender_refused({&refusal::kPressureMemoryFull, {}}, wall());
    }
    if (!standing_) {
        standing_ = std::make_unique<ClientStanding>(id_, *stream_, environment.events,
                                                     environment.metrics, environment.sessions);
        note_old_version();
    }
    standing_->begin(snapshot_, service_.client_trust(), evidence(), machine_->candidate().sender);
    // By a connector that grants, or by a login at the proxy that XCLIENT is believed of.
    admitted_ = !machine_->client_login().empty() || !standing_->admitted_by().empty();
    rates_ = admitted_ ? Rates::Exempt : rates_for(*snapshot_, evident_client());
    if (rates_ == Rates::Limited &&
        !environment.admission.admit_message(machine_->client().address, now())) {
        return machine_->on_sender_refused({&refusal::kLimitMessagesPerClient, {}}, wall());
    }
    if (!machine_->candidate().in_brackets && !admitted_)
        return machine_->on_sender_refused({&refusal::kMailSyntax, {}}, wall());
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
    if (!rcpt.in_brackets && !admitted_)
        return machine_->on_recipient_refused({&refusal::kRcptSyntax, {}}, wall());
    Admission& admission = service_.environment().admission;
    const IpAddress& client = machine_->client().address;
    const bool limited = rates_ == Rates::Limited;
    if (limited && admission.has_harvested(client, now()))
        return machine_->on_recipient_refused({&refusal::kLimitRefusedRecipientsPerClient, {}},
                                              wall());
    RecipientFacts asked;
    asked.mailbox = rcpt.mailbox ? &*rcpt.mailbox : nullptr;
    asked.own_address = own_address_;
    asked.smtputf8 = machine_->transaction()->smtputf8;
    asked.routed = listener_->smtp.limits.routed_addresses;
    RecipientDecision decision = standing_->decide(asked, wall());
    if (decision.refusal) {
        // Who collects addresses tries many, in any number of sessions.
        if (limited && decision.refusal->kind->code >= 500)
            admission.note_refused_recipient(client, now());
        return machine_->on_recipient_refused(*decision.refusal, wall());
    }
    if (!hold_recipient(rcpt))
        return machine_->on_recipient_refused({&refusal::kPressureMemoryFull, {}}, wall());
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
        return machine_->on_line_too_long(stream_->long_line_start(), wall());
    case Kind::TimedOut: {
        if (service_.stopping()) return end(smtp::refusal::kSessionStopping);
        if (gave_way_ != nullptr) return end(*gave_way_);
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

void Session::give_way()
{
    gave_way_ = &refusal::kLimitIdleSessions;
    // A command that has come is answered first.
    if (!stream_->has_octets_in_socket()) stream_->until(now());
}

events::Client Session::describe_client() const
{
    events::Client client;
    client.listener = listener_->options.name;
    client.address = machine_ ? machine_->client() : client_;
    client.known = !client_unknown_;
    client.tls = tls_;
    client.tls_is_its_own = !proxied_ && (!machine_ || machine_->tls_is_the_clients());
    client.legacy_listener = listener_->options.is_legacy();
    if (machine_) {
        client.helo = machine_->helo();
        client.login = machine_->client_login();
    }
    return client;
}

void Session::finish()
{
    events::SessionEnded ended;
    ended.id = id_;
    ended.client = describe_client();
    ended.tls_failure = std::move(tls_failure_);
    ended.ended = ended_;
    if (standing_) {
        ended.connector = standing_->connector().name;
        ended.organization = standing_->connector().organization;
        ended.because = standing_->because();
        ended.judgements = standing_->take_judgements();
    }
    if (machine_) {
        ended.messages = machine_->messages();
        ended.refused = machine_->refused();
        for (const auto& each : machine_->refusals())
            ended.refusals.push_back({each.kind->reason, each.count});
        if (ended_.empty()) ended.ended = machine_->ended_by();
    }
    ended.took = now() - started_;
    service_.environment().events.publish(std::move(ended));
}

}  // namespace hermetic::inbound
