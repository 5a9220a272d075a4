#include "delivery/transmit.h"

#include "delivery/body_source.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/io_outcome.h"
#include "outbound/peer_watch.h"
#include "outbound/talk.h"
#include "smtp/client_dot_stuffer.h"
#include "smtp/client_seven_bit.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hermetic::delivery {
namespace {

using Next = smtp::ClientTransaction::Next;
using Written = smtp::ClientTransaction::Written;
using facts::Reason;

// A message of up to so many octets is written with its final dot in one go.
constexpr std::size_t kOneWrite = std::size_t{64} << 10;

net::Task<std::optional<smtp::ContentNeeds>> scan(outbound::Context& context,
                                                  const spool::Body& body)
{
    BodySource source{context, body};
    smtp::ContentScanner scanner;
    for (;;) {
        const auto piece = co_await source.next();
        if (!piece || (piece->empty() && !source.complete())) co_return std::nullopt;
        if (piece->empty()) co_return scanner.needs();
        scanner.feed(*piece);
    }
}

net::Task<std::optional<std::string>> read_whole(outbound::Context& context,
                                                 const spool::Body& body)
{
    BodySource source{context, body};
    std::string whole;
    whole.reserve(body.size);
    for (;;) {
        const auto piece = co_await source.next();
        if (!piece || (piece->empty() && !source.complete())) co_return std::nullopt;
        if (piece->empty()) co_return whole;
        whole += *piece;
    }
}

// The octets that the transaction has in memory, or the file they are in.
spool::Body body_of(const smtp::TransactionInput& input, const spool::Body& stored)
{
    spool::Body body;
    body.id = stored.id;
    body.size = input.body_size;
    body.bytes = input.body;
    body.in_file = stored.in_file && input.body.empty();
    return body;
}

class Transmitter {
public:
    Transmitter(outbound::Context& context, outbound::Connection& connection,
                smtp::ClientTransaction& transaction, const spool::Body& stored,
                outbound::PeerWatch& watch)
        : context_{context},
          connection_{connection},
          transaction_{transaction},
          body_{body_of(transaction.input(), stored)},
          watch_{watch}
    {
        context_.watch(*connection_.stream);
    }
    ~Transmitter()
    {
        context_.unwatch(*connection_.stream);
        watch_.set_dot(outbound::PeerWatch::Dot::Before);
    }
    Transmitter(const Transmitter&) = delete;
    Transmitter& operator=(const Transmitter&) = delete;

    net::Task<Transmitted> run();

private:
    net::Task<bool> hear();
    net::Task<Transmitted> end();
    net::Task<bool> send_body();
    net::Task<bool> send_small_body();
    net::Task<bool> send_large_body();
    net::Task<bool> hear_early();
    net::Task<bool> write(std::string_view bytes);
    void on_lost(const outbound::TalkError& error);
    [[nodiscard]] Instant reply_deadline() const;

    outbound::Context& context_;
    outbound::Connection& connection_;
    smtp::ClientTransaction& transaction_;
    const spool::Body body_;
    outbound::PeerWatch& watch_;
    smtp::ClientTransaction::Step step_;
    bool has_looked_ = false;  // for what has come unasked, just before the first write
    bool stale_ = false;
};

net::Task<Transmitted> Transmitter::run()
{
    // Whatever was said on a kept connection, nothing is said to it any more.
    has_looked_ = connection_.messages > 1;
    stale_ = has_looked_ && connection_.stream->has_unread_input();
    if (stale_) co_return Transmitted::Stale;
    step_ = transaction_.start();
    for (;;) {
        bool going_on = true;
        switch (step_.next) {
        case Next::ReadReply:
            going_on = co_await hear();
            break;
        case Next::SendBody:
            going_on = co_await send_body();
            break;
        case Next::Done:
            // Untouched: nothing was said.
            if (transaction_.untouched() || !outbound::has_come(*connection_.stream))
                co_return Transmitted::Done;
            co_return co_await end();
        case Next::Close:
            co_return Transmitted::Closed;
        }
        if (!going_on) co_return stale_ ? Transmitted::Stale : Transmitted::Closed;
    }
}

// What is here behind the last reply shows that the replies were not the commands'. One that comes
// later is seen before the next transaction begins; this one has ended by then.
net::Task<Transmitted> Transmitter::end()
{
    const bool surplus = co_await outbound::has_spoken_unasked(*connection_.stream, 0);
    if (!surplus) co_return Transmitted::Done;
    const auto there = co_await connection_.stream->peek();
    if (there) transaction_.on_surplus(*there);
    co_return Transmitted::Closed;
}

Instant Transmitter::reply_deadline() const
{
    const auto& options = context_.settings->options;
    switch (transaction_.stage()) {
    case facts::Stage::Data:
        return context_.within(options.data_timeout);
    case facts::Stage::EndOfData:
        return context_.within(options.data_end_timeout);
    default:
        return context_.within(options.command_timeout);
    }
}

net::Task<bool> Transmitter::hear()
{
    const bool has_all = transaction_.may_be_taken(Written::All);
    watch_.set_dot(has_all ? outbound::PeerWatch::Dot::After : outbound::PeerWatch::Dot::Before);
    std::optional<std::size_t> due = step_.due;
    if (std::exchange(has_looked_, false)) due.reset();
    auto reply =
        co_await outbound::exchange(*connection_.stream, step_.write, reply_deadline(), due);
    if (!reply) {
        on_lost(reply.error());
        co_return false;
    }
    // A farewell that was on its way while the connection was kept (RFC 5321 §3.8).
    if (reply->code == 421 && connection_.messages > 1 && transaction_.untouched()) {
        stale_ = true;
        co_return false;
    }
    step_ = transaction_.on_reply(*reply);
    co_return true;
}

void Transmitter::on_lost(const outbound::TalkError& error)
{
    using Kind = net::StreamError::Kind;
    const bool gone = error.malformed || error.unasked || error.stream.kind == Kind::Closed ||
                      error.stream.kind == Kind::Reset || error.stream.kind == Kind::TlsBroken;
    const auto written = error.unwritten ? Written::Part : Written::All;
    if (gone && connection_.messages > 1 && transaction_.untouched() &&
        !transaction_.may_be_taken(written)) {
        stale_ = true;
        return;
    }
    const facts::Stage stage = transaction_.stage();
    transaction_.on_lost(watch_.has_given_way() ? outbound::gave_way_outcome(stage)
                                                : outbound::talk_outcome(stage, error),
                         written);
}

net::Task<bool> Transmitter::write(std::string_view bytes)
{
    connection_.stream->until(context_.within(context_.settings->options.data_timeout));
    auto written = co_await connection_.stream->write(bytes);
    if (written) co_return true;
    // A peer that refuses the message while it arrives says so before it closes.
    auto reply =
        co_await outbound::last_words(*connection_.stream, std::move(written.error()),
                                      context_.within(context_.settings->options.data_timeout));
    if (!reply) {
        on_lost(reply.error());
    } else if (reply->temporary() || reply->permanent()) {
        transaction_.on_early_refusal(*reply);
    } else {
        const outbound::TalkError unexpected{net::StreamError{}, std::nullopt, true};
        on_lost(unexpected);
    }
    co_return false;
}

net::Task<bool> Transmitter::send_body()
{
    // A reply that is here before the message would be taken for the one to it.
    const bool early = co_await outbound::has_spoken_unasked(*connection_.stream, 0);
    if (early) {
        on_lost(outbound::unasked());
        co_return false;
    }
    if (!step_.write.empty()) {
        const bool begun = co_await write(step_.write);
        if (!begun) co_return false;
    }
    bool sent = false;
    if (!body_.in_file && body_.bytes.size() <= kOneWrite) {
        sent = co_await send_small_body();
    } else {
        sent = co_await send_large_body();
    }
    if (sent) step_ = transaction_.on_body_sent();
    co_return sent;
}

net::Task<bool> Transmitter::send_small_body()
{
    if (outbound::has_come(*connection_.stream)) co_return co_await hear_early();
    if (!transaction_.body_is_dotted()) co_return co_await write(body_.bytes.view());
    smtp::DotStuffer stuffer;
    std::string scratch;
    const auto stuffed = stuffer.feed(body_.bytes.view(), scratch);
    const auto end = stuffer.finish();
    std::string whole;
    whole.reserve(stuffed.size() + end.size());
    whole.append(stuffed).append(end);
    co_return co_await write(whole);
}

net::Task<bool> Transmitter::send_large_body()
{
    BodySource source{context_, body_};
    smtp::DotStuffer stuffer;
    std::string scratch;
    const bool dotted = transaction_.body_is_dotted();
    for (;;) {
        const auto piece = co_await source.next();
        const bool readable = piece && (!piece->empty() || source.complete());
        if (!readable) {
            // The peer must never take half a message for a whole one: no final dot, no more
            // octets.
            transaction_.on_lost(
                facts::local_outcome(Reason::SpoolReadFailed, facts::Stage::Data,
                                     "the message could not be read from the spool"));
            co_return false;
        }
        if (piece->empty()) break;
        if (outbound::has_come(*connection_.stream)) co_return co_await hear_early();
        const auto octets = dotted ? stuffer.feed(*piece, scratch) : *piece;
        const bool written = co_await write(octets);
        if (!written) co_return false;
    }
    if (!dotted) co_return true;
    if (outbound::has_come(*connection_.stream)) co_return co_await hear_early();
    co_return co_await write(stuffer.finish());
}

// A reply before the whole message is there. Who does not know BDAT answers every line of it, and
// would fill the connection until nobody can write any more; others refuse what they have seen of
// it. Nobody can have taken what was not sent.
net::Task<bool> Transmitter::hear_early()
{
    auto reply = co_await outbound::read_reply(*connection_.stream, reply_deadline());
    if (!reply) {
        reply.error().unwritten = true;
        on_lost(reply.error());
        co_return false;
    }
    if (!reply->temporary() && !reply->permanent()) {
        transaction_.on_lost(
            facts::local_outcome(Reason::ReplyUnexpected, facts::Stage::Data,
                                 "the server accepted the message before all of it was sent"),
            Written::Part);
        co_return false;
    }
    transaction_.on_early_refusal(*reply);
    co_return false;
}

}  // namespace

facts::Outcome unreadable_message()
{
    return facts::local_outcome(Reason::SpoolReadFailed,
                                "the message could not be read from the spool");
}

net::Task<Result<smtp::TransactionInput, facts::Outcome>> make_transaction_input(
    outbound::Context& context, const spool::StoredMessage& message, const smtp::Capabilities& peer)
{
    const auto& envelope = *message.envelope;
    smtp::TransactionInput input;
    input.peer = &peer;
    input.envelope = &envelope;
    input.body_size = message.body.size;
    input.body = message.body.bytes;
    const bool eight_bit =
        envelope.body_type == mail::BodyType::EightBitMime && !peer.eight_bit_mime;
    if (!eight_bit && (!envelope.smtputf8 || peer.smtputf8)) co_return std::move(input);

    const auto needs = co_await scan(context, message.body);
    if (!needs) co_return failure(unreadable_message());
    input.needs = *needs;
    if (!eight_bit || !needs->eight_bit || message.body.size > smtp::kMaxConverted) {
        co_return std::move(input);
    }
    auto room = context.room_to_convert(message.body.size);
    if (room == nullptr) {
        co_return failure(facts::local_outcome(Reason::ContentConversionWaits,
                                               "other messages are being converted to 7-bit text"));
    }
    auto whole = co_await read_whole(context, message.body);
    if (!whole) co_return failure(unreadable_message());
    auto seven_bit = smtp::to_seven_bit(*whole);
    if (!seven_bit) co_return std::move(input);
    input.body_size = seven_bit->size();
    input.body = Bytes{*std::move(seven_bit), std::move(room)};
    input.needs.eight_bit = false;
    co_return std::move(input);
}

net::Task<Transmitted> transmit(outbound::Context& context, outbound::Connection& connection,
                                smtp::ClientTransaction& transaction, const spool::Body& stored,
                                outbound::PeerWatch& watch)
{
    ++connection.messages;
    Transmitter transmitter{context, connection, transaction, stored, watch};
    const auto ended = co_await transmitter.run();
    connection.reset_due = transaction.leaves_reset_due();
    if (ended != Transmitted::Done) {
        connection.reusable = false;
        connection.stream->close();
    }
    co_return ended;
}

}  // namespace hermetic::delivery
