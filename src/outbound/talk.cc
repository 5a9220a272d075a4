#include "outbound/talk.h"

#include "facts/reasons.h"
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
    return {std::move(error), std::nullopt};
}

}  // namespace

facts::Outcome talk_outcome(facts::Stage stage, const TalkError& error)
{
    if (error.unasked) {
        return facts::local_outcome(facts::Reason::ReplyUnexpected, stage,
                                    "the server sent data before it was asked");
    }
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
        if (!reply) co_return failure(TalkError{net::StreamError{}, reply.error()});
        if (!*reply) continue;
        stream.note_progress();
        co_return std::move(**reply);
    }
}

bool has_come(net::Stream& stream)
{
    if (!stream.is_tls() && stream.buffered() == 0 && !stream.has_octets_in_socket()) return false;
    return stream.has_unread_input();
}

net::Task<bool> has_spoken_unasked(net::Stream& stream, std::size_t due)
{
    if (!has_come(stream)) co_return false;
    const auto there = co_await stream.peek();
    co_return there&& smtp::speaks_unasked(*there, due);
}

TalkError unasked()
{
    TalkError error;
    error.unwritten = true;
    error.unasked = true;
    return error;
}

net::Task<Result<PeerReply, TalkError>> exchange(net::Stream& stream, std::string_view write,
                                                 Instant deadline, std::optional<std::size_t> due)
{
    if (!write.empty()) {
        if (due && has_come(stream)) {
            const bool early = co_await has_spoken_unasked(stream, *due);
            if (early) co_return failure(unasked());
        }
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
