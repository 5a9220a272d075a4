#include "outbound/io_outcome.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "net/stream.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::outbound {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Stage;
using Kind = net::StreamError::Kind;
using facts::local_outcome;
using facts::Reason;

}  // namespace

Outcome connect_outcome(const net::StreamError& error, std::string_view where)
{
    auto text = fmt::format("{}: {}", where, net::describe(error));
    switch (error.kind) {
    case Kind::Refused:
        return local_outcome(Reason::ConnectRefused, std::move(text));
    case Kind::TimedOut:
        return local_outcome(Reason::ConnectTimedOut, std::move(text));
    case Kind::Cancelled:
        return local_outcome(Reason::DeliveryStopping, Stage::Connect, std::move(text));
    case Kind::Local:
        return local_outcome(Reason::ConnectLocalError, std::move(text));
    default:
        return local_outcome(Reason::ConnectUnreachable, std::move(text));
    }
}

Outcome stream_outcome(Stage stage, const net::StreamError& error)
{
    auto text = net::describe(error);
    switch (error.kind) {
    case Kind::TimedOut:
        return local_outcome(Reason::ConnectionTimedOut, stage, std::move(text));
    case Kind::LineTooLong:
        return local_outcome(Reason::ReplyMalformed, stage, std::move(text));
    case Kind::TlsAlert:
    case Kind::TlsBroken:
        return local_outcome(Reason::ConnectionTlsBroken, stage, std::move(text));
    case Kind::Cancelled:
        return local_outcome(Reason::DeliveryStopping, stage, std::move(text));
    case Kind::Closed:
    case Kind::Reset:
    case Kind::Refused:
    case Kind::Unreachable:
    case Kind::Local:
        return local_outcome(Reason::ConnectionClosed, stage, std::move(text));
    }
    unreachable("every StreamError::Kind is handled above");
}

Outcome gave_way_outcome(Stage stage)
{
    return local_outcome(Reason::ConnectionGaveWay, stage,
                         "the server did not respond while other mail waited for a connection");
}

Outcome malformed_outcome(Stage stage, smtp::ReplyError error)
{
    return local_outcome(Reason::ReplyMalformed, stage, std::string{smtp::describe(error)});
}

Outcome handshake_outcome(Reason reason, const facts::TlsFailure* failure)
{
    return local_outcome(reason, Stage::Handshake,
                         failure != nullptr ? facts::describe(*failure) : std::string{});
}

void make_temporary(Outcome& outcome)
{
    constexpr std::uint8_t kPermanent = 5;
    constexpr std::uint8_t kTemporary = 4;
    outcome.result = OutcomeClass::Deferred;
    if (outcome.enhanced.status_class == kPermanent) outcome.enhanced.status_class = kTemporary;
    if (outcome.origin == facts::Origin::Local) outcome.code = 450;
}

bool is_lost_connection(Reason reason)
{
    return reason == Reason::ConnectionClosed || reason == Reason::ConnectionTimedOut ||
           reason == Reason::ConnectionTlsBroken || reason == Reason::ConnectionGaveWay;
}

bool is_unfit_host(Reason reason)
{
    return reason == Reason::SizeExceedsPeer || reason == Reason::ContentNeeds8bitmime ||
           reason == Reason::ContentNeedsSmtputf8;
}

}  // namespace hermetic::outbound
