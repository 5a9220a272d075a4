#include "smtp/client_session.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "smtp/reply_reader.h"

#include <utility>

namespace hermetic::smtp {

using facts::Reason;

ClientSession::ClientSession(Dialect dialect, std::string own_name)
    : dialect_{dialect}, own_name_{std::move(own_name)}
{
}

ClientSession::Step ClientSession::start()
{
    state_ = State::Greeting;
    return {Next::ReadReply, {}};
}

ClientSession::Step ClientSession::on_reply(const PeerReply& reply)
{
    if (reply.code == 421) busy_ = true;
    switch (state_) {
    case State::Greeting:
        if (reply.intermediate()) return fail_out_of_turn();
        return reply.positive() ? say_hello() : fail(reply);
    case State::Ehlo:
    case State::Helo:
        return on_hello_reply(reply);
    case State::StartTls:
        if (reply.intermediate()) return fail_out_of_turn();
        if (!reply.positive()) return fail(reply);
        state_ = State::Handshake;
        return {Next::Handshake, {}};
    case State::Handshake:
    case State::Ready:
    case State::Failed:
        return fail_out_of_turn();
    }
    unreachable("every State is handled above");
}

ClientSession::Step ClientSession::on_hello_reply(const PeerReply& reply)
{
    if (reply.intermediate()) return fail_out_of_turn();
    if (reply.positive()) {
        // HELO's reply offers nothing, whatever its text looks like.
        if (state_ == State::Ehlo) capabilities_ = parse_capabilities(reply);
        if (in_tls_) capabilities_.starttls = false;  // RFC 3207 §4.2: not again inside TLS
        state_ = State::Ready;
        return {Next::Ready, {}};
    }
    // RFC 5321 §3.2: a server that does not know EHLO. LMTP has no HELO.
    if (state_ == State::Ehlo && reply.permanent() && dialect_ == Dialect::Smtp) {
        state_ = State::Helo;
        out_ = "HELO " + own_name_ + "\r\n";
        return {Next::ReadReply, out_};
    }
    return fail(reply);
}

ClientSession::Step ClientSession::start_tls()
{
    HERMETIC_ASSERT(state_ == State::Ready && !in_tls_ && capabilities_.starttls);
    state_ = State::StartTls;
    return {Next::ReadReply, "STARTTLS\r\n"};
}

ClientSession::Step ClientSession::on_tls()
{
    in_tls_ = true;
    // Behind implicit TLS the greeting is still to come.
    if (state_ == State::Greeting) return {Next::ReadReply, {}};
    capabilities_ = Capabilities{};
    return say_hello();
}

facts::Stage ClientSession::stage() const
{
    switch (state_) {
    case State::Greeting:
        return facts::Stage::Greeting;
    case State::Ehlo:
    case State::Helo:
        return facts::Stage::Ehlo;
    case State::StartTls:
        return facts::Stage::StartTls;
    case State::Handshake:
        return facts::Stage::Handshake;
    case State::Ready:
        return facts::Stage::Mail;
    case State::Failed:
        return failure_->stage;
    }
    unreachable("every State is handled above");
}

ClientSession::Step ClientSession::say_hello()
{
    state_ = State::Ehlo;
    out_ = (dialect_ == Dialect::Lmtp ? "LHLO " : "EHLO ") + own_name_ + "\r\n";
    return {Next::ReadReply, out_};
}

ClientSession::Step ClientSession::fail(const PeerReply& reply)
{
    failure_ = outcome_of_reply(stage(), reply);
    state_ = State::Failed;
    return {Next::Failed, {}};
}

ClientSession::Step ClientSession::fail_out_of_turn()
{
    failure_ = facts::local_outcome(Reason::ReplyUnexpected, stage(),
                                    "the server sent a reply that belongs to no command");
    state_ = State::Failed;
    return {Next::Failed, {}};
}

}  // namespace hermetic::smtp
