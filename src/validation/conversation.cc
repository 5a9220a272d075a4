#include "validation/conversation.h"

#include "net/core.h"
#include "outbound/io_outcome.h"
#include "outbound/talk.h"

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

net::Task<bool> connect(const Environment& env, const CallRequest& request, Call& call)
{
    const auto deadline = env.within(env.patience.connect);
    const auto& path = request.host.unix_path;
    Result<std::unique_ptr<net::Stream>, net::StreamError> connected;
    if (!path.empty()) {
        connected = co_await net::Stream::connect_unix(env.core, path, deadline);
    } else {
        const auto local = outbound::source_address(env.settings->options, request.endpoint);
        connected = co_await net::Stream::connect(env.core, request.endpoint, local, deadline);
    }
    if (connected) {
        call.stream = *std::move(connected);
        co_return true;
    }
    call.seen.outcome = outbound::connect_outcome(connected.error(),
                                                  path.empty() ? request.endpoint.format() : path);
    co_return false;
}

outbound::OpeningRequest opening_for(const Environment& env, const CallRequest& request)
{
    outbound::OpeningRequest opening;
    opening.dialect = outbound::dialect_of(request.host);
    opening.implicit_tls = outbound::has_implicit_tls(request.host);
    opening.ehlo_name = env.settings->ehlo_name();
    if (request.handshaking.context != nullptr) {
        opening.handshake =
            outbound::handshake_with(request.host, request.server_name, request.tlsa);
        opening.handshake->context = request.handshaking.context;
        opening.handshake->trust = request.handshaking.trust;
    }
    opening.deadline = [&env](facts::Stage stage) {
        const bool handshake = stage == facts::Stage::Handshake;
        return env.within(handshake ? env.patience.handshake : env.patience.reply);
    };
    return opening;
}

}  // namespace

Instant Environment::within(Duration duration) const
{
    return std::min(until, core.clock().now() + duration);
}

net::Task<Call> call(const Environment& env, CallRequest request)
{
    Call call;
    const bool connected = co_await connect(env, request, call);
    if (!connected) co_return call;
    auto opening = opening_for(env, request);
    call.seen = co_await outbound::open_session(*call.stream, std::move(opening));
    co_return call;
}

void hang_up(Call& call)
{
    if (call.stream == nullptr) return;
    call.stream->write_last_words("QUIT\r\n");
    call.stream->close();
    call.stream.reset();
}

}  // namespace hermetic::validation
