#include "facts/attempt_history.h"

#include "core/quote.h"
#include "core/text.h"
#include "facts/outcome_words.h"

#include <algorithm>
#include <iterator>

namespace hermetic::facts {
namespace {

constexpr std::size_t kMaxText = 200;

// The one whose last attempt is the longest ago; never the first.
void make_room(AttemptHistory& history)
{
    const auto oldest = std::min_element(
        history.causes.begin() + 1, history.causes.end(),
        [](const AttemptCause& a, const AttemptCause& b) { return a.last < b.last; });
    history.left_out += oldest->count;
    history.causes.erase(oldest);
}

}  // namespace

void note(AttemptHistory& history, std::uint32_t number, WallTime at, const Outcome& outcome,
          const std::string& host)
{
    const RecordedReason reason = outcome.reason;
    const std::string where = printable(host, kMaxText);
    auto cause = std::ranges::find_if(history.causes, [&](const AttemptCause& each) {
        return each.reason == reason && each.host == where;
    });
    if (cause == history.causes.end()) {
        if (history.causes.size() == AttemptHistory::kMaxCauses) make_room(history);
        history.causes.push_back({number, 0, 0, at, at, reason, where, {}});
        cause = std::prev(history.causes.end());
    }
    if (cause->last == number && cause->last_at == at) return;
    cause->last = number;
    cause->last_at = at;
    ++cause->count;
    cause->text = format_words(outcome, kMaxText);
}

std::string format_words(const Outcome& outcome, std::size_t max)
{
    // What is foreign in words of ours was made printable when it came in.
    if (outcome.origin == Origin::Local) return printable_once(outcome.text, max);
    return printable(reply_line(outcome), max);
}

}  // namespace hermetic::facts
