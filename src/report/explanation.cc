#include "report/explanation.h"

#include "core/assert.h"

#include <optional>

namespace hermetic::report {

namespace {

using facts::Origin;
using facts::Stage;

constexpr std::string_view kCheckAddress =
    "Check the address for typing errors and send the message again. If it is right, ask the "
    "recipient in another way for the address that works now.";
constexpr std::string_view kAskRecipient =
    "Reach the recipient in another way, and ask them to show this notice to those who run their "
    "mail system.";
constexpr std::string_view kAskUs =
    "Show this notice to the administrators of your mail system; the address below reaches them.";
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
    {1, 1,  {"The recipient's mail system does not know this address.", Helper::Sender, kCheckAddress}},
    {1, 2,  {"The recipient's mail system does not know the domain, the part after the @ sign.", Helper::Sender, kCheckAddress}},
    {1, 3,  {"The recipient's mail system does not understand this address.", Helper::Sender, kCheckAddress}},
    {1, 6,  {"The recipient's mailbox has moved to another address.", Helper::Sender, kCheckAddress}},
    {1, 7,  {"The recipient's mail system does not accept your own address as a sender.", Helper::Us, kAskUs}},
    {1, 8,  {"The recipient's mail system does not accept your own address as a sender.", Helper::Us, kAskUs}},
    {1, 10, {"The recipient's domain accepts no mail at all.", Helper::Sender, kCheckAddress}},
    {1, -1, {"The recipient's mail system does not accept this address.", Helper::Sender, kCheckAddress}},
    {2, 1,  {"The recipient's mailbox does not accept mail now.", Helper::RecipientSide, kAskRecipient}},
    {2, 2,  {"The recipient's mailbox is full.", Helper::RecipientSide, "Wait until the recipient has made room, or reach them in another way."}},
    {2, 3,  {"The message is too large for the recipient's mailbox.", Helper::Sender, kSmaller}},
    {2, -1, {"The recipient's mailbox could not take the message.", Helper::RecipientSide, kAskRecipient}},
    {3, 4,  {"The message is too large for the recipient's mail system.", Helper::Sender, kSmaller}},
    {3, -1, {"The recipient's mail system has a problem of its own.", Helper::RecipientSide, kTryLater}},
    {4, -1, {"The recipient's mail system could not pass the message on.", Helper::RecipientSide, kAskRecipient}},
    {6, -1, {"The recipient's mail system cannot take a message of this form.", Helper::Sender, "Send it in a simpler form: as plain text, without special characters in addresses."}},
    {7, -1, {"The recipient's mail system refused the message by its own rules.", Helper::RecipientSide, kAskRecipient}},
};

// Our own decisions, by their stage, and status where that tells more.
struct LocalRow {
    Stage stage;
    int subject;
    int detail;
    Explanation explanation;
};
constexpr LocalRow kLocal[] = {
    {Stage::Dns, 1, 2,    {"The domain, the part after the @ sign, does not exist.", Helper::Sender, kCheckAddress}},
    {Stage::Dns, 1, 10,   {"The recipient's domain says that it accepts no mail at all.", Helper::Sender, kCheckAddress}},
    {Stage::Dns, 4, 6,    {"The recipient's domain sends mail back to our own server, which does not handle it.", Helper::Us, kAskUs}},
    {Stage::Dns, -1, -1,  {"The recipient's mail system could not be found: the directory of internet names gave no usable answer about its domain.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Route, 4, 6,  {"The message went in a circle between mail systems and was stopped.", Helper::Us, kAskUs}},
    {Stage::Route, -1, -1, {"Our server has no way to the recipient's mail system.", Helper::Us, kAskUs}},
    {Stage::Connect, -1, -1, {"The recipient's mail system could not be reached: it did not answer.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Greeting, -1, -1, {"The recipient's mail system did not answer as it should.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Ehlo, -1, -1, {"The recipient's mail system did not answer as it should.", Helper::RecipientSide, kAskRecipient}},
    {Stage::StartTls, -1, -1, {"The recipient's mail system does not offer, or refused, the protected connection that this message is to be sent over. It was not sent unprotected.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Handshake, -1, -1, {"A protected connection to the recipient's mail system could not be made. The message was not sent unprotected.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Verify, -1, -1, {"The recipient's mail system could not prove that it is the right one, so the message was not handed to it.", Helper::RecipientSide, kAskRecipient}},
    {Stage::Auth, -1, -1, {"Our server could not log in to the mail system that passes its mail on.", Helper::Us, kAskUs}},
};
// clang-format on

// Our findings about TLS, by their ids: who repairs what. A prefix ends with a dot.
struct ReasonRow {
    std::string_view reason;
    Explanation explanation;
};
// clang-format off
constexpr ReasonRow kTls[] = {
    {"starttls.", {"The recipient's mail system does not offer, or refused, the protected connection that this message is to be sent over. It was not sent unprotected.", Helper::RecipientSide, "Reach the recipient in another way. Those who run their mail system have to make it offer encryption (STARTTLS); ask the recipient to show them this notice."}},
    {"ladder.inappropriate-fallback", {"Something between the two mail systems disturbs the protected connection. The message was not sent unprotected.", Helper::Us, kAskUs}},
    {"retirement.", {"The recipient's mail system uses an encryption that is too old, and that our server is giving up step by step. The message was not sent this time.", Helper::RecipientSide, "Ask the recipient to show this notice to those who run their mail system: it needs TLS 1.2 or later. Until then some messages arrive late, and in the end none do."}},
    {"tls.version-below-floor", {"The recipient's mail system uses an encryption that is too old for this message, so it was not handed over.", Helper::RecipientSide, "Ask the recipient to show this notice to those who run their mail system: it needs a newer version of TLS."}},
    {"tls.name-mismatch", {"The recipient's mail system showed the certificate of another one, so it may not be the right one. The message was not handed to it.", Helper::RecipientSide, "Reach the recipient in another way. Those who run their mail system have to give it a certificate with its own name; ask the recipient to show them this notice."}},
    {"tls.chain-not-verified", {"The recipient's mail system could not prove that it is the right one: its certificate has expired, or nobody trusted vouches for it. The message was not handed to it.", Helper::RecipientSide, "Reach the recipient in another way. Those who run their mail system have to renew its certificate; ask the recipient to show them this notice."}},
    {"tls.pin-mismatch", {"The recipient's mail system showed another key than the one agreed with it. The message was not handed to it.", Helper::Us, "Show this notice to the administrators of your mail system: either the key was changed on purpose, and they have to learn the new one, or somebody pretends to be the recipient's mail system."}},
    {"dane.", {"The recipient's domain says how its mail system is to be recognised, and this one could not be. The message was not handed to it.", Helper::RecipientSide, "Reach the recipient in another way. Those who run their mail system have to make its certificate and its TLSA records agree; ask the recipient to show them this notice."}},
    {"sts.", {"The recipient's domain asks for protected connections to certain mail systems only, and no such connection could be made. The message was not handed over.", Helper::RecipientSide, "Reach the recipient in another way. Those who run their mail system have to make its certificate and its MTA-STS policy agree; ask the recipient to show them this notice."}},
    {"requiretls.", {"You asked that this message travels over protected connections only, and the recipient's mail system does not promise that.", Helper::Sender, "Send it again without that wish if it may travel as other mail does, or reach the recipient in another way."}},
};
// clang-format on

constexpr Explanation kRefused{"The recipient's mail system refused the message.",
                               Helper::RecipientSide, kAskRecipient};
constexpr Explanation kNotNow{"The recipient's mail system did not take the message yet.",
                              Helper::RecipientSide, kTryLater};
constexpr Explanation kTooLarge{"The message is too large for the recipient's mail system.",
                                Helper::Sender, kSmaller};
constexpr Explanation kForm{
    "The recipient's mail system cannot take a message of this form, and it could not be changed.",
    Helper::Sender,
    "Send it in a simpler form: as plain text, without special characters in addresses."};
constexpr Explanation kBroken{"The connection to the recipient's mail system broke.",
                              Helper::RecipientSide, kTryLater};
constexpr Explanation kRemoved{"An administrator of your mail system removed the message.",
                               Helper::Us, kAskUs};
constexpr Explanation kOther{"The message could not be delivered.", Helper::Us, kAskUs};

bool matches(int subject, int detail, const facts::EnhancedStatus& status)
{
    return (subject == -1 || subject == status.subject) &&
           (detail == -1 || detail == status.detail);
}

Explanation explain_local(const facts::Outcome& outcome);

std::optional<Explanation> explain_tls(std::string_view reason)
{
    for (const ReasonRow& row : kTls) {
        const bool all = row.reason.ends_with('.');
        if (all ? reason.starts_with(row.reason) : reason == row.reason) return row.explanation;
    }
    return std::nullopt;
}

Explanation explain_remote(const facts::Outcome& outcome)
{
    // What it says to STARTTLS is about the connection, not about the message.
    if (outcome.stage == Stage::StartTls) return explain_local(outcome);
    for (const StatusRow& row : kRemote) {
        if (matches(row.subject, row.detail, outcome.enhanced)) return row.explanation;
    }
    if (outcome.code == 552) return kTooLarge;
    return outcome.result == facts::OutcomeClass::Failed ? kRefused : kNotNow;
}

Explanation explain_local(const facts::Outcome& outcome)
{
    if (outcome.reason == "queue.removed") return kRemoved;
    if (const auto tls = explain_tls(outcome.reason)) return *tls;
    for (const LocalRow& row : kLocal) {
        if (row.stage == outcome.stage && matches(row.subject, row.detail, outcome.enhanced)) {
            return row.explanation;
        }
    }
    if (matches(3, 4, outcome.enhanced) || matches(2, 3, outcome.enhanced)) return kTooLarge;
    if (matches(6, -1, outcome.enhanced)) return kForm;
    if (matches(4, -1, outcome.enhanced)) return kBroken;
    return kOther;
}

}  // namespace

Explanation explain(Action action, const facts::Outcome& outcome)
{
    switch (action) {
    case Action::Delivered:
        return {"The message was delivered to the recipient's mailbox.", Helper::Nobody, ""};
    case Action::Relayed:
        return {
            "The message was handed to the recipient's mail system, which does not confirm "
            "deliveries. You will hear of it only if something goes wrong there.",
            Helper::Nobody, ""};
    case Action::Delayed:
    case Action::Failed:
        break;
    }
    return outcome.origin == Origin::Remote ? explain_remote(outcome) : explain_local(outcome);
}

std::string_view describe(Helper helper)
{
    switch (helper) {
    case Helper::Nobody:
        return "Nobody needs to do anything.";
    case Helper::Sender:
        return "You can.";
    case Helper::Us:
        return "The administrators of the mail system that sends this notice.";
    case Helper::RecipientSide:
        return "Those who run the recipient's mail system.";
    }
    unreachable("every Helper is described above");
}

}  // namespace hermetic::report
