// Lines over a stream as SMTP replies: one write, one reply, one deadline. A peer is heard when its
// reply is whole (net::Stream::waiting_since).
#pragma once

#include "config/node_options.h"
#include "core/ip.h"
#include "core/result.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "net/stream.h"
#include "net/task.h"
#include "smtp/reply_reader.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace hermetic::outbound {

struct TalkError {
    net::StreamError stream;
    std::optional<smtp::ReplyError> malformed;  // set: the stream works, what came is no reply
    bool unwritten = false;                     // not all that was to be written first was
    bool unasked = false;                       // the peer spoke before it was asked
};
[[nodiscard]] facts::Outcome talk_outcome(facts::Stage stage, const TalkError& error);

// The whole reply by `deadline`, however many lines it has.
[[nodiscard]] net::Task<Result<smtp::PeerReply, TalkError>> read_reply(net::Stream& stream,
                                                                       Instant deadline);

// Writes, where there is something to write, and reads the reply. Where the peer has closed in the
// meantime, what it said before that is the answer. `write` outlives the await. `due`: replies that
// what was written before still waits for; more than that may not have come (speaks_unasked()), or
// it would be taken for the answer: then nothing is written. nullopt: the caller has just looked.
[[nodiscard]] net::Task<Result<smtp::PeerReply, TalkError>> exchange(
    net::Stream& stream, std::string_view write, Instant deadline,
    std::optional<std::size_t> due = 0);

// Whether octets have come that nobody has read. Of a bare end of the stream in clear the next read
// tells: who is gone may still have taken what was sent to it.
[[nodiscard]] bool has_come(net::Stream& stream);

// Before something is written: whether the peer has spoken unasked. Does not wait.
[[nodiscard]] net::Task<bool> has_spoken_unasked(net::Stream& stream, std::size_t due);
[[nodiscard]] TalkError unasked();

// After a write has failed: what the peer still had to say, or `error` where it is nothing.
[[nodiscard]] net::Task<Result<smtp::PeerReply, TalkError>> last_words(net::Stream& stream,
                                                                       net::StreamError error,
                                                                       Instant deadline);

// From where to connect: the first configured address of the family; nullopt: the kernel's choice.
[[nodiscard]] std::optional<IpAddress> source_address(const config::DeliveryOptions& options,
                                                      const Endpoint& to);

// A server speaks TLS only after the client's hello: what is here already came in clear, from it or
// from somebody in between, and is never interpreted (CVE-2011-0411). True where there was any.
[[nodiscard]] bool discard_injected(net::Stream& stream);

}  // namespace hermetic::outbound
