// From the hosts of a route to a connection that may carry a transaction: which host, which
// address, which step of the ladder next, whose failure counts for clear text, and why.
//
// Pure: facts in (next_hop_facts.h), the next step out. Every rule of specification §4.3 stands
// here and in ladder.h; who takes the steps (outbound/, validation/, a test with recorded facts)
// decides nothing. The rows are docs/policy/tls.md. One selection is for one demand; it may
// serve several transactions that demand the same, and keeps what it learnt from one to the next.
#pragma once

#include "facts/attempt.h"
#include "policy/ladder.h"
#include "policy/next_hop_facts.h"
#include "policy/tls_demand.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::policy {

struct NextHopStep {
    enum class What : std::uint8_t {
        Resolve,  // the addresses of `host`: on_addresses() or on_unresolved()
        AskTlsa,  // its TLSA records: on_tlsa()
        Prepare,  // what decision(host) names in files: on_credentials()
        Connect,  // to `address` by `plan`: on_connection(), or on_kept()
        LogIn,    // on the connection that was made last: on_login()
        Use,      // that connection, for a transaction
        GiveUp,   // failure() says why
    };
    What what = What::GiveUp;
    std::size_t host = 0;
    std::size_t address = 0;         // of the host
    std::optional<StepPlan> plan{};  // for Connect; nullopt: in clear, whatever is offered
    Reason reason{};
};

// Of a connection that is used.
struct HopUse {
    bool in_clear = false;
    StepKind step = StepKind::Everything;
    Reason reason{};            // why this step of the ladder
    Reason verdict{};           // what the evidence proved; None in clear
    std::vector<Reason> audit;  // what an audited policy says of it
    // It is the last resort after failed handshakes: for this transaction alone.
    bool after_failures = false;
};

class NextHopSelection {
public:
    using What = NextHopStep::What;

    // `hosts`: not empty. `now`: of the decision; a later one is another selection's. `left_out`:
    // hosts of the route that are not among them.
    NextHopSelection(TlsDemand demand, std::vector<NextHopHost> hosts, WallTime now,
                     LeftOut left_out = {});

    // What is to be done now. Stays the same until one of the on_…() below has answered it.
    [[nodiscard]] const NextHopStep& step() const { return step_; }

    void on_addresses(std::vector<NextHopAddress> addresses, AddressGaps gaps = {});
    void on_unresolved(facts::Outcome outcome);
    void on_tlsa(TlsaStatus status, std::shared_ptr<const TlsaSet> set, std::string why);
    void on_credentials(HopCredentials credentials);
    void on_connection(ConnectionFacts facts);
    // Instead of connecting: our own TLS settings, or a certificate of ours, do not let us. Says
    // nothing of the host, so nothing goes to it in clear for that.
    void on_own_fault(facts::Outcome outcome);
    // Instead of a new connection: one that is kept under the same policy.
    void on_kept();
    void on_login(std::optional<facts::Outcome> refusal);
    // The attempt's time is over: what was not tried is left for the next one.
    void on_time_over();

    // After Use: the transaction failed there, and another host may accept it. False, and
    // nothing is changed but what is remembered, where no other is left. `lacking`: what is offered
    // there, where it failed only because the message needs more.
    bool try_another_host(std::optional<smtp::Offer> lacking = {});
    // The same, of another address of the host, or after it another host: what the message needs is
    // not offered at the one in use. False also where no other address of the host is left.
    bool try_another_address(std::optional<smtp::Offer> lacking = {});
    // After Use: the connection was lost before it served; what failed is not tried again.
    void retry();
    // Another transaction: hosts at which others failed are tried again. What is in use
    // stays so; where it is given back, retry().
    void begin_transaction();
    [[nodiscard]] bool is_narrowed() const;
    // A host that was not used for this transaction may take it, now or another time. `needs`: of
    // the message, at least.
    [[nodiscard]] bool others_may_take(const smtp::MessageNeeds& needs = {}) const;

    // Of the host tried last, after GiveUp of the one that failure() is about, here and below; of
    // any host where none was.
    [[nodiscard]] const TlsDecision& decision() const;
    [[nodiscard]] const TlsDecision& decision(std::size_t host) const;
    // Of the failure's host; of any where it has none.
    [[nodiscard]] const TlsDecision& decision(const HopFailure& failure) const;
    // Empty where it has none.
    [[nodiscard]] std::string label(const HopFailure& failure) const;
    [[nodiscard]] const NextHopHost& host(std::size_t index) const { return hosts_[index].facts; }
    [[nodiscard]] const NextHopAddress& address(std::size_t host, std::size_t index) const;
    [[nodiscard]] const std::optional<std::size_t>& last_host() const { return last_host_; }
    [[nodiscard]] const std::optional<Endpoint>& last_address() const { return last_address_; }

    // After Use.
    [[nodiscard]] const HopUse& use() const { return use_; }
    // After GiveUp: of all failures the one that tells most. While any is temporary the mail may
    // still arrive, so it is temporary; among equals the one that came furthest counts.
    [[nodiscard]] const HopFailure& failure() const;
    // Of all addresses, oldest first.
    [[nodiscard]] const std::vector<HopFailure>& failures() const { return failures_; }
    // After GiveUp: why nothing goes in clear.
    [[nodiscard]] Reason why_not_clear() const { return why_not_clear_; }
    // New ones since the last call.
    [[nodiscard]] std::vector<facts::AttemptStep> take_attempt_steps()
    {
        return std::exchange(attempt_steps_, {});
    }
    [[nodiscard]] std::vector<HopNote> take_notes() { return std::exchange(notes_, {}); }

private:
    struct Address {
        NextHopAddress facts;
        std::vector<TriedStep> tried;
        bool reached = false;         // somebody greeted, or it is our own fault that nobody did
        bool finished = false;        // nothing more is to be tried there
        bool tried_in_clear = false;  // as the last resort
        bool passed = false;          // it was used for this transaction, which failed there
        std::optional<smtp::Offer> lacking{};  // only because of what is offered there
    };
    struct Host {
        NextHopHost facts;
        TlsDecision decision;  // complete once `tlsa_asked`
        std::vector<Address> addresses{};
        HopCredentials credentials{};
        std::string tlsa_why{};
        bool resolved = false;
        bool tlsa_asked = false;
        bool prepared = false;
        LeftOut left_out{};            // of its addresses
        bool part_unresolved = false;  // the lookup of some of them failed
        bool nobody = false;           // it has no address at all
        bool had_tls = false;          // a handshake with it was completed
        bool barred = false;           // it must not be used, could not be looked up, or refused us
        bool excluded = false;
        HostSummary when_excluded{};
    };

    void advance();
    bool advance_to_host(std::size_t index, bool dead);
    bool advance_to_address(std::size_t host, std::size_t address);
    bool advance_in_clear();
    void give_up();
    void fail_for_left_out();
    void note_findings();
    void note_use(const std::optional<smtp::Offer>& lacking);
    void pass();
    void connect(std::size_t host, std::size_t address, std::optional<StepPlan> plan,
                 Reason reason);
    void decide(Host& host);

    void on_ready(const ConnectionFacts& facts);
    void on_not_offered();
    void on_handshake_failed(const ConnectionFacts& facts);
    void on_failed(const ConnectionFacts& facts);
    void on_last_resort(const ConnectionFacts& facts);
    // `tls`: of a handshake that the peer ended after it was over for us.
    void finish_ladder(Reason reason, const std::optional<facts::TlsEvidence>& tls);
    void finish_address();
    void log_in_or_use(const ConnectionFacts& facts);
    void use_in_clear(Reason reason);
    void withhold_login(Reason why);
    void bar();
    void audit(const std::optional<facts::TlsEvidence>& tls, Reason no_tls);
    [[nodiscard]] static Reason audited_failure(const Host& host,
                                                const std::optional<facts::TlsEvidence>& tls,
                                                Reason no_tls);
    HopFailure& fail(HopFailure::Kind kind, Reason reason, facts::Stage stage);
    HopFailure& fail(HopFailure::Kind kind, facts::Outcome outcome);
    void add_attempt_step(StepKind kind, bool succeeded, Reason reason,
                          const std::optional<facts::TlsFailure>& failure = {});
    // Specification §6.1: what a completed handshake showed, with the failure and the step that
    // were noted last.
    void keep_evidence(const std::optional<facts::TlsEvidence>& tls);
    [[nodiscard]] std::optional<facts::TlsEvidence> brief_of(
        const std::optional<facts::TlsEvidence>& tls) const;
    void note(HopNote::Kind kind, StepKind step = StepKind::Everything);
    [[nodiscard]] HostSummary summarize(const Host& host) const;
    [[nodiscard]] HopFinding finding_at(std::size_t host) const;
    [[nodiscard]] HopFinding finding_at(std::size_t host, const Address& address) const;
    [[nodiscard]] std::optional<smtp::Offer> lacking_at(std::size_t host) const;
    [[nodiscard]] bool refuses_for_good(std::size_t host,
                                        const std::optional<Endpoint>& address) const;
    [[nodiscard]] bool may_be_tried(const Host& host) const;
    [[nodiscard]] bool may_be_tried(const Host& host, const Address& address) const;
    [[nodiscard]] static bool was_passed(const Host& host);
    [[nodiscard]] bool was_used(std::size_t host, const Address& address) const;
    [[nodiscard]] bool waits_elsewhere(const HopFailure& failure) const;

    [[nodiscard]] Host& current() { return hosts_[step_.host]; }
    [[nodiscard]] Address& current_address() { return current().addresses[step_.address]; }

    TlsDemand demand_;
    WallTime now_;
    LeftOut left_out_;
    TlsDecision any_;  // of a host of which nothing is known
    std::vector<Host> hosts_;
    std::vector<std::size_t> order_;  // of hosts_
    NextHopStep step_;
    HopUse use_;
    std::optional<facts::TlsEvidence> login_tls_;  // of the connection that is logged in to
    bool last_resort_ = false;  // every handshake has failed: in clear from now on
    Reason why_last_resort_{};  // of the failure that would be told if nothing went in clear
    bool time_over_ = false;
    std::optional<std::size_t> last_host_;
    std::optional<Endpoint> last_address_;
    std::vector<HopFailure> failures_;
    Reason why_not_clear_{};
    std::vector<facts::AttemptStep> attempt_steps_;
    std::vector<HopNote> notes_;
};

}  // namespace hermetic::policy
