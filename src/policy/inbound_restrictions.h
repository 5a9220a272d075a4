// What an organization asks of a session that has mail for it, apart from who may relay.
//
// Pure. Specification §2.3: every enabled partner connector of the organization that matches must
// be satisfied, unless an on_premises connector of the same organization admitted the client; and
// no organization's objects bear on mail for another. A partner's connector matches by its sender
// domains, by its networks, or by a certificate name that is proved; the null sender has no domain.
// The rows are docs/policy/receiving.md.
#pragma once

#include "core/time.h"
#include "policy/inbound_attribution.h"

#include <optional>
#include <string_view>
#include <vector>

namespace hermetic::policy {

struct RestrictionInputs {
    const objects::Snapshot* snapshot = nullptr;  // none of them null
    const ClientEvidence* evidence = nullptr;
    const Attribution* attribution = nullptr;
    const mail::ReversePath* sender = nullptr;
    WallTime now{};
};

struct Restrictions {
    std::optional<InboundFault> fault;  // the first, in the order in which they are judged
    // What connectors in audit mode would have refused, each once.
    std::vector<InboundFault> audited;
};

// Of mail to a recipient of `organization`. In this order: retirement, the organization's floor,
// partners' connectors as the organization lists them, the organization's own domains.
[[nodiscard]] Restrictions judge_restrictions(const RestrictionInputs& inputs,
                                              std::string_view organization);

// Whether a connector of `organization` required TLS of this session's mail to its recipients: the
// one that admitted the client, or a partner's in enforce mode. It is kept with the mail
// (specification §6.2).
[[nodiscard]] bool requires_tls(const RestrictionInputs& inputs, std::string_view organization);

}  // namespace hermetic::policy
