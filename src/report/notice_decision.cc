#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "report/notice.h"

#include <algorithm>

namespace hermetic::report {

namespace {

using facts::Reason;

// RFC 3461 §4.1: without NOTIFY it is ours to say; failures and delays are told.
bool is_asked_for(const NoticeInput& input, const RecipientReport& report)
{
    // Our own notices carry NOTIFY=NEVER for the next hop; the postmaster is to hear all the same.
    if (input.about->is_notice) return report.action == Action::Failed;
    const std::uint8_t notify = report.recipient.notify;
    const bool unset = notify == mail::kNotifyUnset;
    switch (report.action) {
    case Action::Failed:
        return unset || (notify & mail::kNotifyFailure) != 0;
    case Action::Delayed:
        return unset || (notify & mail::kNotifyDelay) != 0;
    case Action::Delivered:
    case Action::Relayed:
        return (notify & mail::kNotifySuccess) != 0;
    }
    unreachable("every Action is judged above");
}

std::optional<mail::Mailbox> postmaster(const NoticeInput& input)
{
    if (const auto& given = input.snapshot->organization(input.about->organization).postmaster)
        return given;
    auto made = mail::parse_mailbox("postmaster@" + std::string{input.hostname});
    if (!made) return std::nullopt;
    return std::move(*made);
}

Reason reason_of(Action kind)
{
    switch (kind) {
    case Action::Failed:
        return Reason::NoticeFailure;
    case Action::Delayed:
        return Reason::NoticeDelay;
    case Action::Relayed:
        return Reason::NoticeRelayed;
    case Action::Delivered:
        return Reason::NoticeDelivered;
    }
    unreachable("every Action has its reason above");
}

// RFC 5321 §6.1: never a notice about a message with a null reverse-path. What was to be said to
// its sender, the postmaster hears, but for the postmaster's own undeliverable mail: that would go
// on for ever.
NoticeDecision decide_double_bounce(const NoticeInput& input, NoticeDecision decision)
{
    std::erase_if(decision.reported,
                  [&](std::size_t i) { return input.recipients[i].action != Action::Failed; });
    if (decision.reported.empty()) {
        decision.reason = Reason::NoticeNullSender;
        return decision;
    }
    const auto to = postmaster(input);
    // Of those that failed: who has it can be told about the others.
    const bool circular = std::ranges::any_of(decision.reported, [&](std::size_t i) {
        return to && iequals(input.recipients[i].recipient.address.format(), to->format());
    });
    if (!to || circular) {
        decision.reported.clear();
        decision.reason = Reason::NoticePostmasterUnreachable;
        return decision;
    }
    decision.to = to;
    decision.to_postmaster = true;
    decision.own_sender = true;
    decision.kind = Action::Failed;
    decision.reason = Reason::NoticePostmaster;
    return decision;
}

}  // namespace

std::string_view name(Action action)
{
    switch (action) {
    case Action::Delivered:
        return "delivered";
    case Action::Relayed:
        return "relayed";
    case Action::Delayed:
        return "delayed";
    case Action::Failed:
        return "failed";
    }
    unreachable("every Action is named above");
}

std::string_view notice_kind(Action action)
{
    switch (action) {
    case Action::Delivered:
        return "delivered";
    case Action::Relayed:
        return "relayed";
    case Action::Delayed:
        return "delay";
    case Action::Failed:
        return "failure";
    }
    unreachable("every Action has its kind above");
}

bool is_own_sender(const objects::Snapshot& snapshot, const mail::Envelope& envelope)
{
    const mail::Domain* domain = envelope.sender ? envelope.sender->domain() : nullptr;
    const auto* const accepted = domain == nullptr ? nullptr : snapshot.accepted_domain(*domain);
    return accepted != nullptr &&
           accepted->organization == snapshot.organization(envelope.organization).name;
}

NoticeDecision decide_notice(const NoticeInput& input)
{
    HERMETIC_ASSERT(input.about != nullptr && input.snapshot != nullptr);
    NoticeDecision decision;
    for (std::size_t i = 0; i < input.recipients.size(); ++i) {
        if (is_asked_for(input, input.recipients[i])) decision.reported.push_back(i);
    }
    if (decision.reported.empty()) {
        decision.reason = Reason::NoticeNotAsked;
        return decision;
    }
    if (!input.about->sender || input.about->is_notice) {
        return decide_double_bounce(input, std::move(decision));
    }
    decision.kind = Action::Delivered;
    for (const std::size_t i : decision.reported) {
        decision.kind = std::max(decision.kind, input.recipients[i].action);
    }
    decision.to = input.about->sender;
    decision.own_sender = is_own_sender(*input.snapshot, *input.about);
    decision.reason = reason_of(decision.kind);
    return decision;
}

}  // namespace hermetic::report
