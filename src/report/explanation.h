// What an outcome means, in words for people who know nothing of mail servers.
//
// Pure. Specification §6.2: what happened, who can fix it, how. Our findings in the words of their
// reasons (facts/reasons.def), a peer's refusals by their status.
#pragma once

#include "facts/attempt.h"
#include "facts/reasons.h"
#include "report/notice.h"

#include <string_view>

namespace hermetic::report {

struct Explanation {
    std::string_view what;  // a sentence
    facts::Fixer helper = facts::Fixer::RecipientSide;
    std::string_view how;  // one or two sentences, addressed to the sender
};

[[nodiscard]] Explanation explain(Action action, const facts::Outcome& outcome);

[[nodiscard]] std::string_view describe(facts::Fixer helper);  // "You can."

}  // namespace hermetic::report
