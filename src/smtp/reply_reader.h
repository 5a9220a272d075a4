// Assembles an SMTP server's replies from its lines, and says what one means as the outcome of an
// attempt. Pure: no sockets, no clock.
//
// Grammar and the multiline rule: RFC 5321 §4.2 and §4.2.1. Tolerated beyond it, and nothing else:
// lines up to kMaxLineOctets (the RFC's 512 are often passed), any second digit (571, 471 and 591
// are in use), and control octets in the text (they are escaped where the text is shown).
#pragma once

#include "core/result.h"
#include "facts/attempt.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// What a peer said. The peer's own words: never shown unescaped.
struct PeerReply {
    int code = 0;
    std::string text;  // without codes and separators; the lines joined by '\n'

    [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
    [[nodiscard]] bool intermediate() const { return code >= 300 && code < 400; }
    [[nodiscard]] bool temporary() const { return code >= 400 && code < 500; }
    [[nodiscard]] bool permanent() const { return code >= 500; }
    bool operator==(const PeerReply&) const = default;
};

// The enhanced status at the beginning of the text (RFC 2034 §4) where its class agrees with the
// code; else the class of the code alone, X.0.0.
[[nodiscard]] facts::EnhancedStatus enhanced_status(const PeerReply& reply);

enum class ReplyError {
    LineTooLong,
    BadCode,       // not [2-5][0-9][0-9]
    BadSeparator,  // the octet after the code is neither SP nor '-'
    BareNewline,   // CR or LF inside a line: two readers could disagree about where it ends
    CodeChanged,   // the lines of one reply disagree about the code
    TooManyLines,
};
[[nodiscard]] std::string_view describe(ReplyError error);  // "the reply's code is not a number …"

// Whether `input`, come and not read yet, goes on behind the `due` replies that were asked for:
// then something in it belongs to nothing that was said, or to what has not been said yet. A server
// that has to shut down may say 421 at any time (RFC 5321 §3.8).
[[nodiscard]] bool speaks_unasked(std::string_view input, std::size_t due);

// Feed it one line at a time, CRLF removed. After an error it is finished: close the connection, do
// not resynchronise.
class ReplyReader {
public:
    static constexpr std::size_t kMaxLineOctets = 2048;
    static constexpr std::size_t kMaxLines = 128;
    static constexpr std::size_t kMaxTextOctets = std::size_t{32} << 10;

    // nullopt: more lines follow.
    [[nodiscard]] Result<std::optional<PeerReply>, ReplyError> feed(std::string_view line);

private:
    PeerReply partial_;
    std::size_t lines_ = 0;
};

// What the peer's reply means at `stage`: delivered, deferred or failed by its first digit, and the
// reason that goes with it; the peer's words unchanged, the first 4096 octets of them.
// Specification §6.1.
[[nodiscard]] facts::Outcome outcome_of_reply(facts::Stage stage, const PeerReply& reply);

}  // namespace hermetic::smtp
