#include "delivery/dial.h"

#include "delivery/io_outcome.h"
#include "delivery/office.h"
#include "delivery/talk.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::delivery {
namespace {

using End = DialResult::End;
using Next = smtp::ClientSession::Next;

// A connect that a stop may cut.
class Watched {
public:
    Watched(Office& office, net::Connecting& connecting) : office_{office}, connecting_{connecting}
    {
        office_.watch(connecting_);
    }
    ~Watched() { office_.unwatch(connecting_); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

private:
    Office& office_;
    net::Connecting& connecting_;
};

class Dialer {
public:
    Dialer(Office& office, DialRequest request)
        : office_{office},
          settings_{office.settings},
          request_{std::move(request)},
          session_{request_.host.protocol == objects::HostProtocol::Lmtp ? smtp::Dialect::Lmtp
                                                                         : smtp::Dialect::Smtp,
                   settings_->ehlo_name()}
    {
    }
    ~Dialer()
    {
        if (stream_ != nullptr) office_.unwatch(*stream_);
    }
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    net::Task<DialResult> run();

private:
    net::Task<bool> connect();
    net::Task<bool> hear(std::string_view write);
    net::Task<bool> shake_hands();
    void on_lost(const TalkError& error);
    void finish(End end);
    [[nodiscard]] Instant reply_deadline() const;

    Office& office_;
    SettingsPointer settings_;
    DialRequest request_;
    smtp::ClientSession session_;
    smtp::ClientSession::Step step_;
    net::Stream* stream_ = nullptr;
    ConnectionPointer connection_;
    bool fresh_tls_ = false;  // nothing has been read since the handshake
    DialResult result_;
};

net::Task<DialResult> Dialer::run()
{
    const bool connected = co_await connect();
    if (!connected) co_return std::move(result_);
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
            if (!request_.plan || session_.in_tls()) {
                finish(End::Ready);
                going_on = false;
            } else if (!session_.capabilities().starttls) {
                finish(End::NotOffered);
                going_on = false;
            } else {
                step_ = session_.start_tls();
            }
            break;
        case Next::Failed:
            result_.outcome = *session_.failure();
            result_.stage = result_.outcome->stage;
            finish(result_.stage == facts::Stage::StartTls ? End::Refused : End::Failed);
            going_on = false;
            break;
        }
    }
    co_return std::move(result_);
}

net::Task<bool> Dialer::connect()
{
    auto& core = office_.adapters.core;
    const auto& host = request_.host;
    const auto deadline = office_.within(settings_->options.connect_timeout);
    net::Connecting connecting;
    const Watched watched{office_, connecting};
    Result<std::unique_ptr<net::Stream>, net::StreamError> connected;
    if (!host.unix_path.empty()) {
        connected = co_await net::Stream::connect_unix(core, host.unix_path, deadline, &connecting);
    } else {
        const auto local = source_address(settings_->options, request_.endpoint);
        connected =
            co_await net::Stream::connect(core, request_.endpoint, local, deadline, &connecting);
    }
    if (!connected) {
        using Kind = net::StreamError::Kind;
        const auto kind = connected.error().kind;
        result_.outcome =
            connect_outcome(connected.error(),
                            host.unix_path.empty() ? request_.endpoint.format() : host.unix_path);
        result_.refused_connect = kind == Kind::Refused;
        result_.unreachable = kind != Kind::Cancelled && kind != Kind::Local;
        co_return false;
    }
    office_.adapters.metrics.add(metrics::Metric::OutboundConnections);
    connection_ = std::make_unique<Connection>();
    connection_->stream = *std::move(connected);
    stream_ = connection_->stream.get();
    office_.watch(*stream_);
    connection_->host = host.label();
    connection_->endpoint = request_.endpoint;
    connection_->session = core.ids().next_session();
    connection_->pool_key = request_.reuse_key;
    connection_->dialect =
        host.protocol == objects::HostProtocol::Lmtp ? smtp::Dialect::Lmtp : smtp::Dialect::Smtp;
    connection_->live =
        office_.count_in(host.unix_path.empty() ? request_.endpoint.format() : host.unix_path);
    co_return true;
}

Instant Dialer::reply_deadline() const
{
    const auto& options = settings_->options;
    const bool greeting = session_.stage() == facts::Stage::Greeting;
    return office_.within(greeting ? options.greeting_timeout : options.command_timeout);
}

net::Task<bool> Dialer::hear(std::string_view write)
{
    auto reply = co_await exchange(*stream_, write, reply_deadline());
    if (!reply) {
        on_lost(reply.error());
        co_return false;
    }
    fresh_tls_ = false;
    step_ = session_.on_reply(*reply);
    result_.busy = session_.peer_is_busy();
    co_return true;
}

net::Task<bool> Dialer::shake_hands()
{
    result_.injected = discard_injected(*stream_);
    tls::ClientHandshake handshake;
    handshake.context = office_.context_for(*request_.plan, request_.identity.client_certificate);
    handshake.trust = request_.identity.trust;
    // RFC 7672 §2.2.3 and §3.1: under DANE the server is asked for by its base domain.
    handshake.tlsa = request_.tlsa;
    handshake.sni = request_.tlsa != nullptr ? request_.tlsa->base : request_.host.name;
    handshake.expected_name = request_.host.name;
    handshake.cache = office_.sessions.get();
    handshake.reuse_key = request_.reuse_key;
    if (handshake.context == nullptr) {
        result_.failure = facts::TlsFailure{
            facts::TlsFailure::Kind::Local, -1, "this server's TLS settings do not allow it", {}};
        finish(End::HandshakeFailed);
        co_return false;
    }
    stream_->until(office_.within(settings_->options.connect_timeout));
    auto evidence = co_await stream_->start_tls(std::move(handshake));
    if (!evidence) {
        result_.failure = std::move(evidence.error());
        finish(End::HandshakeFailed);
        co_return false;
    }
    connection_->tls = *std::move(evidence);
    fresh_tls_ = true;
    step_ = session_.on_tls();
    co_return true;
}

void Dialer::on_lost(const TalkError& error)
{
    result_.stage = session_.stage();
    // With TLS 1.3 the peer judges our certificate after our handshake is over.
    if (fresh_tls_ && error.stream.kind == net::StreamError::Kind::TlsAlert && error.stream.tls) {
        result_.failure = *error.stream.tls;
        return finish(End::HandshakeFailed);
    }
    result_.outcome = talk_outcome(result_.stage, error);
    result_.unreachable = result_.stage == facts::Stage::Greeting && !office_.stopping();
    finish(result_.stage == facts::Stage::StartTls ? End::Refused : End::Failed);
}

void Dialer::finish(End end)
{
    result_.end = end;
    if (end == End::HandshakeFailed) {
        result_.stage = facts::Stage::Handshake;
        result_.outcome = handshake_outcome(handshake_reason(*result_.failure), &*result_.failure);
    }
    if (end == End::Ready || end == End::NotOffered) {
        connection_->capabilities = session_.capabilities();
        result_.connection = std::move(connection_);
    } else {
        stream_->close();
    }
}

}  // namespace

net::Task<DialResult> dial(Office& office, DialRequest request)
{
    Dialer dialer{office, std::move(request)};
    co_return co_await dialer.run();
}

}  // namespace hermetic::delivery
