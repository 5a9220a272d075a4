#include "report/explanation.h"

#include "core/assert.h"
#include "facts/sender_words.h"

namespace hermetic::report {

namespace {

using facts::Fixer;
using facts::kAskRecipient;
using facts::kAskUs;
using facts::kCheckAddress;
using facts::Origin;

constexpr std::string_view kSmaller =
    "Send a smaller message: leave out or compress attachments, or share them in another way.";
constexpr std::string_view kTryLater = "Try again later, or reach the recipient in another way.";

// What a remote server says by its enhanced status (RFC 3463); -1 stands for any detail. The first
// row that matches counts.
struct StatusRow {
    int subject;
    int detail;
    Explanation explanation;
};

// clang-format off
constexpr StatusRow kRemote[] = {
    {1, 1,  {"The recipient's mail system does not know this address.", Fixer::Sender, kCheckAddress}},
    {1, 2,  {"The recipient's mail system does not know the domain, the part after the @ sign.", Fixer::Sender, kCheckAddress}},
    {1, 3,  {"The recipient's mail system does not understand this address.", Fixer::Sender, kCheckAddress}},
    {1, 6,  {"The recipient's mailbox has moved to another address.", Fixer::Sender, kCheckAddress}},
    {1, 7,  {"The recipient's mail system does not accept your own address as a sender.", Fixer::Us, kAskUs}},
    {1, 8,  {"The recipient's mail system does not accept your own address as a sender.", Fixer::Us, kAskUs}},
    {1, 10, {"The recipient's domain accepts no mail at all.", Fixer::Sender, kCheckAddress}},
    {1, -1, {"The recipient's mail system does not accept this address.", Fixer::Sender, kCheckAddress}},
    {2, 1,  {"The recipient's mailbox does not accept mail now.", Fixer::RecipientSide, kAskRecipient}},
    {2, 2,  {"The recipient's mailbox is full.", Fixer::RecipientSide, "Wait until the recipient has made room, or reach them in another way."}},
    {2, 3,  {"The message is too large for the recipient's mailbox.", Fixer::Sender, kSmaller}},
    {2, -1, {"The recipient's mailbox could not take the message.", Fixer::RecipientSide, kAskRecipient}},
    {3, 4,  {"The message is too large for the recipient's mail system.", Fixer::Sender, kSmaller}},
    {3, -1, {"The recipient's mail system has a problem of its own.", Fixer::RecipientSide, kTryLater}},
    {4, -1, {"The recipient's mail system could not pass the message on.", Fixer::RecipientSide, kAskRecipient}},
    {6, -1, {"The recipient's mail system cannot take a message of this form.", Fixer::Sender, "Send it in a simpler form: as plain text, without special characters in addresses."}},
    {7, -1, {"The recipient's mail system refused the message by its own rules.", Fixer::RecipientSide, kAskRecipient}},
};
// clang-format on

constexpr Explanation kRefused{"The recipient's mail system refused the message.",
                               Fixer::RecipientSide, kAskRecipient};
constexpr Explanation kNotNow{"The recipient's mail system did not take the message yet.",
                              Fixer::RecipientSide, kTryLater};
constexpr Explanation kTooLarge{"The message is too large for the recipient's mail system.",
                                Fixer::Sender, kSmaller};
constexpr Explanation kOther{"The message could not be delivered.", Fixer::Us, kAskUs};

bool matches(int subject, int detail, const facts::EnhancedStatus& status)
{
    return (subject == -1 || subject == status.subject) &&
           (detail == -1 || detail == status.detail);
}

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
    for (const StatusRow& each : kRemote) {
        if (matches(each.subject, each.detail, outcome.enhanced)) return each.explanation;
    }
    if (outcome.code == 552) return kTooLarge;
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
            "deliveries. You will hear of it only if something goes wrong there.",
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
        return "The administrators of the mail system that sends this notice.";
    case Fixer::RecipientSide:
        return "Those who run the recipient's mail system.";
    case Fixer::Network:
        return "Those who run the network between the mail systems; the administrators of the mail "
               "system that sends this notice can find out who.";
    }
    unreachable("every Fixer is described above");
}

}  // namespace hermetic::report
