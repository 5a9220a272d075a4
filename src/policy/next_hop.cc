#include "policy/next_hop.h"

#include "core/assert.h"
#include "facts/reasons.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace hermetic::policy {
namespace {

using facts::Stage;
using Kind = HopFailure::Kind;

constexpr std::uint8_t kTemporary = 4;  // class of a status

constexpr Reason kEveryHandshakeFailed = Reason::LadderEveryHandshakeFailed;
constexpr Reason kTimeOver = Reason::DeliveryTimeOver;
constexpr Reason kLeftUntried = Reason::DeliveryLeftUntried;

bool handshake_failed(const std::vector<TriedStep>& tried)
{
    return std::ranges::any_of(
        tried, [](const TriedStep& step) { return step.result != StepResult::NotOffered; });
}

bool is_asked(const TlsDecision& decision)
{
    return std::ranges::find(decision.reasons, Reason::DaneNotAsked) == decision.reasons.end();
}

}  // namespace

NextHopSelection::NextHopSelection(TlsDemand demand, std::vector<NextHopHost> hosts, WallTime now,
                                   LeftOut left_out)
    : demand_{std::move(demand)},
      now_{now},
      left_out_{left_out},
      any_{decide_tls(demand_, {}, {}, now)}
{
    HERMETIC_ASSERT(!hosts.empty());
    for (auto& facts : hosts) {
        Host host{std::move(facts), {}};
        decide(host);
        hosts_.push_back(std::move(host));
    }
    order_.resize(hosts_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    // Clang 14 does not take the algorithms that return a range.
    std::stable_partition(order_.begin(), order_.end(),
                          [&](std::size_t index) { return hosts_[index].facts.left_untried; });
    advance();
}

void NextHopSelection::decide(Host& host)
{
    host.decision = decide_tls(demand_, host.facts.hop, host.facts.label, now_);
}

// The dead ones come last, and everything comes once.
void NextHopSelection::advance()
{
    if (time_over_) return give_up();
    if (!last_resort_) {
        for (const bool dead : {false, true}) {
            for (const std::size_t index : order_) {
                if (advance_to_host(index, dead)) return;
            }
        }
        note_findings();
        std::vector<HostSummary> summaries;
        for (const Host& host : hosts_)
            summaries.push_back(was_passed(host) ? host.when_excluded : summarize(host));
        // For all that this attempt leaves out: no host of it, but one that may bar clear text.
        HostSummary others;
        others.no_host = true;
        others.left_untried = left_out_.bars_clear;
        summaries.push_back(others);
        // Hosts of one route may differ: a local one meets the organization's demand in clear.
        const auto weakest = std::ranges::min_element(
            hosts_, {}, [](const Host& host) { return host.decision.policy.level; });
        const LastStep last = after_last_host(weakest->decision.policy, summaries);
        last_resort_ = last.clear;
        if (last.clear) why_last_resort_ = failure().reason;
        why_not_clear_ = last.clear ? Reason::None : last.reason;
    }
    if (last_resort_ && advance_in_clear()) return;
    give_up();
}

bool NextHopSelection::advance_to_host(std::size_t index, bool dead)
{
    Host& host = hosts_[index];
    if (host.excluded || host.barred || host.nobody) return false;
    const auto ask = [&](What what) {
        step_ = {what, index};
        last_host_ = index;
        return true;
    };
    if (!host.resolved) return ask(What::Resolve);
    if (!host.tlsa_asked) return ask(What::AskTlsa);
    if (!host.prepared) return ask(What::Prepare);
    for (std::size_t i = 0; i < host.addresses.size(); ++i) {
        const Address& address = host.addresses[i];
        if (address.finished || address.passed || address.facts.dead != dead) continue;
        if (advance_to_address(index, i)) return true;
    }
    return false;
}

bool NextHopSelection::advance_to_address(std::size_t host, std::size_t address)
{
    const TlsDecision& decision = hosts_[host].decision;
    if (!decision.policy.wants_tls()) {
        connect(host, address, std::nullopt, why_no_tls(decision));
        return true;
    }
    const auto next = next_at_host(decision.policy, hosts_[host].addresses[address].tried,
                                   hosts_[host].credentials.remembered);
    if (next.what != HostStep::What::Try) return false;
    connect(host, address, next.plan, next.reason);
    return true;
}

// Specification §4.3 step 4: each host where the handshake failed, by its own policy.
bool NextHopSelection::advance_in_clear()
{
    for (const std::size_t index : order_) {
        const Host& host = hosts_[index];
        const bool may = host.decision.policy.allows_clear() && !host.facts.hop.implicit_tls &&
                         !host.excluded && !host.barred;
        if (!may) continue;
        for (std::size_t i = 0; i < host.addresses.size(); ++i) {
            const Address& address = host.addresses[i];
            if (address.tried_in_clear || address.passed || !handshake_failed(address.tried))
                continue;
            connect(index, i, std::nullopt, kEveryHandshakeFailed);
            return true;
        }
    }
    return false;
}

void NextHopSelection::connect(std::size_t host, std::size_t address, std::optional<StepPlan> plan,
                               Reason reason)
{
    step_ = {What::Connect, host, address, plan, reason};
    last_host_ = host;
    last_address_ = hosts_[host].addresses[address].facts.endpoint;
}

void NextHopSelection::give_up()
{
    if (!time_over_) fail_for_left_out();
    const HopFailure& told = failure();
    last_host_ = told.host;
    last_address_ = told.address;
    step_.what = What::GiveUp;
}

// What was not tried may take the mail: while it may, no refusal of others returns it.
void NextHopSelection::fail_for_left_out()
{
    const auto known = [](const HopFailure& each) { return each.kind == Kind::LeftUntried; };
    if (std::ranges::any_of(failures_, known)) return;
    const auto host = std::ranges::find_if(hosts_, [](const Host& each) {
        return may_take(each.left_out) && !each.excluded && !each.barred;
    });
    if (!may_take(left_out_) && host == hosts_.end()) return;
    HopFailure& failure = fail(Kind::LeftUntried, kLeftUntried, Stage::Route);
    failure.address.reset();
    failure.host.reset();
    if (host != hosts_.end())
        failure.host = static_cast<std::size_t>(std::distance(hosts_.begin(), host));
}

void NextHopSelection::on_addresses(std::vector<NextHopAddress> addresses, AddressGaps gaps)
{
    HERMETIC_ASSERT(step_.what == What::Resolve);
    Host& host = current();
    host.resolved = true;
    host.left_out = gaps.left_out;
    host.part_unresolved = gaps.unresolved.has_value();
    if (gaps.unresolved) fail(Kind::Unresolved, *std::move(gaps.unresolved));
    std::stable_partition(addresses.begin(), addresses.end(),
                          [](const NextHopAddress& each) { return each.left_untried; });
    for (NextHopAddress& each : addresses) {
        Address address;
        address.finished = each.refused != Reason::None;
        if (address.finished) {
            HopFailure& failure = fail(Kind::AddressRefused, each.refused, Stage::Route);
            failure.address = each.endpoint;
            failure.temporary = false;
        }
        address.facts = std::move(each);
        host.addresses.push_back(std::move(address));
    }
    const bool all_known = !host.part_unresolved && host.left_out == LeftOut{};
    host.nobody = all_known && std::ranges::all_of(host.addresses, &Address::finished);
    host.tlsa_asked = host.facts.hop.kind == HopKind::LocalSocket || !is_asked(host.decision);
    if (host.tlsa_asked && host.decision.skip != Reason::None) bar();
    advance();
}

// A name that has no address is nobody; of one whose lookup failed nothing is known.
void NextHopSelection::on_unresolved(facts::Outcome outcome)
{
    HERMETIC_ASSERT(step_.what == What::Resolve);
    const bool failed = outcome.result == facts::OutcomeClass::Deferred;
    (failed ? current().barred : current().nobody) = true;
    fail(Kind::Unresolved, std::move(outcome));
    advance();
}

void NextHopSelection::on_tlsa(TlsaStatus status, std::shared_ptr<const TlsaSet> set,
                               std::string why)
{
    HERMETIC_ASSERT(step_.what == What::AskTlsa);
    Host& host = current();
    host.tlsa_asked = true;
    host.tlsa_why = std::move(why);
    // Most hosts have no secure addresses: nothing is known that was not known before.
    if (status != host.facts.hop.tlsa_status) {
        host.facts.hop.tlsa_status = status;
        host.facts.hop.tlsa = std::move(set);
        decide(host);
    }
    if (host.decision.skip != Reason::None) bar();
    advance();
}

// The policy forbids the host: whatever it does, it is not used, and it counts against clear text.
void NextHopSelection::bar()
{
    Host& host = current();
    host.barred = true;
    const bool lookup = host.facts.hop.tlsa_status == TlsaStatus::Failed;
    HopFailure& failure =
        fail(Kind::Skipped, host.decision.skip, lookup ? Stage::Dns : Stage::Verify);
    failure.detail = host.tlsa_why;
    // Waiting would neither prove the host (RFC 8689 §7) nor give a literal a name.
    failure.temporary = facts::describe(host.decision.skip).status.status_class == kTemporary;
}

void NextHopSelection::on_credentials(HopCredentials credentials)
{
    HERMETIC_ASSERT(step_.what == What::Prepare);
    Host& host = current();
    host.prepared = true;
    host.credentials = std::move(credentials);
    if (host.credentials.missing && !host.decision.audited) {
        host.barred = true;
        fail(Kind::Credentials, *host.credentials.missing);
    }
    advance();
}

void NextHopSelection::on_time_over()
{
    if (step_.what == What::Use || step_.what == What::GiveUp) return;
    time_over_ = true;
    why_not_clear_ = kTimeOver;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const Host& host = hosts_[i];
        if (!may_be_tried(host)) continue;
        notes_.push_back({HopNote::Kind::LeftUntried, i, std::nullopt});
        for (const Address& address : host.addresses) {
            if (address.finished) continue;
            notes_.push_back({HopNote::Kind::LeftUntried, i, address.facts.endpoint});
        }
    }
    note_findings();
    fail(Kind::TimeOver, kTimeOver, Stage::Route);
    advance();
}

bool NextHopSelection::try_another_host(std::optional<smtp::Offer> lacking)
{
    HERMETIC_ASSERT(step_.what == What::Use);
    const std::size_t used = step_.host;
    note_use(lacking);
    bool other = false;
    for (std::size_t i = 0; i < hosts_.size(); ++i)
        other = other || (i != used && may_be_tried(hosts_[i]));
    if (!other) {
        note_findings();
        return false;
    }
    hosts_[used].excluded = true;
    pass();
    return true;
}

bool NextHopSelection::try_another_address(std::optional<smtp::Offer> lacking)
{
    HERMETIC_ASSERT(step_.what == What::Use);
    const auto other = [&](const Address& each) {
        return &each != &current_address() && may_be_tried(current(), each);
    };
    if (std::ranges::none_of(current().addresses, other)) return false;
    note(HopNote::Kind::Found);
    notes_.back().lacking = current_address().lacking = lacking;
    pass();
    return true;
}

void NextHopSelection::pass()
{
    current_address().passed = true;
    // It has been reached: unless every handshake had failed by then, the others must not be sent
    // to in clear for theirs.
    current().when_excluded.handshake_failed = use_.after_failures;
    last_resort_ = false;
    advance();
}

void NextHopSelection::retry()
{
    last_resort_ = false;
    advance();
}

void NextHopSelection::begin_transaction()
{
    for (Host& host : hosts_) {
        host.excluded = false;
        for (Address& address : host.addresses) {
            address.passed = false;
            address.lacking.reset();
        }
    }
    time_over_ = false;
    if (step_.what != What::Use) retry();
}

bool NextHopSelection::is_narrowed() const
{
    return std::ranges::any_of(hosts_, [](const Host& host) { return was_passed(host); });
}

bool NextHopSelection::others_may_take(const smtp::MessageNeeds& needs) const
{
    if (may_take(left_out_, needs)) return true;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        const Host& host = hosts_[i];
        if (host.barred || host.nobody) continue;
        const bool untried = std::ranges::any_of(host.addresses, [&](const Address& each) {
            return !each.finished && !was_used(i, each);
        });
        if (!host.resolved || may_take(host.left_out, needs) || untried) return true;
    }
    return std::ranges::any_of(failures_,
                               [&](const HopFailure& each) { return waits_elsewhere(each); });
}

// Waiting may end it, and it is none of where the transaction failed. An address that greets nobody
// is not waited for where another one of its host is used: from here there may be no way to it.
bool NextHopSelection::waits_elsewhere(const HopFailure& failure) const
{
    if (!failure.temporary || failure.kind == Kind::LeftUntried || !failure.host) return false;
    const Host& host = hosts_[*failure.host];
    const bool used = std::ranges::any_of(
        host.addresses, [&](const Address& each) { return was_used(*failure.host, each); });
    if (!used || !failure.address) return true;
    const auto at = std::ranges::find_if(host.addresses, [&](const Address& each) {
        return each.facts.endpoint == *failure.address;
    });
    return at != host.addresses.end() && at->reached && !was_used(*failure.host, *at);
}

// For this transaction.
bool NextHopSelection::was_used(std::size_t host, const Address& address) const
{
    const bool in_use = step_.what == What::Use && step_.host == host;
    return address.passed || (in_use && &address == &hosts_[host].addresses[step_.address]);
}

bool NextHopSelection::was_passed(const Host& host)
{
    return std::ranges::any_of(host.addresses, &Address::passed);
}

const TlsDecision& NextHopSelection::decision() const
{
    return last_host_ ? hosts_[*last_host_].decision : any_;
}

const TlsDecision& NextHopSelection::decision(std::size_t host) const
{
    return hosts_[host].decision;
}

const TlsDecision& NextHopSelection::decision(const HopFailure& failure) const
{
    return failure.host ? hosts_[*failure.host].decision : any_;
}

std::string NextHopSelection::label(const HopFailure& failure) const
{
    return failure.host ? hosts_[*failure.host].facts.label : std::string{};
}

const NextHopAddress& NextHopSelection::address(std::size_t host, std::size_t index) const
{
    return hosts_[host].addresses[index].facts;
}

const HopFailure& NextHopSelection::failure() const
{
    HERMETIC_ASSERT(!failures_.empty());
    const auto rank = [](const HopFailure& each) { return std::pair{each.temporary, each.stage}; };
    const HopFailure* best = &failures_.front();
    for (const HopFailure& each : failures_) {
        if (rank(each) > rank(*best)) best = &each;
    }
    return *best;
}

// Something is left that can be connected to.
bool NextHopSelection::may_be_tried(const Host& host) const
{
    if (host.excluded || host.barred || host.nobody) return false;
    if (!host.resolved) return true;
    return std::ranges::any_of(host.addresses,
                               [&](const Address& each) { return may_be_tried(host, each); });
}

bool NextHopSelection::may_be_tried(const Host& host, const Address& address) const
{
    if (address.passed) return false;
    const bool in_clear = last_resort_ && host.decision.policy.allows_clear() &&
                          handshake_failed(address.tried) && !address.tried_in_clear;
    return !address.finished || in_clear;
}

// The verdict on a host is one: an address where nobody answers hides no other's failed handshake.
HostSummary NextHopSelection::summarize(const Host& host) const
{
    if (host.excluded) return host.when_excluded;
    HostSummary summary;
    summary.may_be_clear = host.decision.policy.allows_clear() &&
                           host.decision.policy.clear_after_failure && !host.facts.hop.implicit_tls;
    for (const Address& address : host.addresses) {
        const auto part = policy::summarize(host.decision.policy, address.tried);
        summary.handshake_failed = summary.handshake_failed || part.handshake_failed;
        summary.inappropriate_fallback =
            summary.inappropriate_fallback || part.inappropriate_fallback;
    }
    const bool reached = std::ranges::any_of(host.addresses, &Address::reached);
    summary.no_host = host.nobody || (host.facts.long_silent && !host.barred && !reached);
    summary.part_unresolved = host.part_unresolved;
    summary.left_untried = host.left_out.bars_clear;
    return summary;
}

}  // namespace hermetic::policy
