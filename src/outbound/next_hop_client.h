// From the hosts of a route to a connection that may carry a transaction: takes the steps of
// policy/next_hop.h with DNS, sockets, files and the context's memories, and decides nothing.
//
// Delivery uses it for mail. Probes (connector test, explain) use it as well, with
// Memory::ReadOnly, and stops before MAIL. Coroutines of the context's core; one at a time.
#pragma once

#include "net/task.h"
#include "objects/snapshot.h"
#include "outbound/connection.h"
#include "outbound/dial.h"
#include "outbound/host_memory.h"
#include "outbound/hosts.h"
#include "outbound/ratchet_watch.h"
#include "outbound/settings.h"
#include "policy/next_hop.h"
#include "policy/tls_demand.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::outbound {

class Context;
class PeerWatch;

// Told of what the client does, before it does it and after. Must not block.
class HopWatcher {
public:
    virtual void on_resolved(std::size_t, const Host&, const HostAddresses&) {}
    virtual void on_tlsa(std::size_t, const Host&, const TlsaFinding&) {}
    virtual void on_prepared(std::size_t, const policy::HopCredentials&) {}
    virtual void on_dialed(const policy::NextHopStep&, const Host&, const DialResult&) {}
    // The same, as selection is told of it.
    virtual void on_connection(const policy::NextHopStep&, const policy::ConnectionFacts&) {}
    virtual void on_login(const std::optional<facts::Outcome>&) {}
    // The connection is of no use: the host there does not offer what the message needs.
    virtual void on_unfit(const policy::NextHopStep&, const std::string& /*address*/,
                          const facts::Outcome&)
    {
    }

protected:
    ~HopWatcher() = default;
};

class NextHopClient {
public:
    enum class Memory : std::uint8_t {
        Kept,      // steps, dead hosts and the ratchet are read and written
        ReadOnly,  // nothing is written, and no kept connection is used
    };
    // `watch`: the grant's, which outlives the client; null: nobody watches.
    // `demand` points into `snapshot`; its ratchet's expectation is filled in here.
    NextHopClient(Context& context, PeerWatch* watch, HostList list, policy::TlsDemand demand,
                  objects::SnapshotPointer snapshot, Memory memory = Memory::Kept,
                  HopWatcher* watcher = nullptr);
    NextHopClient(const NextHopClient&) = delete;
    NextHopClient& operator=(const NextHopClient&) = delete;

    // Whose mail the next open() is for: what the ratchet sees is weighed by it.
    void made_for(policy::ChosenBy by) { ratchet_.made_for(by); }

    // A connection to the best host that is not excluded: a kept one, or a new one. Null: none can
    // be used, failure() says why.
    [[nodiscard]] net::Task<ConnectionPointer> open();

    // Another transaction, which demands the same as demanded(): all hosts are hosts again, and its
    // time begins. The connection in use may serve it, where it still holds.
    void begin_transaction();
    [[nodiscard]] const policy::MessageDemand& demanded() const { return demand_.message; }
    // Not the host of the last open() again until then; or not its address, where what the message
    // needs is not offered there. False where no other is left. `lacking`: what is offered there,
    // if that it is too little is all that failed.
    [[nodiscard]] bool try_another_host(std::optional<smtp::Offer> lacking = {});
    [[nodiscard]] bool try_another_address(std::optional<smtp::Offer> lacking = {});
    [[nodiscard]] bool is_narrowed() const { return selection_.is_narrowed(); }

    // Objects or settings have changed since it began: what it decides counts no more.
    [[nodiscard]] bool is_outdated() const;
    // What DNS said is no longer new: before another message it is asked again.
    [[nodiscard]] bool is_old() const;
    // Whether `connection`, the last that open() gave, may carry the next transaction: decided anew
    // by what is in force now (specification §4.5). All that time changes in it (the end of an
    // exception, a retirement plan's quarter of an hour) is in whole seconds: within one the answer
    // stays, as long as the objects and settings do.
    [[nodiscard]] bool still_holds(const Connection& connection);

    // Of the last open() that failed.
    [[nodiscard]] const facts::Outcome& failure() const { return failure_; }
    [[nodiscard]] const policy::NextHopSelection& selection() const { return selection_; }
    // The steps that came to nothing, new ones since the last call. The one that made a connection
    // is the connection's (Connection::step).
    [[nodiscard]] std::vector<facts::AttemptStep> take_attempt_steps();
    // A peer asked for less, or refused a further connection beside others.
    [[nodiscard]] bool slow_down() const { return slow_down_; }
    [[nodiscard]] facts::DnsSecurity mx_security() const { return mx_.security; }
    // Of the host tried last, where open() failed of the one that failure() is about, here and
    // below; for people; empty where nobody was.
    [[nodiscard]] std::string last_host() const;
    [[nodiscard]] const std::optional<Endpoint>& last_endpoint() const
    {
        return selection_.last_address();
    }
    [[nodiscard]] facts::DnsSecurity address_security() const;
    [[nodiscard]] const policy::TlsDecision& decision() const { return selection_.decision(); }
    // For people: "192.0.2.1:25"; the path of a socket.
    [[nodiscard]] std::string address_text(std::size_t host, const Endpoint& address) const;
    // The most that was asked for at any host, looked at or tried; nullopt: below `encrypt`.
    [[nodiscard]] const std::optional<mail::RequiredTls>& required_tls() const
    {
        return required_tls_;
    }
    // Of that host's connection, where it failed after its handshake.
    [[nodiscard]] const std::optional<facts::TlsEvidence>& last_tls() const { return last_tls_; }

private:
    struct Known {
        Host host;
        std::optional<HostAddresses> addresses{};
        Identity identity{};
        std::string policy{};         // digest of the policy before TLSA records are known
        bool more_addresses = false;  // than an attempt tries
    };

    net::Task<> resolve(std::size_t index);
    net::Task<> ask_tlsa(std::size_t index);
    void prepare(std::size_t index);
    net::Task<> connect(policy::NextHopStep step);
    net::Task<> log_in();
    ConnectionPointer hand_over();
    [[nodiscard]] bool is_watched() const;
    void conclude();
    void heed_notes();
    void heed_failures();
    void note(const policy::HopNote& note);
    void note_finding(const policy::HopNote& note, HostKey key);

    // Nothing more is to be begun.
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] bool use_kept(const policy::NextHopStep& step);
    [[nodiscard]] policy::ConnectionFacts take(const std::string& where, DialResult& result);
    [[nodiscard]] bool holds_at(const Connection& connection, WallTime now) const;
    [[nodiscard]] Identity identity_for(const policy::TlsDecision& decision) const;
    [[nodiscard]] std::string key_of(const Known& known, const policy::TlsDecision& decision,
                                     const Identity& identity, const Endpoint& endpoint) const;
    void add_required(std::size_t index);
    [[nodiscard]] std::string step_key(std::size_t index) const;
    [[nodiscard]] HostKey memory_key(const Host& host, std::string address = {}) const;
    [[nodiscard]] std::vector<policy::NextHopHost> make_hosts(const HostList& hosts) const;
    [[nodiscard]] policy::NextHopSelection make_selection(HostList& list) const;
    [[nodiscard]] policy::AttemptCandidate candidate_of(const HostKey& key,
                                                        const std::string& policy) const;
    [[nodiscard]] policy::AttemptCandidate candidate_of(const Host& host) const;
    [[nodiscard]] policy::LeftOut leave_out_hosts(std::vector<Host>& hosts) const;
    [[nodiscard]] policy::LeftOut leave_out_addresses(const Known& known,
                                                      std::vector<IpAddress>& addresses) const;
    [[nodiscard]] policy::NextHopAddress make_address(const Host& host,
                                                      const IpAddress& address) const;

    Context& context_;
    PeerWatch* watch_;
    MxFacts mx_;
    objects::SnapshotPointer snapshot_;  // what demand_ points into
    SettingsPointer settings_;
    Memory memory_;
    HopWatcher* watcher_;
    RatchetWatch ratchet_;
    policy::TlsDemand demand_;
    std::vector<Known> known_;
    std::optional<IpAddress> only_;
    bool more_hosts_ = false;  // than an attempt tries
    policy::NextHopSelection selection_;
    Instant began_;
    Instant until_;
    ConnectionPointer connection_;
    bool fresh_ = false;                     // connection_ was made just now
    std::vector<facts::AttemptStep> steps_;  // taken from the selection, and not yet from here
    std::size_t failures_heeded_ = 0;
    // The last answer of still_holds() since open(), and its second.
    struct Held {
        std::chrono::sys_seconds second;
        bool holds = false;
    };
    std::optional<Held> held_;
    facts::Outcome failure_;
    bool slow_down_ = false;
    std::optional<facts::TlsEvidence> last_tls_;
    std::optional<mail::RequiredTls> required_tls_;
};

}  // namespace hermetic::outbound
