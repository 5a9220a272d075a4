// The lines of the log: which facts of a session, message, attempt or notice stand in it, and how
// they are called. docs/reference/log.md describes them for people who parse them.
//
// Pure.
#pragma once

#include "ledger/line.h"
#include "ledger/log.h"

#include <string>

namespace hermetic::ledger {

[[nodiscard]] std::string_view name(Level level);

// Time, level and event: the beginning of every line.
[[nodiscard]] Line begin_line(LineFormat format, WallTime now, Level level, std::string_view event);

void describe_tls(Line& line, const facts::TlsEvidence& evidence);

[[nodiscard]] std::string format_session(LineFormat format, WallTime now,
                                         const SessionFacts& session);
[[nodiscard]] std::string format_message(LineFormat format, WallTime now,
                                         const MessageFacts& message);
// One line for each recipient: what an administrator greps for is a recipient.
[[nodiscard]] std::vector<std::string> format_attempt(LineFormat format, WallTime now,
                                                      const facts::Attempt& attempt);
[[nodiscard]] std::string format_notice(LineFormat format, WallTime now, const NoticeFacts& notice);

}  // namespace hermetic::ledger
