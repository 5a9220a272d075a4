// What administrators read in a notice: every attempt that is known, as lines.
#pragma once

#include "report/content_decision.h"
#include "report/notice.h"

#include <string>
#include <vector>

namespace hermetic::report {

// At most a few hundred lines; foreign text escaped and bounded.
[[nodiscard]] std::vector<std::string> tell_details(const NoticeInput& input,
                                                    const NoticeDecision& decision,
                                                    const ContentDecision& content);

}  // namespace hermetic::report
