// What went wrong below SMTP, as the outcome of an attempt.
//
// Pure. Specification §6.1.
#pragma once

#include "facts/attempt.h"
#include "smtp/reply_reader.h"

#include <string>
#include <string_view>

namespace hermetic::net {
struct StreamError;
}

namespace hermetic::outbound {

// A connection that could not be made.
[[nodiscard]] facts::Outcome connect_outcome(const net::StreamError& error, std::string_view where);

// A connection that ended, or fell silent, at `stage`.
[[nodiscard]] facts::Outcome stream_outcome(facts::Stage stage, const net::StreamError& error);

// A silent peer's connection that ended at `stage` because others needed its place.
[[nodiscard]] facts::Outcome gave_way_outcome(facts::Stage stage);

[[nodiscard]] facts::Outcome malformed_outcome(facts::Stage stage, smtp::ReplyError error);

[[nodiscard]] facts::Outcome handshake_outcome(facts::Reason reason,
                                               const facts::TlsFailure* failure);

// Makes it temporary, whatever the server calls it; its words stay.
void make_temporary(facts::Outcome& outcome);

// The session had begun, and the peer or the network ended it: another host may take the mail.
[[nodiscard]] bool is_lost_connection(facts::Reason reason);

// Nothing was sent, for the host does not offer what the message needs: another host may.
[[nodiscard]] bool is_unfit_host(facts::Reason reason);

}  // namespace hermetic::outbound
