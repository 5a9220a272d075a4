#include "outbound/dial.h"

#include "core/assert.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/io_outcome.h"
#include "outbound/peer_watch.h"
#include "outbound/talk.h"

#include <utility>

namespace hermetic::outbound {
namespace {

// A connect that a stop may cut.
class Watched {
public:
    Watched(Context& context, net::Connecting& connecting)
        : context_{context}, connecting_{connecting}
    {
        context_.watch(connecting_);
    }
    ~Watched() { context_.unwatch(connecting_); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

private:
    Context& context_;
    net::Connecting& connecting_;
};

class Dialer {
public:
    Dialer(Context& context, DialRequest request)
        : context_{context}, settings_{context.settings}, request_{std::move(request)}
    {
    }
    ~Dialer()
    {
        if (stream_ != nullptr) context_.unwatch(*stream_);
    }
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;

    net::Task<DialResult> run();

private:
    net::Task<bool> connect();
    [[nodiscard]] OpeningRequest opening();
    [[nodiscard]] tls::ClientHandshake handshake(const policy::StepPlan& plan);
    [[nodiscard]] Instant deadline(facts::Stage stage) const;
    [[nodiscard]] bool has_given_way() const;
    void give_way(facts::Stage stage);

    Context& context_;
    SettingsPointer settings_;
    DialRequest request_;
    net::Stream* stream_ = nullptr;
    ConnectionPointer connection_;
    DialResult result_;
};

net::Task<DialResult> Dialer::run()
{
    const bool connected = co_await connect();
    if (!connected) co_return std::move(result_);
    auto request = opening();
    static_cast<Opened&>(result_) = co_await open_session(*stream_, std::move(request));
    if (has_given_way()) {
        give_way(result_.stage);
        co_return std::move(result_);
    }
    if (result_.is_usable()) {
        const bool in_tls = result_.offered_in_tls.has_value();
        connection_->capabilities = in_tls ? *result_.offered_in_tls : *result_.offered;
        // RFC 8689 §2: what is said of it in clear counts for nothing.
        if (!in_tls) connection_->capabilities.require_tls = false;
        connection_->tls = std::exchange(result_.tls, std::nullopt);
        result_.connection = std::move(connection_);
    }
    result_.unreachable =
        result_.lost && result_.stage == facts::Stage::Greeting && !context_.stopping();
    co_return std::move(result_);
}

net::Task<bool> Dialer::connect()
{
    auto& core = context_.adapters.core;
    const auto& host = request_.host;
    const auto deadline = context_.within(settings_->options.connect_timeout);
    net::Connecting connecting;
    const Watched watched{context_, connecting};
    std::shared_ptr<void> heard;
    if (request_.watch != nullptr)
        heard = request_.watch->attach(connecting, request_.endpoint.address, context_.now());
    Result<std::unique_ptr<net::Stream>, net::StreamError> connected;
    if (!host.unix_path.empty()) {
        connected = co_await net::Stream::connect_unix(core, host.unix_path, deadline, &connecting);
    } else {
        const auto local = source_address(settings_->options, request_.endpoint);
        connected =
            co_await net::Stream::connect(core, request_.endpoint, local, deadline, &connecting);
    }
    if (has_given_way()) {
        give_way(facts::Stage::Connect);
        co_return false;
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
    context_.adapters.metrics.add(metrics::Metric::OutboundConnections);
    connection_ = std::make_unique<Connection>();
    connection_->stream = *std::move(connected);
    stream_ = connection_->stream.get();
    context_.watch(*stream_);
    if (request_.watch != nullptr) connection_->watched = request_.watch->attach(*stream_);
    connection_->host = host.label();
    connection_->endpoint = request_.endpoint;
    connection_->session = core.ids().next_session();
    connection_->policy_key = request_.reuse_key;
    connection_->dialect = dialect_of(host);
    connection_->live =
        context_.count_in(host.unix_path.empty() ? request_.endpoint.format() : host.unix_path);
    co_return true;
}

OpeningRequest Dialer::opening()
{
    OpeningRequest request;
    request.dialect = connection_->dialect;
    request.implicit_tls = has_implicit_tls(request_.host);
    request.ehlo_name = settings_->ehlo_name();
    if (request_.plan) request.handshake = handshake(*request_.plan);
    request.deadline = [this](facts::Stage stage) { return deadline(stage); };
    return request;
}

tls::ClientHandshake Dialer::handshake(const policy::StepPlan& plan)
{
    auto made = handshake_with(request_.host, request_.server_name, request_.tlsa);
    made.context = context_.tls_context_for(plan, request_.identity.client_certificate);
    made.trust = request_.identity.trust;
    made.cache = context_.sessions.get();
    made.reuse_key = request_.reuse_key;
    return made;
}

bool Dialer::has_given_way() const
{
    return request_.watch != nullptr && request_.watch->has_given_way();
}

// Whatever it was about to say: nothing follows from it for the host, nor for clear text.
void Dialer::give_way(facts::Stage stage)
{
    result_ = DialResult{};
    result_.stage = stage;
    result_.lost = true;
    result_.outcome = gave_way_outcome(stage);
}

Instant Dialer::deadline(facts::Stage stage) const
{
    const auto& options = settings_->options;
    switch (stage) {
    case facts::Stage::Greeting:
        return context_.within(options.greeting_timeout);
    case facts::Stage::Handshake:
        return context_.within(options.connect_timeout);
    default:
        return context_.within(options.command_timeout);
    }
}

policy::ConnectionFacts::End end_of(Opened::End end)
{
    using End = policy::ConnectionFacts::End;
    switch (end) {
    case Opened::End::Ready:
        return End::Ready;
    case Opened::End::NotOffered:
        return End::NotOffered;
    case Opened::End::Refused:
        return End::Refused;
    case Opened::End::HandshakeFailed:
        return End::HandshakeFailed;
    case Opened::End::Failed:
        return End::Failed;
    }
    unreachable("every end of a connection is translated above");
}

}  // namespace

policy::ConnectionFacts take_facts(DialResult& result, Crowded crowded)
{
    using Peer = policy::ConnectionFacts::Peer;
    const bool greeted = result.end != Opened::End::Failed ||
                         (result.stage != facts::Stage::Connect &&
                          (result.stage != facts::Stage::Greeting || !result.lost));
    const bool silent = result.unreachable && crowded == Crowded::No;
    policy::ConnectionFacts facts;
    facts.end = end_of(result.end);
    facts.peer = greeted ? Peer::Greeted : silent ? Peer::Silent : Peer::Unknown;
    facts.injected = result.injected;
    const auto* capabilities = result.connection ? &result.connection->capabilities : nullptr;
    facts.requiretls = capabilities != nullptr && capabilities->require_tls;
    facts.tls = result.connection ? result.connection->tls : result.tls;
    facts.failure = result.failure;
    facts.outcome = std::move(result.outcome);
    return facts;
}

net::Task<DialResult> dial(Context& context, DialRequest request)
{
    Dialer dialer{context, std::move(request)};
    co_return co_await dialer.run();
}

}  // namespace hermetic::outbound
