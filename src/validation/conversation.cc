#include "validation/conversation.h"

#include "core/text.h"
#include "delivery/io_outcome.h"
#include "delivery/talk.h"
#include "net/core.h"
#include "smtp/client_session.h"

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using End = Seen::End;
using Next = smtp::ClientSession::Next;

smtp::Dialect dialect_of(const delivery::Host& host)
{
    return host.protocol == objects::HostProtocol::Lmtp ? smtp::Dialect::Lmtp : smtp::Dialect::Smtp;
}

class Caller {
public:
    Caller(const Environment& env, CallRequest request)
        : env_{env},
          request_{std::move(request)},
          session_{dialect_of(request_.host), env.settings->ehlo_name()}
    {
    }

    net::Task<Call> run();

private:
    net::Task<bool> connect();
    net::Task<bool> hear(std::string_view write);
    net::Task<bool> shake_hands();
    bool on_ready();
    void on_lost(const delivery::TalkError& error);
    void end(End how, facts::Stage stage);
    void fail_handshake(facts::TlsFailure failure);

    const Environment& env_;
    CallRequest request_;
    smtp::ClientSession session_;
    smtp::ClientSession::Step step_;
    bool fresh_tls_ = false;  // nothing has been read since the handshake
    Call call_;
};

net::Task<Call> Caller::run()
{
    const bool connected = co_await connect();
    if (!connected) co_return std::move(call_);
    step_ = session_.start();
    bool going_on = true;
    while (going_on) {
        switch (step_.next) {
        case Next::ReadReply:
            going_on = co_await hear(step_.write);
            break;
        case Next::Handshake:
            going_on = co_await shake_hands();
            break;
        case Next::Ready:
            going_on = on_ready();
            break;
        case Next::Failed:
            call_.seen.outcome = *session_.failure();
            end(session_.failure()->stage == facts::Stage::StartTls ? End::Refused : End::Failed,
                session_.failure()->stage);
            going_on = false;
            break;
        }
    }
    const bool usable = call_.seen.end == End::Ready || call_.seen.end == End::NotOffered;
    if (!usable) call_.stream->close();
    co_return std::move(call_);
}

net::Task<bool> Caller::connect()
{
    const auto deadline = env_.within(env_.patience.connect);
    const auto& path = request_.host.unix_path;
    Result<std::unique_ptr<net::Stream>, net::StreamError> connected;
    if (!path.empty()) {
        connected = co_await net::Stream::connect_unix(env_.core, path, deadline);
    } else {
        const auto local = delivery::source_address(env_.settings->options, request_.endpoint);
        connected = co_await net::Stream::connect(env_.core, request_.endpoint, local, deadline);
    }
    if (connected) {
        call_.stream = *std::move(connected);
        co_return true;
    }
    call_.seen.outcome = delivery::connect_outcome(
        connected.error(), path.empty() ? request_.endpoint.format() : path);
    end(End::Failed, facts::Stage::Connect);
    co_return false;
}

net::Task<bool> Caller::hear(std::string_view write)
{
    auto reply =
        co_await delivery::exchange(*call_.stream, write, env_.within(env_.patience.reply));
    if (!reply) {
        on_lost(reply.error());
        co_return false;
    }
    if (session_.stage() == facts::Stage::Greeting) call_.seen.greeting = printable(reply->text);
    fresh_tls_ = false;
    step_ = session_.on_reply(*reply);
    co_return true;
}

bool Caller::on_ready()
{
    auto& seen = call_.seen;
    (session_.in_tls() ? seen.offered_in_tls : seen.offered) = session_.capabilities();
    if (request_.handshaking.context == nullptr || session_.in_tls()) {
        end(End::Ready, facts::Stage::Done);
        return false;
    }
    if (!session_.capabilities().starttls) {
        end(End::NotOffered, facts::Stage::StartTls);
        return false;
    }
    step_ = session_.start_tls();
    return true;
}

net::Task<bool> Caller::shake_hands()
{
    call_.seen.injected = delivery::discard_injected(*call_.stream);
    tls::ClientHandshake handshake;
    handshake.context = request_.handshaking.context;
    handshake.trust = request_.handshaking.trust;
    handshake.tlsa = request_.tlsa;
    handshake.sni = request_.tlsa != nullptr ? request_.tlsa->base : request_.host.name;
    handshake.expected_name = request_.host.name;
    call_.stream->until(env_.within(env_.patience.handshake));
    auto evidence = co_await call_.stream->start_tls(std::move(handshake));
    if (!evidence) {
        fail_handshake(std::move(evidence.error()));
        co_return false;
    }
    call_.seen.tls = *std::move(evidence);
    fresh_tls_ = true;
    step_ = session_.on_tls();
    co_return true;
}

void Caller::on_lost(const delivery::TalkError& error)
{
    // With TLS 1.3 the peer judges our certificate after our handshake is over.
    if (fresh_tls_ && error.stream.kind == net::StreamError::Kind::TlsAlert && error.stream.tls) {
        return fail_handshake(*error.stream.tls);
    }
    const auto stage = session_.stage();
    call_.seen.outcome = delivery::talk_outcome(stage, error);
    end(stage == facts::Stage::StartTls ? End::Refused : End::Failed, stage);
}

void Caller::fail_handshake(facts::TlsFailure failure)
{
    call_.seen.outcome = delivery::handshake_outcome(delivery::handshake_reason(failure), &failure);
    call_.seen.failure = std::move(failure);
    end(End::HandshakeFailed, facts::Stage::Handshake);
}

void Caller::end(End how, facts::Stage stage)
{
    call_.seen.end = how;
    call_.seen.stage = stage;
}

}  // namespace

Instant Environment::within(Duration duration) const
{
    return std::min(until, core.clock().now() + duration);
}

net::Task<Call> call(const Environment& env, CallRequest request)
{
    Caller caller{env, std::move(request)};
    co_return co_await caller.run();
}

void hang_up(Call& call)
{
    if (call.stream == nullptr) return;
    call.stream->write_last_words("QUIT\r\n");
    call.stream->close();
    call.stream.reset();
}

}  // namespace hermetic::validation
