// The message: from its first octet to the commit, and to the reply that follows from it.
#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "inbound/bounce_watch.h"
#include "inbound/client_standing.h"
#include "inbound/message_factory.h"
#include "inbound/refusals.h"
#include "inbound/service.h"
#include "inbound/session.h"
#include "ledger/log.h"
#include "mail/trace.h"
#include "metrics/metrics.h"
#include "net/await_spool.h"
#include "net/core.h"
#include "smtp/refusals.h"

namespace hermetic::inbound {
namespace {

using metrics::Metric;
using smtp::Next;

constexpr std::string_view kAccepted = "accepted";

// Verified: against the CAs of a connector that has a name of it.
mail::ClientCertificateVerdict certificate_verdict(const facts::TlsEvidence& evidence,
                                                   config::ClientCertificates asked, bool proved)
{
    using Verdict = mail::ClientCertificateVerdict;
    if (asked == config::ClientCertificates::Off) return Verdict::NotAsked;
    if (evidence.chain.empty()) return Verdict::None;
    return proved ? Verdict::Verified : Verdict::NotVerified;
}

}  // namespace

void Session::begin_message()
{
    net::Core& core = service_.environment().core;
    const WallTime at = wall();
    message_id_ = core.ids().next<MessageId>(at);
    const BodyId body = core.ids().next<BodyId>(at);
    const auto expected = machine_->transaction()->declared_size.value_or(0);
    const Environment& environment = service_.environment();
    assembly_ = std::make_unique<MessageAssembly>(core, environment.spool, environment.memory, body,
                                                  make_received(at), expected);
}

net::Task<Next> Session::receive_message()
{
    if (!co_await flush()) co_return Next::Close;
    if (machine_->wants_message() && !assembly_) begin_message();
    for (;;) {
        allow(listener_->smtp.limits.data_timeout);
        const auto input = co_await stream_->peek();
        if (!input) co_return on_error(input.error());
        smtp::MessageIntake::Piece last;
        const std::size_t consumed = gather(*input, last);
        stream_->consume(consumed);
        if (machine_->message_refused()) assembly_.reset();
        if (last.cut_off) co_return machine_->on_cut_off(wall());
        if (last.finished) co_return on_message_read();
        if (assembly_ && assembly_->is_full()) {
            const auto flushed = co_await assembly_->flush();
            if (!flushed) fail_message(flushed.error());
        }
    }
}

// Passes runs on until the input is used up, the message ends, or enough has gathered for a write.
std::size_t Session::gather(std::string_view input, smtp::MessageIntake::Piece& last)
{
    std::size_t consumed = 0;
    while (consumed < input.size()) {
        last = machine_->take(input.substr(consumed));
        consumed += last.consumed;
        if (assembly_) assembly_->add(last.run);
        keep_returned(last.run);
        if (last.finished || last.cut_off) break;
        if (assembly_ && assembly_->is_full()) break;
    }
    return consumed;
}

void Session::fail_message(const net::BodyError& error)
{
    service_.environment().log.event(ledger::Level::Error, facts::name(facts::Reason::StoreFailed),
                                     {{"session", format_id(id_)}, {"what", error.words}});
    machine_->fail_message(error.disk_full ? refusal::kPressureDiskFull : refusal::kStoreFailed);
    assembly_.reset();
}

// The reply to a message or chunk that is refused by itself; the others go on.
Next Session::on_message_read()
{
    const Next next = machine_->on_message_read(wall());
    log_refused_message();
    if (!machine_->in_message()) assembly_.reset();
    return next;
}

// Also after a command: "BDAT 0 LAST" ends a message.
void Session::log_refused_message()
{
    const auto refused = machine_->take_refused_message();
    if (!refused) return;
    const smtp::RefusalKind* why = refused->intake->refusal();
    log_message(*refused, facts::name(why->reason), why, refused->intake->octets(), {});
}

net::Task<Next> Session::store_message()
{
    const Environment& environment = service_.environment();
    if (!assembly_) begin_message();  // BDAT 0 LAST
    assembly_->add(machine_->message_tail());
    keep_returned(machine_->message_tail());
    auto body = co_await assembly_->finish();
    if (!body) {
        const smtp::RefusalKind& why =
            body.error().disk_full ? refusal::kPressureDiskFull : refusal::kStoreFailed;
        fail_message(body.error());
        log_message(facts::name(why.reason), &why, 0, {});
        co_return machine_->on_not_stored(why, wall());
    }
    const std::uint64_t size = body->size;
    AcceptedMessage accepted{*machine_->transaction(),
                             *snapshot_,
                             message_id_,
                             std::move(*body),
                             make_arrival(),
                             wall(),
                             standing_->relay_organization(),
                             standing_->admitted_by(),
                             [this](std::string_view organization) {
                                 return standing_->required_tls(organization, wall());
                             }};
    SplitMessage split = split_by_route(std::move(accepted), environment.core.ids());
    const spool::Durability durability =
        co_await net::commit(environment.core, environment.spool, std::move(split.messages));
    assembly_.reset();
    switch (durability) {
    case spool::Durability::Durable:
        log_message(kAccepted, nullptr, size, std::move(split.routes));
        environment.metrics.add(Metric::MessagesAccepted);
        tell_returned();
        environment.metrics.add(Metric::BytesAccepted, static_cast<std::int64_t>(size));
        co_return machine_->on_stored(format_id(message_id_));
    case spool::Durability::Refused:
        log_message(facts::name(facts::Reason::StoreRefused), &smtp::refusal::kStoreRefused, size,
                    {});
        co_return machine_->on_not_stored(smtp::refusal::kStoreRefused, wall());
    case spool::Durability::Unknown:
        log_message(facts::name(facts::Reason::StoreUnknown), &smtp::refusal::kStoreUnknown, size,
                    {});
        co_return machine_->on_not_stored(smtp::refusal::kStoreUnknown, wall());
    }
    unreachable("every Durability is answered");
}

void Session::note_returned(std::string_view local)
{
    auto* const bounces = service_.environment().bounces;
    const auto token = token_of(local);
    if (bounces == nullptr || !token || !bounces->is_expected(*token, wall())) return;
    returned_ = std::make_unique<Returned>(Returned{*token, {}});
}

void Session::keep_returned(std::string_view run)
{
    if (!returned_) return;
    const std::size_t room = BounceWatch::kMaxOctets - returned_->text.size();
    returned_->text += run.substr(0, room);
}

void Session::tell_returned()
{
    if (!returned_) return;
    service_.environment().bounces->note(returned_->token, std::move(returned_->text), wall());
    returned_.reset();
}

std::string Session::make_received(WallTime at) const
{
    mail::ReceivedFacts facts;
    const mail::Arrival arrival = make_arrival();
    facts.helo = machine_->helo();
    facts.client_name = machine_->client_name();
    facts.client = machine_->client().address;
    facts.by = listener_->smtp.hostname;
    facts.protocol = arrival.protocol;
    facts.tls_version = arrival.tls_version;
    facts.tls_cipher = arrival.tls_cipher;
    facts.tls_group = arrival.tls_group;
    if (tls_ && evidence().tls_is_the_clients) {
        facts.certificate = certificate_verdict(*tls_, listener_->options.client_certificates,
                                                standing_->certificate_proved());
    }
    facts.id = message_id_;
    facts.session = id_;
    facts.received = at;
    return mail::format_received(facts);
}

mail::Arrival Session::make_arrival() const
{
    mail::Arrival arrival;
    arrival.session = id_;
    arrival.listener = listener_->options.name;
    arrival.client = machine_->client();
    arrival.helo = machine_->helo();
    mail::ProtocolFacts protocol;
    protocol.protocol = machine_->mail_protocol();
    protocol.tls = machine_->in_tls();
    protocol.smtputf8 = machine_->transaction()->smtputf8;
    arrival.protocol = mail::format_protocol(protocol);
    if (tls_) {
        arrival.tls_version = facts::format_version(tls_->version);
        arrival.tls_cipher = tls_->cipher;
        arrival.tls_group = tls_->group;
    }
    return arrival;
}

void Session::log_message(std::string_view verdict, const smtp::RefusalKind* refusal,
                          std::uint64_t size, std::vector<std::string> routes)
{
    log_message(*machine_->transaction(), verdict, refusal, size, std::move(routes));
}

void Session::log_message(const smtp::Transaction& transaction, std::string_view verdict,
                          const smtp::RefusalKind* refusal, std::uint64_t size,
                          std::vector<std::string> routes)
{
    ledger::MessageFacts facts;
    if (refusal == nullptr) facts.id = message_id_;
    facts.session = id_;
    facts.sender = printable(mail::format_path(transaction.sender), 300);
    for (const mail::Recipient& recipient : transaction.recipients) {
        facts.recipients.push_back(printable(recipient.address.format(), 300));
    }
    facts.size = size;
    if (transaction.intake) {
        facts.message_id = printable(transaction.intake->header().message_id(), 250);
    }
    facts.verdict = verdict;
    facts.connector = standing_->connector();
    facts.because = standing_->because();
    if (refusal != nullptr) {
        facts.code = refusal->code;
        facts.text = refusal->text;
        service_.environment().metrics.add(Metric::MessagesRefused);
    }
    facts.routes = std::move(routes);
    service_.environment().log.message(std::move(facts));
}

}  // namespace hermetic::inbound
