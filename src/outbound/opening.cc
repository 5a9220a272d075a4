#include "outbound/opening.h"

#include "outbound/io_outcome.h"
#include "outbound/talk.h"
#include "policy/next_hop_facts.h"

#include <utility>

namespace hermetic::outbound {
namespace {

using End = Opened::End;
using facts::Stage;
using Next = smtp::ClientSession::Next;

class Opener {
public:
    Opener(net::Stream& stream, OpeningRequest request)
        : stream_{stream},
          request_{std::move(request)},
          session_{request_.dialect, request_.ehlo_name}
    {
    }

    net::Task<Opened> run();

private:
    net::Task<bool> hear(std::string_view write);
    net::Task<bool> shake_hands();
    bool on_ready();
    void on_failed(const facts::Outcome& outcome);
    void on_lost(const TalkError& error);
    void fail_handshake(facts::TlsFailure failure);
    void end(End how, Stage stage);

    net::Stream& stream_;
    OpeningRequest request_;
    smtp::ClientSession session_;
    smtp::ClientSession::Step step_;
    bool fresh_tls_ = false;  // nothing has been read since the handshake
    Opened opened_;
};

net::Task<Opened> Opener::run()
{
    step_ = session_.start();
    bool going_on = true;
    if (request_.implicit_tls) going_on = co_await shake_hands();
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
            on_failed(*session_.failure());
            going_on = false;
            break;
        }
    }
    if (!opened_.is_usable()) stream_.close();
    co_return std::move(opened_);
}

net::Task<bool> Opener::hear(std::string_view write)
{
    auto reply = co_await exchange(stream_, write, request_.deadline(session_.stage()));
    if (!reply) {
        on_lost(reply.error());
        co_return false;
    }
    if (session_.stage() == Stage::Greeting) opened_.greeting = reply->text;
    fresh_tls_ = false;
    step_ = session_.on_reply(*reply);
    opened_.busy = session_.peer_is_busy();
    co_return true;
}

bool Opener::on_ready()
{
    (session_.in_tls() ? opened_.offered_in_tls : opened_.offered) = session_.capabilities();
    if (!request_.handshake || session_.in_tls()) {
        end(End::Ready, Stage::Done);
        return false;
    }
    if (!session_.capabilities().starttls) {
        end(End::NotOffered, Stage::StartTls);
        return false;
    }
    step_ = session_.start_tls();
    return true;
}

net::Task<bool> Opener::shake_hands()
{
    // Before implicit TLS nothing of ours was said that could be answered in clear.
    if (!request_.implicit_tls) opened_.injected = discard_injected(stream_);
    if (!request_.handshake || request_.handshake->context == nullptr) {
        fail_handshake(
            {facts::TlsFailure::Kind::Local, -1, "this server's TLS settings do not allow it", {}});
        co_return false;
    }
    stream_.until(request_.deadline(Stage::Handshake));
    auto evidence = co_await stream_.start_tls(*std::move(request_.handshake));
    if (!evidence) {
        fail_handshake(std::move(evidence.error()));
        co_return false;
    }
    opened_.tls = *std::move(evidence);
    fresh_tls_ = true;
    step_ = session_.on_tls();
    co_return true;
}

// A server that closes has not refused STARTTLS.
void Opener::on_failed(const facts::Outcome& outcome)
{
    const bool refused = outcome.stage == Stage::StartTls && !facts::closes_session(outcome);
    opened_.outcome = outcome;
    end(refused ? End::Refused : End::Failed, outcome.stage);
}

void Opener::on_lost(const TalkError& error)
{
    // With TLS 1.3 the peer judges our certificate after our handshake is over.
    if (fresh_tls_ && error.stream.kind == net::StreamError::Kind::TlsAlert && error.stream.tls) {
        return fail_handshake(*error.stream.tls);
    }
    const auto stage = session_.stage();
    opened_.lost = true;
    opened_.outcome = talk_outcome(stage, error);
    // Where it spoke unasked STARTTLS was never sent: nothing has refused it.
    const bool refused = stage == Stage::StartTls && !error.unasked;
    end(refused ? End::Refused : End::Failed, stage);
}

void Opener::fail_handshake(facts::TlsFailure failure)
{
    opened_.outcome = handshake_outcome(policy::handshake_reason(failure), &failure);
    opened_.failure = std::move(failure);
    end(End::HandshakeFailed, Stage::Handshake);
}

void Opener::end(End how, Stage stage)
{
    opened_.end = how;
    opened_.stage = stage;
}

}  // namespace

smtp::Dialect dialect_of(const Host& host)
{
    return host.protocol == objects::HostProtocol::Lmtp ? smtp::Dialect::Lmtp : smtp::Dialect::Smtp;
}

bool has_implicit_tls(const Host& host)
{
    return host.protocol == objects::HostProtocol::Smtps;
}

tls::ClientHandshake handshake_with(const Host& host, std::string server_name,
                                    std::shared_ptr<const facts::TlsaSet> tlsa)
{
    tls::ClientHandshake handshake;
    handshake.expected_name = host.name.empty() ? server_name : host.name;
    handshake.sni = std::move(server_name);
    handshake.tlsa = std::move(tlsa);
    return handshake;
}

net::Task<Opened> open_session(net::Stream& stream, OpeningRequest request)
{
    Opener opener{stream, std::move(request)};
    co_return co_await opener.run();
}

}  // namespace hermetic::outbound
