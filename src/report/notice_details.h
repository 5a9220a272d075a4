// What administrators read in a notice, as lines: the attempts in brief, the last one in full.
//
// Pure. Specification §6.1 and §6.2; foreign text is escaped and bounded.
#pragma once

#include "report/content_decision.h"
#include "report/notice.h"

#include <string>
#include <vector>

namespace hermetic::report {

// An attempt in full: hosts, policy and its sources, each step, what a handshake showed, the
// outcomes. Lines that end in '\n', at most 4,000 octets.
[[nodiscard]] std::string format_attempt(const facts::Attempt& attempt);

// The same without what anybody said of its recipients: codes and reasons stay. Of what
// format_attempt() made, today or before.
[[nodiscard]] std::string without_words(std::string_view attempt);

// At most a few hundred lines.
[[nodiscard]] std::vector<std::string> tell_details(const NoticeInput& input,
                                                    const NoticeDecision& decision,
                                                    const ContentDecision& content);

}  // namespace hermetic::report
