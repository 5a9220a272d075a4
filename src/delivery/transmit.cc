#include "delivery/transmit.h"

#include "delivery/body_source.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/io_outcome.h"
#include "outbound/peer_watch.h"
#include "outbound/talk.h"
#include "smtp/client_dot_stuffer.h"

#include <optional>
#include <utility>

namespace hermetic::delivery {
namespace {

using Next = smtp::ClientTransaction::Next;
using Written = smtp::ClientTransaction::Written;
using facts::Reason;

// A message of up to so many octets is written with its final dot in one go.
constexpr std::size_t kOneWrite = std::size_t{64} << 10;

class Transmitter {
public:
    Transmitter(outbound::Context& context, outbound::Connection& connection,
                smtp::ClientTransaction& transaction, const spool::Body& body,
                outbound::PeerWatch& watch)
        : context_{context},
          connection_{connection},
          transaction_{transaction},
          body_{body},
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
    const spool::Body& body_;
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

net::Task<Transmitted> transmit(outbound::Context& context, outbound::Connection& connection,
                                smtp::ClientTransaction& transaction, const spool::Body& body,
                                outbound::PeerWatch& watch)
{
    ++connection.messages;
    Transmitter transmitter{context, connection, transaction, body, watch};
    const auto ended = co_await transmitter.run();
    connection.reset_due = transaction.leaves_reset_due();
    if (ended != Transmitted::Done) {
        connection.reusable = false;
        connection.stream->close();
    }
    co_return ended;
}

}  // namespace hermetic::delivery
