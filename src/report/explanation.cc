#include "report/explanation.h"

#include "core/assert.h"
#include "facts/sender_words.h"

namespace hermetic::report {

namespace {

using facts::Fixer;
using facts::kAskRecipient;
using facts::kAskUs;
using facts::kTryLater;
using facts::Origin;

constexpr Explanation kRefused{"The recipient's mail system refused the message.",
                               Fixer::RecipientSide, kAskRecipient};
constexpr Explanation kNotNow{"The recipient's mail system has not accepted the message yet.",
                              Fixer::RecipientSide, kTryLater};
constexpr Explanation kOther{"The message could not be delivered.", Fixer::Us, kAskUs};

Explanation explain_finding(const facts::ReasonRow& row)
{
    return {row.sender_words, row.fixer, row.sender_advice};
}

Explanation explain_remote(const facts::Outcome& outcome)
{
    const facts::ReasonRow& row = facts::describe(outcome.reason);
    // What it says to STARTTLS and to a login is about the connection, not about the message.
    const bool about_connection =
        row.kind == facts::ReasonKind::Finding || outcome.stage == facts::Stage::Auth;
    if (about_connection && !row.sender_words.empty()) return explain_finding(row);
    const auto* said = facts::describe_status(outcome.enhanced);
    // RFC 5321 §4.2.3, of servers without enhanced status.
    constexpr facts::EnhancedStatus kTooLarge{5, 3, 4};
    if (said == nullptr && outcome.code == 552) said = facts::describe_status(kTooLarge);
    if (said != nullptr) return {said->sender_words, said->fixer, said->sender_advice};
    return outcome.result == facts::OutcomeClass::Failed ? kRefused : kNotNow;
}

Explanation explain_local(const facts::Outcome& outcome)
{
    const facts::ReasonRow& row = facts::describe(outcome.reason);
    return row.sender_words.empty() ? kOther : explain_finding(row);
}

}  // namespace

Explanation explain(Action action, const facts::Outcome& outcome)
{
    switch (action) {
    case Action::Delivered:
        return {"The message was delivered to the recipient's mailbox.", Fixer::Nobody, ""};
    case Action::Relayed:
        return {
            "The message was handed to the recipient's mail system, which does not confirm "
            "deliveries. You will get a notice only if delivery fails there.",
            Fixer::Nobody, ""};
    case Action::Delayed:
    case Action::Failed:
        break;
    }
    return outcome.origin == Origin::Remote ? explain_remote(outcome) : explain_local(outcome);
}

std::string_view describe(Fixer helper)
{
    switch (helper) {
    case Fixer::Nobody:
        return "Nobody needs to do anything.";
    case Fixer::Sender:
        return "You can.";
    case Fixer::Us:
        return "The administrators of the mail system that sent this notice.";
    case Fixer::RecipientSide:
        return "Those who run the recipient's mail system.";
    case Fixer::Network:
        return "Those who run the network between the mail systems; the administrators of the mail "
               "system that sent this notice can find out who.";
    }
    unreachable("every Fixer is described above");
}

}  // namespace hermetic::report
