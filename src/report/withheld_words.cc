#include "report/withheld_words.h"

#include "report/notice_details.h"

#include <utility>

namespace hermetic::report {

NoticeInput without_words(NoticeInput input)
{
    for (RecipientReport& report : input.recipients) {
        facts::Outcome& outcome = report.outcome;
        const bool replied = outcome.origin == facts::Origin::Remote;
        const bool has_status = outcome.enhanced.subject != 0 || outcome.enhanced.detail != 0;
        outcome.text = replied && has_status ? outcome.enhanced.format() : std::string{};
        outcome.fix.clear();
    }
    for (facts::AttemptCause& cause : input.history.causes) cause.text.clear();
    input.last_attempt = without_words(std::string_view{input.last_attempt});
    return input;
}

}  // namespace hermetic::report
