// The ratchet at work: what a selection's destination is held to, and what its connections show.
//
// On the context's core. Tells the log and the metrics what the observations make of it
// (docs/policy/ratchet.md). Without observations it does nothing.
#pragma once

#include "facts/attempt.h"
#include "facts/tls.h"
#include "observations/observations.h"
#include "outbound/hosts.h"
#include "policy/ratchet.h"
#include "policy/tls_policy.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::outbound {

class Context;

// What the ratchet calls the destination of these hosts. `domain`: the recipients', of an MX route;
// empty for configured hosts.
[[nodiscard]] std::string ratchet_destination(std::string_view domain,
                                              const std::vector<Host>& hosts);
[[nodiscard]] std::string ratchet_destination(const routing::Route& route);

// What the ratchet holds an organization's mail to that destination to now: of delivery, and of who
// says what delivery would do. Without observations nothing is held. Notes nothing.
[[nodiscard]] std::optional<policy::Hold> find_hold(const observations::Observations* observations,
                                                    const objects::Organization& organization,
                                                    const std::string& destination, WallTime now);

class RatchetWatch {
public:
    RatchetWatch(Context& context, const objects::Organization& organization, const HostList& list);

    // What mail to it is held to now.
    [[nodiscard]] std::optional<policy::Expectation> expectation() const
    {
        return held_ ? std::optional{held_->expectation} : std::nullopt;
    }
    // Whose mail the next connection is made for.
    void made_for(policy::ChosenBy by) { by_ = by; }

    // A connection that mail goes through; in clear: no evidence.
    void on_connection(const std::string& host, const std::optional<facts::TlsEvidence>& evidence,
                       bool starttls_offered);
    // A host that was not used because of what it showed.
    void on_refused(const facts::TlsEvidence& evidence);
    void on_not_offered() { not_offered_ = true; }
    // No host could be used.
    void on_failure(const std::string& host, facts::Outcome& failure);

private:
    void tell(const std::string& host, const observations::Seen& seen);

    Context& context_;
    observations::DestinationKey key_;
    objects::RatchetSettings settings_;
    std::optional<policy::Hold> held_;
    policy::ChosenBy by_ = policy::ChosenBy::Stranger;
    std::optional<policy::Sighting> refused_;  // the best of those not used
    bool not_offered_ = false;
};

}  // namespace hermetic::outbound
