// Who may send to whom: one recipient judged at RCPT, with the reason.
//
// Pure. Specification §2.2 (relay is never open), §2.3 (evidence, not claims, grants; restrictions
// apart, per recipient); RFC 5321 §4.5.1 (postmaster). The rows are docs/policy/receiving.md.
#pragma once

#include "config/node_options.h"
#include "core/ip.h"
#include "core/time.h"
#include "mail/address.h"
#include "objects/snapshot.h"
#include "policy/inbound_attribution.h"
#include "policy/inbound_restrictions.h"
#include "smtp/reply.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::inbound {

struct RecipientFacts {
    const mail::Mailbox* mailbox = nullptr;  // null: "<postmaster>" without a domain
    IpAddress own_address;                   // at which the client reached us
    // Not null. `attribution` is what attribute() says of the same snapshot and evidence.
    const policy::ClientEvidence* evidence = nullptr;
    const policy::Attribution* attribution = nullptr;
    const mail::ReversePath* sender = nullptr;
    bool smtputf8 = false;  // declared with MAIL
    config::RoutedAddresses routed = config::RoutedAddresses::Refuse;
    WallTime now{};
};

struct RecipientDecision {
    std::optional<smtp::Refusal> refusal;  // where set, `mailbox` is not
    std::optional<mail::Mailbox> mailbox;  // to whom it goes
    facts::Reason reason{};                // also of a refusal
    // A foreign domain: by whose right it is relayed.
    const policy::Admission* relayed_by = nullptr;
    std::optional<policy::InboundFault> fault;  // a refusal's, where a test of the session failed
    std::vector<policy::InboundFault> audited;  // what connectors in audit mode would have refused
};

[[nodiscard]] RecipientDecision decide_recipient(const objects::Snapshot& snapshot,
                                                 const RecipientFacts& facts);

// The same of a sender, before any recipient is known: where one organization owns every accepted
// domain and nobody else's connector may relay for the client, every recipient would be refused.
// `facts.mailbox` says nothing. nullopt: recipients decide.
[[nodiscard]] std::optional<RecipientDecision> refuse_sender(const objects::Snapshot& snapshot,
                                                             const RecipientFacts& facts);

}  // namespace hermetic::inbound
