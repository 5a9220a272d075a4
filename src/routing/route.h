// Where mail goes: the route as a value, what it follows from, and the ordered hosts.
//
// Pure. Specification §3.2; RFC 5321 §5.1; RFC 7505 (null MX).
#pragma once

#include "core/ip.h"
#include "core/random.h"
#include "core/result.h"
#include "facts/attempt.h"
#include "facts/dns.h"
#include "mail/address.h"
#include "objects/snapshot.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::routing {

// Recipients whose routes are equal share queue, connections and transaction. What connectors,
// accepted domains or organizations protect differently is never shared. Made by decide_route();
// whoever carries mail carries it along, and nobody makes one of a text.
struct Route {
    // By the MX of a domain: its name, or "[192.0.2.1]"; empty where hosts are configured.
    std::string domain;
    std::optional<IpAddress> literal;         // what `domain` says, where it is an address literal
    std::vector<objects::NextHopHost> hosts;  // configured, by equal load; none: by MX
    std::string connector;                    // the outbound connector's name, where one decided
    // The accepted domain whose TLS settings for its next hop count, by name; empty: it has none.
    std::string accepted_domain;
    std::string organization;  // whose settings count, by name; the connector's, where one decided

    // For people, in log and listings, of a decided one: "mx:example.org", "mx:[192.0.2.1]",
    // "hosts:smtp://relay.example.org:25,…"; with a connector "…;connector=NAME", with an accepted
    // domain "…;accepted_domain=NAME", of another than the first organization
    // "…;organization=NAME"; a ";" within a name is doubled. No part of what the route is: the
    // first may be another tomorrow. What is to hold for the route is kept by its key
    // (format_key()).
    std::string label;

    [[nodiscard]] bool is_mx() const { return !domain.empty(); }
    bool operator==(const Route& other) const;
};

// Never null where it stands for a route; shared by all mail that goes the same way.
using RoutePointer = std::shared_ptr<const Route>;

// Of and by the routes that are pointed at.
struct RouteHash {
    [[nodiscard]] std::size_t operator()(const RoutePointer& route) const;
};
struct RouteEqual {
    [[nodiscard]] bool operator()(const RoutePointer& a, const RoutePointer& b) const
    {
        return a == b || *a == *b;
    }
};

// What the route is, as text: its label with the organization always, the first one's too. It stays
// while the route does, and no other route has it.
[[nodiscard]] std::string format_key(const Route& route);
// The key for which a label stands while `first` is the first organization. A key is its own.
[[nodiscard]] std::string key_of_label(std::string_view label, std::string_view first);
[[nodiscard]] std::string label_of_key(std::string_view key, std::string_view first);

using RecipientHost = decltype(mail::Mailbox::host);  // a domain, or an address literal

// What the route of a whole message follows from: whose mail it is, and who waits for it. The queue
// keeps it, so that mail can be routed anew without reading it from the spool.
struct RouteQuestion {
    std::string organization;  // the owner, by name (mail::Envelope)
    // Of the recipients that wait: ascending, each once. Empty: they are too many to be kept, and
    // the message itself must be asked.
    std::vector<RecipientHost> hosts;

    // "example.org,[192.0.2.1]"; "*" where they are too many.
    [[nodiscard]] std::string format_hosts() const;
    // "example.org", "[192.0.2.1]"
    [[nodiscard]] bool names(std::string_view host) const;
    bool operator==(const RouteQuestion&) const = default;
};

struct RouteQuestionHash {
    [[nodiscard]] std::size_t operator()(const RouteQuestion& question) const;
};

struct RouteDecision {
    Route route;
    facts::Reason reason{};  // of docs/policy/delivery.md, "Route"
    std::string source;      // name of the domain or connector; empty for the default
};

// `organization`: that of the mail, by name; it counts where the recipient's domain is nobody's.
[[nodiscard]] RouteDecision decide_route(const objects::Snapshot& snapshot,
                                         std::string_view organization,
                                         const mail::Mailbox& recipient);

// Those that enabled connectors and accepted domains with hosts of their own lead to.
[[nodiscard]] std::vector<Route> configured_routes(const objects::Snapshot& snapshot);

// The hosts of an MX route in the order in which they are to be tried: by preference, equal ones
// shuffled (RFC 5321 §5.1); without MX records the domain itself. Or why there is none: Dns stage,
// 5.1.10 (null MX), 5.1.2 (no such domain), 4.4.312 (lookup failed), 5.4.4 (no record names a
// host), 5.4.6 (only ourselves left: hosts at and above our own preference are dropped). All of
// them: how many an attempt tries is policy/attempt_limits.h's.
struct MxHost {
    std::string name;
    std::uint16_t preference = 0;
    bool implicit = false;  // no MX record: the domain's own address
};
[[nodiscard]] Result<std::vector<MxHost>, facts::Outcome> order_hosts(
    const std::string& domain, const facts::MxAnswer& answer,
    const std::vector<std::string>& own_names, Random& random);

}  // namespace hermetic::routing
