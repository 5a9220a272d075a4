// What would become of a message: who lets it in, where it goes, how it is protected, and why.
//
// Pure, from the objects and what the ratchet remembers: nothing is looked up, nobody is spoken to,
// and nothing is remembered. The decisions are those of inbound/, routing/ and policy/, with their
// reasons.
#pragma once

#include "cli/message_file.h"
#include "config/node_options.h"
#include "core/ip.h"
#include "core/time.h"
#include "facts/dns.h"
#include "facts/reason.h"
#include "mail/address.h"
#include "objects/snapshot.h"
#include "observations/observations.h"
#include "policy/ratchet.h"
#include "policy/tls_demand.h"
#include "policy/tls_policy.h"
#include "queue/pauses.h"
#include "routing/route.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::cli {

struct ExplainRequest {
    mail::Mailbox recipient;
    IpAddress client;  // 0.0.0.0: one that is not known
    facts::DnsSecurity mx_security = facts::DnsSecurity::Insecure;  // assumed of an MX answer
    WallTime now{};
    mail::ReversePath sender{};             // nullopt: the null sender
    std::optional<MessageFacts> message{};  // where there is one
    config::LimitOptions limits{};
    queue::Pauses pauses{};
    std::string listener{};   // where the client comes; empty: at none that a connector names
    bool requiretls = false;  // the parameter of MAIL (RFC 8689 §2)
    // What the server has seen of destinations; null: the ratchet holds nothing.
    std::shared_ptr<observations::Observations> observations{};
};

// How one next hop is protected.
struct HopExplanation {
    std::string hop;    // "smtp://relay.example.org:25"; "an MX host of example.org"
    std::string level;  // "verify_name"
    std::string min;    // "TLSv1.2"
    std::string max;
    bool requiretls = false;         // the host must offer REQUIRETLS in TLS
    std::vector<std::string> names;  // one of which the certificate must have
    std::vector<std::string> pins;
    std::vector<facts::Reason> reasons;
    std::vector<policy::TlsSource> sources;  // everything that was asked, in that order
    facts::Reason skip{};                    // not None: the host would not be used, and why
    std::vector<std::string> ladder;         // steps in the order in which they are tried; of a
                                             // host that would not be used none
    bool clear = false;                      // whether it may end in clear text
    std::string audited;                     // the policy of an audited connector; empty: none
};

struct Explanation {
    std::string client_connector;  // the inbound connector that admits the client; empty: none
    std::string client_because;    // by what evidence
    std::optional<MessageFacts> message;
    bool requiretls = false;
    std::string message_refusal;  // why the message itself would be refused; empty: it is not
    std::string organization;     // whose mail it is
    bool accepted = false;
    facts::Reason recipient_reason{};
    std::string refusal;  // the reply's words, where it is refused
    std::string route;    // its label
    facts::Reason route_reason{};
    std::string route_source;  // the accepted domain's or connector's name
    std::string paused;        // who has paused the route, and why; empty: nobody
    // What the ratchet holds this mail to, and where; nullopt: to nothing.
    std::optional<policy::Hold> ratchet;
    std::string ratchet_destination;
    std::vector<HopExplanation> hops;
};

[[nodiscard]] Explanation explain(const objects::Snapshot& snapshot, const ExplainRequest& request);

// What the message itself asks for, as delivery would read it of its envelope.
[[nodiscard]] policy::MessageDemand message_demand_of(const ExplainRequest& request);

// The route of the recipient's mail: for a check of its hosts.
[[nodiscard]] routing::RouteDecision route_of(const objects::Snapshot& snapshot,
                                              const ExplainRequest& request);

[[nodiscard]] std::string format_explanation(const Explanation& explanation);  // for people
[[nodiscard]] std::string format_explanation_json(const Explanation& explanation);

}  // namespace hermetic::cli
