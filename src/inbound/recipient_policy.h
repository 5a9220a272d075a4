// Who may send to whom: one recipient judged at RCPT, with the reason.
//
// Pure. Specification §2.2 (relay is never open), §2.3 (evidence, not claims, grants); RFC 5321
// §4.5.1 (postmaster). The rows are docs/policy/receiving.md.
#pragma once

#include "core/ip.h"
#include "mail/address.h"
#include "objects/snapshot.h"
#include "smtp/reply.h"

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::inbound {

struct RecipientFacts {
    const mail::Mailbox* mailbox = nullptr;  // null: "<postmaster>" without a domain
    IpAddress client;                        // after PROXY and XCLIENT
    IpAddress own_address;                   // at which the client reached us
};

struct RecipientDecision {
    std::optional<smtp::Refusal> refusal;  // where set, the rest says nothing
    std::optional<mail::Mailbox> mailbox;  // to whom it goes
    std::string_view reason;               // dotted id, also of a refusal
};

[[nodiscard]] RecipientDecision decide_recipient(const objects::Snapshot& snapshot,
                                                 const RecipientFacts& facts);

}  // namespace hermetic::inbound
