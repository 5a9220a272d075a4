#include "inbound/recipient_policy.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "inbound/bounce_watch.h"
#include "inbound/refusals.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hermetic::inbound {
namespace {

using facts::Reason;

constexpr std::string_view kPostmaster = "postmaster";

RecipientDecision accept(mail::Mailbox mailbox, Reason reason)
{
    RecipientDecision decision;
    decision.mailbox = std::move(mailbox);
    decision.reason = reason;
    return decision;
}

RecipientDecision refuse(const smtp::RefusalKind& kind, std::string subject)
{
    RecipientDecision decision;
    decision.refusal = smtp::Refusal{&kind, std::move(subject)};
    decision.reason = kind.reason;
    return decision;
}

const smtp::RefusalKind& kind_of(const policy::InboundFault& fault)
{
    for (const auto* kind :
         {&refusal::kConnectorTlsRequired, &refusal::kConnectorTlsAtProxy,
          &refusal::kConnectorTlsVersion, &refusal::kConnectorCertificateMismatch,
          &refusal::kConnectorNetworkMismatch, &refusal::kConnectorCasUnavailable,
          &refusal::kOrganizationTlsVersion, &refusal::kSenderOwnDomain, &refusal::kRetirementShare,
          &refusal::kRetirementEnded}) {
        if (kind->reason == fault.reason) return *kind;
    }
    unreachable("every reason of an InboundFault is a refusal");
}

// The reply names the connector and what was presented; what would have passed is the log's.
RecipientDecision refuse(policy::InboundFault fault)
{
    constexpr std::size_t kNameShown = 80;
    std::string subject = fault.presented;
    if (fault.connector != nullptr) {
        subject = fmt::format("connector \"{}\", {}",
                              printable_ascii(fault.connector->name, kNameShown), fault.presented);
    }
    RecipientDecision decision = refuse(kind_of(fault), std::move(subject));
    decision.fault = std::move(fault);
    return decision;
}

// RFC 5321 §4.5.1: the postmaster is always reached.
std::optional<mail::Mailbox> find_postmaster(const objects::Snapshot& snapshot)
{
    if (const auto& postmaster = snapshot.organization().postmaster) return postmaster;
    for (const auto& domain : snapshot.contents().accepted_domains) {
        const bool exact = domain.name.kind == objects::DomainPattern::Kind::Exact;
        if (!domain.enabled || !exact) continue;
        return mail::Mailbox{std::string{kPostmaster}, *domain.name.domain};
    }
    return std::nullopt;
}

// Whose local parts mean the same is the final host's business (RFC 5321 §2.4), but nobody lists a
// recipient in two spellings; quotes that need not be are the same local part (§4.1.2).
bool is_listed(const objects::AcceptedDomain& domain, const mail::Mailbox& mailbox)
{
    const std::string local = mailbox.canonical_local();
    return std::any_of(domain.recipients.begin(), domain.recipients.end(), [&](const auto& known) {
        if (known.host != mailbox.host) return false;
        const bool quoted = known.local.starts_with('"');
        return iequals(quoted ? known.canonical_local() : known.local, local);
    });
}

// In any case, and in quotes that need not be (RFC 5321 §4.5.1, §4.1.2).
bool is_postmaster(const mail::Mailbox& mailbox)
{
    return iequals(mailbox.canonical_local(), kPostmaster);
}

// "u%other", "other!u", "\"u@other\"": a host behind us could take it for an order to relay.
bool asks_for_routing(const mail::Mailbox& mailbox)
{
    return mailbox.local.find_first_of("%!@") != std::string::npos;
}

RecipientDecision decide_ours(const objects::AcceptedDomain& domain, const mail::Mailbox& mailbox,
                              const RecipientFacts& facts)
{
    if (facts.smtputf8 && !domain.smtputf8)
        return refuse(refusal::kRecipientNoSmtputf8, "<" + mailbox.format() + ">");
    // Who is in the list is a recipient, whatever it looks like.
    const bool known = !domain.any_recipient && is_listed(domain, mailbox);
    if (facts.routed == config::RoutedAddresses::Refuse && !known && asks_for_routing(mailbox))
        return refuse(refusal::kRecipientRouted, "<" + mailbox.format() + ">");
    if (domain.any_recipient) return accept(mailbox, Reason::RecipientAcceptedDomain);
    if (known) return accept(mailbox, Reason::RecipientListed);
    if (is_postmaster(mailbox)) return accept(mailbox, Reason::RecipientPostmaster);
    return refuse(refusal::kRecipientUnknown, "<" + mailbox.format() + ">");
}

// A new server, before its first `hermetic apply`: a temporary state.
bool is_unconfigured(const objects::Snapshot::Contents& contents)
{
    return contents.organizations.empty() && contents.accepted_domains.empty() &&
           contents.inbound_connectors.empty();
}

class Deciding {
public:
    Deciding(const objects::Snapshot& snapshot, const RecipientFacts& facts)
        : snapshot_{snapshot}, facts_{facts}
    {
    }

    RecipientDecision run()
    {
        if (is_unconfigured(snapshot_.contents()))
            return refuse(refusal::kRecipientNoOrganization, "");
        if (facts_.mailbox == nullptr) return decide_postmaster();
        const mail::Mailbox& mailbox = *facts_.mailbox;
        if (const mail::Domain* domain = mailbox.domain()) {
            if (const auto* accepted = snapshot_.accepted_domain(*domain)) {
                return restricted(accepted->organization, [&] {
                    if (auto returned = decide_returned(*accepted, mailbox)) return *returned;
                    return decide_ours(*accepted, mailbox, facts_);
                });
            }
        } else if (*mailbox.literal() == facts_.own_address) {
            // user@[our address]: nobody but the postmaster lives at an address.
            if (is_postmaster(mailbox)) return decide_postmaster();
            return refuse(refusal::kRecipientUnknown, "<" + mailbox.format() + ">");
        }
        return decide_relay(mailbox);
    }

    [[nodiscard]] policy::Restrictions restrictions(std::string_view organization) const
    {
        return policy::judge_restrictions(
            {&snapshot_, facts_.evidence, facts_.attribution, facts_.sender, facts_.now},
            organization);
    }

private:
    // The session first: who may not send learns nothing of recipients.
    template <typename Decide>
    RecipientDecision restricted(std::string_view organization, Decide decide)
    {
        policy::Restrictions judged = restrictions(organization);
        RecipientDecision decision = judged.fault ? refuse(std::move(*judged.fault)) : decide();
        decision.audited = std::move(judged.audited);
        return decision;
    }

    // What comes back to the envelope sender of a test message is for who has the test's results:
    // the postmaster, and only where that is an address of the same organization.
    [[nodiscard]] std::optional<RecipientDecision> decide_returned(
        const objects::AcceptedDomain& domain, const mail::Mailbox& mailbox) const
    {
        if (*facts_.sender || !token_of(mailbox.local)) return std::nullopt;
        const auto& postmaster = snapshot_.organization(domain.organization).postmaster;
        const auto* const host = postmaster ? postmaster->domain() : nullptr;
        const auto* const home = host != nullptr ? snapshot_.accepted_domain(*host) : nullptr;
        if (home == nullptr || home->organization != domain.organization) return std::nullopt;
        return accept(*postmaster, Reason::RecipientReturnedTest);
    }

    RecipientDecision decide_postmaster()
    {
        auto postmaster = find_postmaster(snapshot_);
        if (!postmaster) return refuse(refusal::kRecipientNoPostmaster, "<postmaster>");
        const mail::Domain* domain = postmaster->domain();
        const auto* accepted = domain != nullptr ? snapshot_.accepted_domain(*domain) : nullptr;
        const std::string& owner =
            accepted != nullptr ? accepted->organization : snapshot_.organization().name;
        return restricted(
            owner, [&] { return accept(std::move(*postmaster), Reason::RecipientPostmaster); });
    }

    RecipientDecision decide_relay(const mail::Mailbox& mailbox)
    {
        const policy::RelayRight right =
            policy::find_relay_right(snapshot_, *facts_.attribution, *facts_.sender);
        if (right.admission != nullptr) {
            RecipientDecision decision = accept(mailbox, Reason::RecipientConnector);
            decision.relayed_by = right.admission;
            return decision;
        }
        // Who could relay but for one test is told which.
        if (right.fault != nullptr) return refuse(*right.fault);
        return refuse(refusal::kRecipientRelayDenied, "<" + mailbox.format() + ">");
    }

    const objects::Snapshot& snapshot_;
    const RecipientFacts& facts_;
};

}  // namespace

RecipientDecision decide_recipient(const objects::Snapshot& snapshot, const RecipientFacts& facts)
{
    return Deciding{snapshot, facts}.run();
}

std::optional<RecipientDecision> refuse_sender(const objects::Snapshot& snapshot,
                                               const RecipientFacts& facts)
{
    const objects::Organization* owner = snapshot.only_owner();
    if (owner == nullptr) return std::nullopt;
    if (policy::find_relay_right(snapshot, *facts.attribution, *facts.sender).admission != nullptr)
        return std::nullopt;
    policy::Restrictions judged = Deciding{snapshot, facts}.restrictions(owner->name);
    if (!judged.fault) return std::nullopt;
    RecipientDecision decision = refuse(std::move(*judged.fault));
    decision.audited = std::move(judged.audited);
    return decision;
}

}  // namespace hermetic::inbound
