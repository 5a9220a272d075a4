#include "queue/selection.h"

#include "core/text.h"

#include <algorithm>

namespace hermetic::queue {

namespace {

bool names_address(std::string_view pattern, std::string_view address)
{
    if (!pattern.starts_with('@')) return iequals(pattern, address);
    return address.size() > pattern.size() &&
           iequals(address.substr(address.size() - pattern.size()), pattern);
}

// By the recipients' domains alone, which the queue has where they are few.
Selected judge_hosts(std::string_view pattern, const routing::RouteQuestion& question)
{
    if (question.hosts.empty()) return Selected::AskRecipients;
    const auto at = pattern.rfind('@');
    const std::string host = to_lower(pattern.substr(at + 1));
    const bool literal = !host.empty() && host.front() == '[';
    // Literals are compared as they are written: only the message itself can say.
    if (!literal && !question.names(host)) return Selected::No;
    return at == 0 && !literal ? Selected::Yes : Selected::AskRecipients;
}

template <typename Value>
bool matches(const std::optional<std::string>& wanted, const Value& value)
{
    return !wanted || *wanted == value;
}

}  // namespace

bool Selection::is_everything() const
{
    return !destination && !domain && !sender && !recipient && !reason && !older_than &&
           states == StateSet{};
}

Selected decide_selected(const Selection& selection, const MessageView& message, WallTime now)
{
    if (!selection.states.contains(message.state) ||
        !matches(selection.destination, message.destination))
        return Selected::No;
    if (selection.reason && *selection.reason != message.reason &&
        *selection.reason != message.waits_for)
        return Selected::No;
    if (selection.older_than && now - message.accepted_at < *selection.older_than)
        return Selected::No;
    if (selection.accepted_by && message.accepted_at > *selection.accepted_by) return Selected::No;
    if (selection.sender && !names_address(*selection.sender, message.sender)) return Selected::No;
    if (selection.domain && !message.question->names(*selection.domain)) return Selected::No;
    if (!selection.recipient) return Selected::Yes;
    return judge_hosts(*selection.recipient, *message.question);
}

bool names_one_of(std::string_view pattern, const std::vector<std::string>& recipients)
{
    return std::any_of(recipients.begin(), recipients.end(),
                       [pattern](const std::string& each) { return names_address(pattern, each); });
}

}  // namespace hermetic::queue
