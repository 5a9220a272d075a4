// From a route to a connection: host by host, address by address, rung by rung.
//
// Keeps what it learnt about the hosts from one message of a grant to the next, for a moment and
// while nothing changes; records every rung. Specification §4.3 and RFC 5321 §5.1.
#pragma once

#include "facts/attempt.h"
#include "net/task.h"
#include "outbound/connection.h"
#include "outbound/dane.h"
#include "outbound/dial.h"
#include "outbound/hosts.h"
#include "outbound/ratchet_watch.h"
#include "outbound/settings.h"
#include "policy/ladder.h"
#include "policy/tls_policy.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::outbound {

class Office;
class PeerWatch;

// An operator has approved that this mail goes below its policy now (policy/approval.h).
enum class Approved : std::uint8_t { No, Yes };

class HostWalk {
public:
    // `inputs`: the route's (policy/route_inputs.h), of `snapshot`.
    // `domain`: the recipients', of an MX route.
    // `watch`: the grant's; outlives the walk.
    HostWalk(Office& office, PeerWatch& watch, HostList hosts, objects::SnapshotPointer snapshot,
             policy::TlsInputs inputs, std::string domain, Approved approved = Approved::No);
    HostWalk(const HostWalk&) = delete;
    HostWalk& operator=(const HostWalk&) = delete;

    // Whose mail the next open() is for: what the ratchet sees is weighed by it.
    void made_for(policy::ChosenBy by) { ratchet_.made_for(by); }

    // A connection to the best host that is not excluded: a kept one, or a new one. Null: none can
    // be used, failure() says why.
    [[nodiscard]] net::Task<ConnectionPointer> open();

    // Objects or settings have changed since it began: what it decides counts no more.
    [[nodiscard]] bool is_outdated() const;
    // What DNS said is no longer new: before another message it is asked again.
    [[nodiscard]] bool is_old() const;
    // Whether `connection`, the last that open() gave, may carry the next transaction: decided anew
    // by what is in force now (specification §4.5).
    [[nodiscard]] bool still_holds(const Connection& connection);

    // Not the host of the last open() again, until admit_all(). False, and nothing is changed,
    // where no other is left.
    bool exclude_current();
    void admit_all();
    [[nodiscard]] bool is_narrowed() const { return narrowed_; }

    // The strongest outcome of the hosts tried by the last open() that failed.
    [[nodiscard]] const facts::Outcome& failure() const { return failure_; }
    [[nodiscard]] std::vector<facts::Rung> take_rungs() { return std::exchange(rungs_, {}); }
    // A peer asked for less, or refused a further connection beside others.
    [[nodiscard]] bool slow_down() const { return slow_down_; }
    [[nodiscard]] facts::DnsSecurity mx_security() const { return mx_.security; }
    // Of the host tried last: what DNSSEC said of its addresses.
    [[nodiscard]] facts::DnsSecurity address_security() const;
    // Of the host tried last.
    [[nodiscard]] const policy::TlsDecision& decision() const { return *decision_; }
    // Who was tried last, for people; empty where nobody was.
    [[nodiscard]] const std::string& last_host() const { return last_host_; }
    [[nodiscard]] const std::optional<Endpoint>& last_endpoint() const { return last_endpoint_; }
    // The most that was asked for at any host, looked at or tried; nullopt: below `encrypt`.
    [[nodiscard]] const std::optional<mail::RequiredTls>& required_tls() const
    {
        return required_tls_;
    }
    // Of the last connection that came to nothing behind its handshake.
    [[nodiscard]] const std::optional<facts::TlsEvidence>& last_tls() const { return last_tls_; }

private:
    struct Candidate {
        Host host;
        policy::TlsDecision decision;  // complete once `addresses` is known
        Identity identity;
        TlsaFinding tlsa;
        std::optional<HostAddresses> addresses;
        bool excluded = false;
        policy::HostSummary when_excluded;  // how it had been reached then
        bool clear_after_failures = false;  // its last connection was the ladder's last resort
        // Of one open():
        bool unresolved = false;   // the lookup failed
        bool finished = false;     // the ladder has said: the next host
        bool has_address = false;  // that may be connected to, or it is not known now
        std::vector<policy::TriedRung> tried;
        std::optional<Endpoint> tls_failed_at;
    };
    enum class Pass : std::uint8_t { Alive, Dead };

    net::Task<ConnectionPointer> try_host(Candidate& candidate, Pass pass);
    net::Task<ConnectionPointer> try_address(Candidate& candidate, Endpoint endpoint);
    net::Task<ConnectionPointer> climb(Candidate& candidate, Endpoint endpoint);
    net::Task<ConnectionPointer> try_clear_everywhere();
    net::Task<ConnectionPointer> dial_in_clear(Candidate& candidate, Endpoint endpoint,
                                               std::string_view reason);
    net::Task<ConnectionPointer> authenticate(Candidate& candidate, ConnectionPointer connection);
    net::Task<bool> resolve(Candidate& candidate);
    net::Task<> ask_tlsa(Candidate& candidate);
    void decide(Candidate& candidate);
    [[nodiscard]] bool must_skip(Candidate& candidate);
    ConnectionPointer take_kept(const Candidate& candidate, const Endpoint& endpoint);

    ConnectionPointer on_ready(Candidate& candidate, const policy::RungPlan& plan,
                               DialResult result, std::string_view reason);
    ConnectionPointer on_not_offered(Candidate& candidate, const policy::RungPlan& plan,
                                     DialResult result);
    void on_tls_failure(Candidate& candidate, const policy::RungPlan& plan, DialResult& result,
                        const Endpoint& endpoint);
    void on_failed(Candidate& candidate, const DialResult& result, const Endpoint& endpoint);
    void believe(const Candidate& candidate, DialResult& result);
    void blame_ourselves(Candidate& candidate);
    void give_up_host(Candidate& candidate, std::string_view reason);
    void add_rung(const Candidate& candidate, policy::RungKind kind, bool succeeded,
                  std::string_view reason, const std::optional<facts::TlsFailure>& failure);
    void reset();
    // Nothing more is to be begun.
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] bool lacks_credentials(Candidate& candidate);
    [[nodiscard]] policy::TlsDecision decide(const policy::TlsInputs& inputs) const;
    ConnectionPointer hand_over(const Candidate& candidate, DialResult& result);
    [[nodiscard]] std::string key_of(const Candidate& candidate, const Endpoint& endpoint) const;
    [[nodiscard]] std::string memory_key(const Candidate& candidate) const;

    Office& office_;
    PeerWatch& watch_;
    std::string organization_;
    std::vector<Candidate> candidates_;
    MxFacts mx_;
    objects::SnapshotPointer snapshot_;  // what inputs_ point into
    SettingsPointer settings_;
    Instant began_;
    policy::TlsInputs inputs_;  // but for what is a host's
    Approved approved_;
    std::optional<mail::RequiredTls> required_tls_;
    RatchetWatch ratchet_;
    policy::TlsDecision network_;          // of any host that is not a local socket
    const policy::TlsDecision* decision_;  // a candidate's, or network_
    std::vector<facts::Rung> rungs_;
    std::vector<facts::Outcome> outcomes_;
    facts::Outcome failure_;
    bool slow_down_ = false;
    bool narrowed_ = false;
    std::size_t current_ = 0;  // the candidate of the last connection
    std::string last_host_;
    std::optional<Endpoint> last_endpoint_;
    std::optional<facts::TlsEvidence> last_tls_;
};

}  // namespace hermetic::outbound
