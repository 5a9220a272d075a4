// The message: from its first octet to the commit, and to the reply that follows from it.
#include "core/assert.h"
#include "core/text.h"
#include "events/publisher.h"
#include "facts/reasons.h"
#include "inbound/bounce_watch.h"
#include "inbound/client_standing.h"
#include "inbound/message_factory.h"
#include "inbound/refusals.h"
#include "inbound/service.h"
#include "inbound/session.h"
#include "mail/trace.h"
#include "net/await_spool.h"
#include "net/core.h"
#include "smtp/refusals.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

using smtp::Next;

// Verified: against the CAs of a connector that has a name of it.
mail::ClientCertificateVerdict certificate_verdict(const facts::TlsEvidence& evidence,
                                                   config::ClientCertificates asked, bool proved)
{
    using Verdict = mail::ClientCertificateVerdict;
    if (asked == config::ClientCertificates::Off) return Verdict::NotAsked;
    if (evidence.chain.empty()) return Verdict::None;
    return proved ? Verdict::Verified : Verdict::NotVerified;
}

std::vector<events::MessageReceived::Part> take_parts(SplitMessage& split)
{
    std::vector<events::MessageReceived::Part> parts;
    parts.reserve(split.messages.size());
    for (std::size_t i = 0; i < split.messages.size(); ++i) {
        const spool::StoredMessage& message = *split.messages[i];
        parts.push_back({message.id, message.envelope->organization, std::move(split.routes[i])});
    }
    return parts;
}

const smtp::RefusalKind& refusal_for(spool::BodyFailure failure)
{
    switch (failure) {
    case spool::BodyFailure::DiskFull:
        return refusal::kPressureDiskFull;
    case spool::BodyFailure::DiskShare:
        return refusal::kPressureDiskShare;
    case spool::BodyFailure::Other:
        return refusal::kStoreFailed;
    }
    unreachable("every BodyFailure has its refusal");
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
    assembly_ = std::make_unique<MessageAssembly>(
        core, environment.spool, environment.memory, body,
        counted_address(machine_->client().address).format(), make_received(at), expected);
    note_progress(kProgress);
}

net::Task<Next> Session::receive_message()
{
    if (!co_await flush()) co_return Next::Close;
    if (machine_->wants_message() && !assembly_) begin_message();
    // An octet now and then keeps nobody's place: the wait begins anew with progress alone.
    Instant waits_since = now();
    for (;;) {
        ticket_.waits(std::max(waits_since, progress_));
        const auto input = co_await wait_for_octets(now() + listener_->smtp.limits.data_timeout);
        if (!input) co_return on_error(input.error());
        smtp::MessageIntake::Piece last;
        const std::size_t consumed = gather(*input, last);
        stream_->consume(consumed);
        note_progress(consumed);
        if (machine_->message_refused()) assembly_.reset();
        if (last.cut_off) co_return machine_->on_cut_off(wall());
        if (last.finished) co_return on_message_read();
        if (assembly_ && assembly_->is_full()) {
            const auto flushed = co_await assembly_->flush();
            if (!flushed) fail_message(flushed.error());
            waits_since = now();  // the time of the disk is ours
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
    service_.environment().events.publish(events::BodyNotStored{id_, error.words});
    machine_->fail_message(refusal_for(error.kind));
    assembly_.reset();
}

// The reply to a message or chunk that is refused by itself; the others go on.
Next Session::on_message_read()
{
    const Next next = machine_->on_message_read(wall());
    publish_refused_message();
    if (!machine_->in_message()) assembly_.reset();
    return next;
}

// Also after a command: "BDAT 0 LAST" ends a message.
void Session::publish_refused_message()
{
    const auto refused = machine_->take_refused_message();
    if (!refused) return;
    const smtp::RefusalKind* why = refused->intake->refusal();
    publish_message(*refused, why, refused->intake->octets());
}

net::Task<Next> Session::store_message()
{
    ticket_.works();
    const Environment& environment = service_.environment();
    const Instant read = now();
    if (!assembly_) begin_message();  // BDAT 0 LAST
    assembly_->add(machine_->message_tail());
    keep_returned(machine_->message_tail());
    auto body = co_await assembly_->finish();
    if (!body) {
        const smtp::RefusalKind& why = refusal_for(body.error().kind);
        fail_message(body.error());
        publish_message(*machine_->transaction(), &why, 0);
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
    auto parts = take_parts(split);
    const spool::Durability durability =
        co_await net::commit(environment.core, environment.spool, std::move(split.messages));
    assembly_.reset();
    switch (durability) {
    case spool::Durability::Durable:
        publish_message(*machine_->transaction(), nullptr, size, {std::move(parts), now() - read});
        publish_returned();
        co_return machine_->on_stored(format_id(message_id_));
    case spool::Durability::Refused:
        publish_message(*machine_->transaction(), &smtp::refusal::kStoreRefused, size);
        co_return machine_->on_not_stored(smtp::refusal::kStoreRefused, wall());
    case spool::Durability::Unknown:
        publish_message(*machine_->transaction(), &smtp::refusal::kStoreUnknown, size);
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

void Session::publish_returned()
{
    if (!returned_) return;
    service_.environment().events.publish(
        events::TestReturned{std::move(returned_->token), std::move(returned_->text)});
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

void Session::publish_message(const smtp::Transaction& transaction,
                              const smtp::RefusalKind* refusal, std::uint64_t size, Stored stored)
{
    events::MessageReceived received;
    received.session = id_;
    received.client = describe_client();
    received.sender = printable(mail::format_path(transaction.sender), 300);
    for (const mail::Recipient& recipient : transaction.recipients) {
        received.recipients.push_back(printable(recipient.address.format(), 300));
    }
    received.size = size;
    if (transaction.intake) {
        received.message_id = printable(transaction.intake->header().message_id(), 250);
        received.subject = printable(transaction.intake->header().subject(), 1000);
    }
    received.connector = standing_->connector().name;
    received.organization = standing_->connector().organization;
    received.because = standing_->because();
    if (refusal == nullptr) {
        received.id = message_id_;
    } else {
        received.refused = refusal->reason;
        received.code = refusal->code;
        received.text = refusal->text;
    }
    received.parts = std::move(stored.parts);
    received.storing = stored.took;
    service_.environment().events.publish(std::move(received));
}

}  // namespace hermetic::inbound
