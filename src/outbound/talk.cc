#include "outbound/talk.h"

#include "net/core.h"
#include "outbound/io_outcome.h"

#include <algorithm>
#include <utility>

namespace hermetic::outbound {
namespace {

using smtp::PeerReply;

// A peer that has closed has sent its last words already.
constexpr std::chrono::seconds kLastWords{2};

TalkError lost(net::StreamError error)
{
    return {std::move(error), std::nullopt, false};
}

}  // namespace

facts::Outcome talk_outcome(facts::Stage stage, const TalkError& error)
{
    return error.malformed ? malformed_outcome(stage, *error.malformed)
                           : stream_outcome(stage, error.stream);
}

net::Task<Result<PeerReply, TalkError>> read_reply(net::Stream& stream, Instant deadline)
{
    stream.until(deadline);
    smtp::ReplyReader reader;
    for (;;) {
        auto line = co_await stream.read_line(smtp::ReplyReader::kMaxLineOctets);
        if (!line) co_return failure(lost(std::move(line.error())));
        auto reply = reader.feed(line->text);
        if (!reply) co_return failure(TalkError{net::StreamError{}, reply.error(), false});
        if (*reply) co_return std::move(**reply);
    }
}

net::Task<Result<PeerReply, TalkError>> exchange(net::Stream& stream, std::string_view write,
                                                 Instant deadline)
{
    if (!write.empty()) {
        stream.until(deadline);
        auto written = co_await stream.write(write);
        if (!written) {
            auto last = co_await last_words(stream, std::move(written.error()), deadline);
            if (!last) last.error().unwritten = true;
            co_return last;
        }
    }
    co_return co_await read_reply(stream, deadline);
}

net::Task<Result<PeerReply, TalkError>> last_words(net::Stream& stream, net::StreamError error,
                                                   Instant deadline)
{
    using Kind = net::StreamError::Kind;
    if (error.kind != Kind::Closed && error.kind != Kind::Reset) co_return failure(lost(error));
    const Instant soon = std::min(deadline, stream.core().clock().now() + kLastWords);
    auto reply = co_await read_reply(stream, soon);
    // An alert tells more than the broken pipe that followed it.
    if (reply || reply.error().stream.kind == Kind::TlsAlert) co_return reply;
    co_return failure(lost(std::move(error)));
}

std::optional<IpAddress> source_address(const config::DeliveryOptions& options, const Endpoint& to)
{
    for (const auto& address : options.source_addresses) {
        if (address.is_v6() == to.address.is_v6()) return address;
    }
    return std::nullopt;
}

bool discard_injected(net::Stream& stream)
{
    constexpr int kMaxRounds = 16;  // of a buffer each: whoever floods us fails at the handshake
    bool any = false;
    for (int round = 0; round < kMaxRounds && stream.has_unread_input(); ++round) {
        any = true;
        stream.consume(stream.buffered());
    }
    return any;
}

}  // namespace hermetic::outbound
