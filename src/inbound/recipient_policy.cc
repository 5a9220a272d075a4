#include "inbound/recipient_policy.h"

#include "core/text.h"
#include "inbound/refusals.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

constexpr std::string_view kPostmaster = "postmaster";

RecipientDecision accept(mail::Mailbox mailbox, std::string_view reason)
{
    return {std::nullopt, std::move(mailbox), reason};
}

RecipientDecision refuse(const smtp::RefusalKind& kind, const std::string& subject)
{
    return {smtp::Refusal{&kind, subject}, std::nullopt, kind.id};
}

// RFC 5321 §4.5.1: the postmaster is always reached.
RecipientDecision accept_postmaster(const objects::Snapshot& snapshot)
{
    constexpr std::string_view kReason = "recipient.postmaster";
    if (const auto& postmaster = snapshot.organization().postmaster)
        return accept(*postmaster, kReason);
    for (const auto& domain : snapshot.contents().accepted_domains) {
        const bool exact = domain.name.kind == objects::DomainPattern::Kind::Exact;
        if (!domain.enabled || !exact) continue;
        return accept(mail::Mailbox{std::string{kPostmaster}, *domain.name.domain}, kReason);
    }
    return refuse(refusal::kNoPostmaster, "<postmaster>");
}

// Whose local parts mean the same is the final host's business (RFC 5321 §2.4), but nobody lists a
// recipient in two spellings.
bool is_listed(const objects::AcceptedDomain& domain, const mail::Mailbox& mailbox)
{
    return std::any_of(domain.recipients.begin(), domain.recipients.end(), [&](const auto& known) {
        return known.host == mailbox.host && iequals(known.local, mailbox.local);
    });
}

RecipientDecision decide_ours(const objects::AcceptedDomain& domain, const mail::Mailbox& mailbox)
{
    if (domain.any_recipient) return accept(mailbox, "recipient.accepted-domain");
    if (is_listed(domain, mailbox)) return accept(mailbox, "recipient.listed");
    if (iequals(mailbox.local, kPostmaster)) return accept(mailbox, "recipient.postmaster");
    return refuse(refusal::kUnknownRecipient, "<" + mailbox.format() + ">");
}

}  // namespace

RecipientDecision decide_recipient(const objects::Snapshot& snapshot, const RecipientFacts& facts)
{
    if (facts.mailbox == nullptr) return accept_postmaster(snapshot);
    const mail::Mailbox& mailbox = *facts.mailbox;
    if (const mail::Domain* domain = mailbox.domain()) {
        if (const auto* accepted = snapshot.accepted_domain(*domain)) {
            return decide_ours(*accepted, mailbox);
        }
    } else if (*mailbox.literal() == facts.own_address) {
        // user@[our address]: nobody but the postmaster lives at an address.
        if (iequals(mailbox.local, kPostmaster)) return accept_postmaster(snapshot);
        return refuse(refusal::kUnknownRecipient, "<" + mailbox.format() + ">");
    }
    const objects::InboundConnector* connector = snapshot.inbound_connector(facts.client);
    if (connector != nullptr && connector->may_relay) return accept(mailbox, "recipient.connector");
    return refuse(refusal::kRelayDenied, "<" + mailbox.format() + ">");
}

}  // namespace hermetic::inbound
