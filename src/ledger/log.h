// The structured log: one line per session, message and attempt, JSON or text.
//
// Thread-safe and never blocking: a writer thread takes batches; when it cannot keep up, lines are
// dropped, counted, and the count is logged. Callers hand in facts, the ledger finds the words.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "mail/envelope.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::ledger {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

// The end of an inbound session.
struct SessionFacts {
    SessionId id;
    std::string listener;
    Endpoint client;
    std::string helo;
    std::optional<facts::TlsEvidence> tls;
    std::optional<facts::TlsFailure> tls_failure;
    std::uint32_t messages = 0;
    std::uint32_t refused = 0;  // commands answered 4xx or 5xx
    // Of the last transaction: the inbound connector that admitted the client, and why it or none.
    std::string connector;
    std::string because;
    bool legacy = false;  // of a listener that takes old versions of TLS
    std::string ended;    // "quit", "closed", "timed-out", "limit.errors" …
    Duration took{};
};

// A message accepted or refused at the end of DATA or BDAT.
struct MessageFacts {
    MessageId id;  // nil where refused
    SessionId session;
    std::string sender;
    std::vector<std::string> recipients;
    std::uint64_t size = 0;
    std::string message_id;
    std::string verdict;    // "accepted", or the dotted id of the refusal
    std::string connector;  // as in SessionFacts
    std::string because;
    int code = 250;
    std::string text;
    std::vector<std::string> routes;  // key and reason of each split
};

// A notice made by us.
struct NoticeFacts {
    MessageId id;      // the notice's; nil where it was dropped
    MessageId about;   // accepted_as of its cause
    std::string kind;  // "failure", "delay", "relayed", "delivered"
    std::string to;
    facts::Reason reason{};  // why it was made or dropped
    // What it has of a message that required TLS, and why; None: it required none.
    facts::Reason content{};
};

class Log {
public:
    virtual ~Log() = default;
    virtual void session(SessionFacts session) = 0;
    virtual void message(MessageFacts message) = 0;
    virtual void attempt(facts::Attempt attempt) = 0;
    virtual void notice(NoticeFacts notice) = 0;
    // Anything else: event is a dotted id ("listener.ready", "reload.failed"), fields for people.
    using Field = std::pair<std::string_view, std::string>;
    virtual void event(Level level, std::string_view event, std::vector<Field> fields) = 0;
    // Reopens the file (log rotation), at SIGHUP.
    virtual void reopen() = 0;
    virtual void flush() = 0;
};

struct LogSettings {
    enum class Format : std::uint8_t { Json, Text };
    Format format = Format::Text;
    std::string file;  // empty: standard error
    Level level = Level::Info;
};
// Never fails on start: a file that cannot be opened is reported on standard error, which is used.
[[nodiscard]] std::unique_ptr<Log> make_log(const LogSettings& settings, const Clock& clock);

}  // namespace hermetic::ledger
