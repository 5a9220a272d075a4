// What is probed: a connector's copy, and the routes to probe with it.
//
// Specification §7: in a validation the live connector stays as it is, and the copy is a shadow
// that enforces whatever the live one does: whether mail would flow is asked of what it says, not
// of its mode. Reads the files that the copy names (CAs, certificates), and nothing else.
#pragma once

#include "core/result.h"
#include "objects/snapshot.h"
#include "outbound/credentials.h"
#include "outbound/sts_policies.h"
#include "policy/tls_demand.h"
#include "routing/route.h"
#include "smtp/message_needs.h"
#include "validation/findings.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::validation {

// What is judged of a message before MAIL, beside its TLS.
struct OfferedMessage {
    smtp::MessageNeeds needs;
    mail::Mailbox recipient;
};

struct Subject {
    objects::Organization organization;
    std::optional<objects::OutboundConnector> connector;  // nullopt: none decided the route
    bool audited = false;  // the live connector only audits; `connector` enforces
    std::optional<objects::TlsSettings> next_hop;  // an accepted domain's, where it has any
    std::shared_ptr<const outbound::Credentials> credentials;  // what the copy names in files
    std::vector<routing::Route> routes;      // what to probe: its smart hosts, or MX of domains
    policy::MessageDemand message;           // what the mail asks for that is looked for a way for
    std::optional<OfferedMessage> offered;   // that mail; nullopt: nothing of it is judged
    std::optional<mail::Mailbox> recipient;  // of a test message; nullopt: none is sent
    std::vector<objects::Retirement> retirements;
    Duration bounce_wait{};  // for a bounce of the test message; none: nobody waits
    // The postmaster's, where mail for it comes here.
    std::optional<mail::Domain> bounce_domain;
};

// A validation's: the copy is a shadow. `recipient` names a domain to probe, too. The error is for
// people, with what is expected.
[[nodiscard]] Result<Subject, std::string> make_subject(const objects::Snapshot& snapshot,
                                                        objects::OutboundConnector connector,
                                                        std::optional<mail::Mailbox> recipient);

// Why this connector cannot be tested without an address in one of its domains; nullopt: it can.
// Pure.
[[nodiscard]] std::optional<std::string> why_not_tested(
    const objects::OutboundConnector& connector);

// An organization's that no connector has a part in, and no route yet. `organization` is one of
// the snapshot's.
[[nodiscard]] Subject make_subject(const objects::Snapshot& snapshot,
                                   const objects::Organization& organization);

// A message's that goes this way: the connector as it is.
[[nodiscard]] Subject make_subject(const objects::Snapshot& snapshot, routing::Route route);

}  // namespace hermetic::validation
