#include "outbound/next_hop_client.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "net/core.h"
#include "outbound/context.h"
#include "outbound/hosts.h"
#include "outbound/io_outcome.h"
#include "outbound/log_in.h"
#include "outbound/next_hop_outcome.h"
#include "outbound/peer_watch.h"
#include "routing/target_address.h"

#include <iterator>
#include <utility>

namespace hermetic::outbound {
namespace {

using policy::ConnectionFacts;
using policy::HopFailure;
using policy::HopNote;
using What = policy::NextHopStep::What;

// How long what DNS and the ratchet said may be used without asking again: the unit of a record's
// time to live. The resolver answers from its memory.
constexpr std::chrono::seconds kFresh{1};

std::string endpoint_text(const Host& host, const Endpoint& endpoint)
{
    return host.unix_path.empty() ? endpoint.format() : host.unix_path;
}

policy::TlsDemand with_ratchet(policy::TlsDemand demand, const RatchetWatch& ratchet)
{
    demand.ratchet = ratchet.expectation();
    return demand;
}

}  // namespace

NextHopClient::NextHopClient(Context& context, PeerWatch* watch, HostList list,
                             policy::TlsDemand demand, objects::SnapshotPointer snapshot,
                             Memory memory, HopWatcher* watcher)
    : context_{context},
      watch_{watch},
      mx_{list.mx},
      snapshot_{std::move(snapshot)},
      settings_{context.settings},
      memory_{memory},
      watcher_{watcher},
      ratchet_{context, *demand.organization, list},
      demand_{with_ratchet(std::move(demand), ratchet_)},
      only_{list.only},
      more_hosts_{list.hosts.size() > policy::kMaxHosts},
      selection_{make_selection(list)},
      began_{context.now()},
      until_{context.now() + settings_->options.attempt_time}
{
    for (auto& host : list.hosts) {
        known_.push_back({std::move(host)});
        add_required(known_.size() - 1);
    }
}

void NextHopClient::add_required(std::size_t index)
{
    required_tls_ =
        mail::strongest(std::move(required_tls_), policy::required_tls(selection_.decision(index)));
}

std::vector<policy::NextHopHost> NextHopClient::make_hosts(const HostList& list) const
{
    std::vector<policy::NextHopHost> hosts;
    const Instant now = context_.now();
    for (const Host& each : list.hosts) {
        policy::NextHopHost host;
        host.hop = hop_facts(each, mx_, settings_->sts.get());
        host.label = each.label();
        host.long_silent = context_.hosts->is_long_silent(memory_key(each), now);
        host.left_untried = context_.hosts->is_left_untried(memory_key(each), now);
        hosts.push_back(std::move(host));
    }
    return hosts;
}

// Leaves only those in the list that are tried.
policy::NextHopSelection NextHopClient::make_selection(HostList& list) const
{
    const policy::LeftOut left_out = leave_out_hosts(list.hosts);
    return {demand_, make_hosts(list), context_.adapters.core.clock().wall(), left_out};
}

policy::AttemptCandidate NextHopClient::candidate_of(const HostKey& key,
                                                     const std::string& policy) const
{
    policy::AttemptCandidate candidate;
    candidate.left_untried = context_.hosts->is_left_untried(key, context_.now());
    HostKey found_key = key;
    found_key.policy = policy;
    if (const auto found = context_.hosts->finding(found_key, context_.now())) {
        candidate.finding = found->what;
        candidate.found_at = found->at;
        candidate.lacking = found->lacking;
    }
    return candidate;
}

// Under which policy it was found is asked where there is something at all.
policy::AttemptCandidate NextHopClient::candidate_of(const Host& host) const
{
    const HostKey key = memory_key(host);
    if (!context_.hosts->has_finding(key, context_.now())) return {};
    const auto hop = hop_facts(host, mx_, settings_->sts.get());
    const auto decision =
        policy::decide_tls(demand_, hop, host.label(), context_.adapters.core.clock().wall());
    auto candidate = candidate_of(key, decision.policy.digest());
    const bool unsettled = candidate.finding == policy::HopFinding::Unsettled;
    if (unsettled && context_.hosts->is_long_silent(key, context_.now()))
        candidate.finding = policy::HopFinding::Silent;
    return candidate;
}

policy::LeftOut NextHopClient::leave_out_hosts(std::vector<Host>& hosts) const
{
    if (hosts.size() <= policy::kMaxHosts) return {};
    std::vector<policy::AttemptCandidate> candidates;
    policy::EnoughCandidates enough{policy::kMaxHosts};
    for (const Host& each : hosts) {
        if (enough.after(candidates.emplace_back(candidate_of(each)))) break;
    }
    const auto choice = policy::choose_candidates(candidates, policy::kMaxHosts);
    std::vector<Host> tried;
    for (const std::size_t index : choice.tried) tried.push_back(std::move(hosts[index]));
    hosts = std::move(tried);
    return choice.left_out;
}

policy::LeftOut NextHopClient::leave_out_addresses(const Known& known,
                                                   std::vector<IpAddress>& addresses) const
{
    if (!known.more_addresses) return {};
    std::vector<policy::AttemptCandidate> candidates;
    policy::EnoughCandidates enough{policy::kMaxAddresses};
    for (const IpAddress& each : addresses) {
        const Endpoint endpoint{each, known.host.port};
        const HostKey key = memory_key(known.host, endpoint.format());
        if (enough.after(candidates.emplace_back(candidate_of(key, known.policy)))) break;
    }
    const auto choice = policy::choose_candidates(candidates, policy::kMaxAddresses);
    std::vector<IpAddress> tried;
    for (const std::size_t index : choice.tried) tried.push_back(addresses[index]);
    addresses = std::move(tried);
    return choice.left_out;
}

void NextHopClient::begin_transaction()
{
    until_ = context_.now() + settings_->options.attempt_time;
    selection_.begin_transaction();
}

bool NextHopClient::try_another_host(std::optional<smtp::Offer> lacking)
{
    const bool other = selection_.try_another_host(lacking);
    heed_notes();
    return other;
}

bool NextHopClient::try_another_address(std::optional<smtp::Offer> lacking)
{
    const bool other = selection_.try_another_address(lacking);
    heed_notes();
    return other;
}

net::Task<ConnectionPointer> NextHopClient::open()
{
    last_tls_.reset();
    held_.reset();
    // What was given away has come back, or was lost.
    if (selection_.step().what == What::Use) selection_.retry();
    for (;;) {
        const policy::NextHopStep step = selection_.step();
        if (step.what == What::Use) co_return hand_over();
        if (step.what == What::GiveUp) break;
        if (is_over()) {
            selection_.on_time_over();
            heed_notes();
            continue;
        }
        switch (step.what) {
        case What::Resolve:
            co_await resolve(step.host);
            break;
        case What::AskTlsa:
            co_await ask_tlsa(step.host);
            break;
        case What::Prepare:
            prepare(step.host);
            break;
        case What::Connect:
            co_await connect(step);
            break;
        case What::LogIn:
            co_await log_in();
            break;
        case What::Use:
        case What::GiveUp:
            break;
        }
        heed_notes();
        heed_failures();
    }
    conclude();
    co_return nullptr;
}

bool NextHopClient::is_over() const
{
    const bool given_way = watch_ != nullptr && watch_->has_given_way();
    return context_.stopping() || given_way || context_.now() >= until_;
}

net::Task<> NextHopClient::resolve(std::size_t index)
{
    Known& known = known_[index];
    known.policy = selection_.decision(index).policy.digest();
    if (!known.host.unix_path.empty()) {
        known.addresses = HostAddresses{{IpAddress{}}, facts::DnsSecurity::Insecure, {}};
    } else {
        Host host = known.host;
        auto found = co_await find_addresses(context_, std::move(host));
        if (!found) {
            selection_.on_unresolved(std::move(found.error()));
            co_return;
        }
        known.addresses = *std::move(found);
    }
    if (memory_ == Memory::Kept) context_.hosts->note_tried(memory_key(known.host));
    auto& all = known.addresses->addresses;
    if (only_) std::erase_if(all, [&](const IpAddress& each) { return each != *only_; });
    known.more_addresses = all.size() > policy::kMaxAddresses;
    policy::AddressGaps gaps;
    gaps.left_out = leave_out_addresses(known, all);
    if (!only_) gaps.unresolved = known.addresses->missing;
    if (watcher_ != nullptr) watcher_->on_resolved(index, known.host, *known.addresses);
    std::vector<policy::NextHopAddress> addresses;
    for (const IpAddress& each : all) addresses.push_back(make_address(known.host, each));
    if (addresses.empty()) {  // the one that was asked about is the host's no more
        auto outcome = facts::local_outcome(facts::Reason::DnsNoAddress,
                                            "the host no longer has this address");
        facts::set_status(outcome, {4, 4, 312});
        selection_.on_unresolved(std::move(outcome));
        co_return;
    }
    selection_.on_addresses(std::move(addresses), std::move(gaps));
}

policy::NextHopAddress NextHopClient::make_address(const Host& host, const IpAddress& address) const
{
    policy::NextHopAddress made;
    if (host.unix_path.empty()) {
        made.endpoint = {address, host.port};
        const auto refused =
            routing::refuse_target(made.endpoint, host.source, settings_->target_rules());
        if (refused) made.refused = *refused;
    }
    const HostKey key = memory_key(host, endpoint_text(host, made.endpoint));
    made.dead = context_.dead.is_dead(key.address, context_.now());
    made.left_untried = context_.hosts->is_left_untried(key, context_.now());
    return made;
}

// Specification §4.7.
net::Task<> NextHopClient::ask_tlsa(std::size_t index)
{
    Known& known = known_[index];
    Host host = known.host;
    HostAddresses addresses = *known.addresses;
    MxFacts mx = mx_;
    auto found = co_await find_tlsa(context_, std::move(host), std::move(addresses), std::move(mx));
    if (watcher_ != nullptr) watcher_->on_tlsa(index, known.host, found);
    selection_.on_tlsa(found.status, std::move(found.set), std::move(found.why));
    add_required(index);
}

Identity NextHopClient::identity_for(const policy::TlsDecision& decision) const
{
    // Our secrets are not for mail below its policy.
    const auto* connector =
        demand_.message.approved == policy::Approved::Yes ? nullptr : demand_.connector;
    return context_.identity_for(decision, demand_.organization->name, connector);
}

void NextHopClient::prepare(std::size_t index)
{
    Known& known = known_[index];
    known.identity = identity_for(selection_.decision(index));
    policy::HopCredentials credentials;
    credentials.missing = known.identity.missing;
    credentials.login = known.identity.login != nullptr;
    credentials.remembered = context_.step_memory.recall(step_key(index), context_.now());
    if (watcher_ != nullptr) watcher_->on_prepared(index, credentials);
    selection_.on_credentials(std::move(credentials));
}

bool NextHopClient::use_kept(const policy::NextHopStep& step)
{
    if (memory_ == Memory::ReadOnly) return false;
    const Known& known = known_[step.host];
    const Endpoint endpoint = selection_.address(step.host, step.address).endpoint;
    connection_ = context_.pool.take(
        key_of(known, selection_.decision(step.host), known.identity, endpoint), context_.now());
    if (!connection_) return false;
    if (watch_ != nullptr) connection_->watched = watch_->attach(*connection_->stream);
    fresh_ = false;
    selection_.on_kept();
    return true;
}

net::Task<> NextHopClient::connect(policy::NextHopStep step)
{
    if (use_kept(step)) co_return;
    const Known& known = known_[step.host];
    if (step.plan &&
        context_.tls_context_for(*step.plan, known.identity.client_certificate) == nullptr) {
        // What our own settings or files do not let us do says nothing of the host.
        selection_.on_own_fault(facts::local_outcome(
            facts::Reason::TlsClientContext, facts::Stage::Local,
            "this server's own TLS settings, or its client certificate, cannot be used"));
        co_return;
    }
    DialRequest request;
    request.host = known.host;
    request.endpoint = selection_.address(step.host, step.address).endpoint;
    request.plan = step.plan;
    request.identity = known.identity;
    request.server_name = policy::server_name(selection_.decision(step.host), known.host.name);
    request.watch = watch_;
    request.tlsa = selection_.decision(step.host).policy.tlsa;
    request.reuse_key =
        key_of(known, selection_.decision(step.host), known.identity, request.endpoint);
    const std::string where = endpoint_text(known.host, request.endpoint);
    if (memory_ == Memory::Kept) {
        context_.hosts->note_tried(memory_key(known.host, where));
    }
    auto result = co_await dial(context_, std::move(request));
    if (watcher_ != nullptr) watcher_->on_dialed(step, known.host, result);
    auto facts = take(where, result);
    connection_ = std::move(result.connection);
    fresh_ = true;
    if (watcher_ != nullptr) watcher_->on_connection(step, facts);
    if (facts.tls) last_tls_ = facts.tls;
    selection_.on_connection(std::move(facts));
    const auto next = selection_.step().what;
    if (connection_ && next != What::Use && next != What::LogIn) {
        connection_->stream->close();
        connection_.reset();
    }
}

// As facts; the connection stays in `result`.
ConnectionFacts NextHopClient::take(const std::string& where, DialResult& result)
{
    slow_down_ = slow_down_ || result.busy;
    // A port that is closed to one more while others are served is full, not dead.
    const bool full = result.refused_connect && context_.live_connections(where) != 0;
    slow_down_ = slow_down_ || full;
    return take_facts(result, full ? Crowded::Yes : Crowded::No);
}

net::Task<> NextHopClient::log_in()
{
    auto login = known_[selection_.step().host].identity.login;
    auto refusal = co_await outbound::log_in(context_, *connection_, std::move(login));
    if (watcher_ != nullptr) watcher_->on_login(refusal);
    if (refusal) {
        slow_down_ = slow_down_ || facts::closes_session(*refusal);
        connection_->stream->close();
        connection_.reset();
    }
    selection_.on_login(std::move(refusal));
}

ConnectionPointer NextHopClient::hand_over()
{
    HERMETIC_ASSERT(connection_);
    last_tls_.reset();
    if (!fresh_) return std::move(connection_);
    const std::size_t index = selection_.step().host;
    const policy::HopUse& use = selection_.use();
    const policy::TlsPolicy& policy = selection_.decision(index).policy;
    Connection& connection = *connection_;
    HERMETIC_ASSERT(connection.tls || policy.allows_clear());
    connection.address_security = known_[index].addresses->security;
    connection.verdict = use.verdict;
    connection.audit = use.audit;
    steps_ = take_attempt_steps();
    HERMETIC_ASSERT(!steps_.empty());
    connection.step = std::move(steps_.back());
    steps_.pop_back();
    // Where TLS is wanted the next grant asks for it again: the host may have it by then.
    if (!connection.tls && policy.wants_tls()) connection.kept = Connection::Kept::No;
    if (is_watched() && policy.wants_tls()) {
        ratchet_.on_connection(known_[index].host.label(), connection.tls,
                               connection.capabilities.starttls);
    }
    return std::move(connection_);
}

// Whether the ratchet learns from this mail. What asks for less than others do (an approval,
// TLS-Required: No) must neither begin nor end the hold of all other mail.
bool NextHopClient::is_watched() const
{
    const auto& message = demand_.message;
    return memory_ == Memory::Kept && message.approved == policy::Approved::No &&
           !message.requests.lifts();
}

std::vector<facts::AttemptStep> NextHopClient::take_attempt_steps()
{
    auto steps = std::exchange(steps_, {});
    auto more = selection_.take_attempt_steps();
    std::move(more.begin(), more.end(), std::back_inserter(steps));
    return steps;
}

void NextHopClient::conclude()
{
    const HopFailure& failure = selection_.failure();
    failure_ = outcome_of(failure, {selection_.label(failure), selection_.decision(failure),
                                    context_.adapters.core.clock().wall()});
    if (failure.kind == HopFailure::Kind::TimeOver && context_.stopping()) {
        failure_ = facts::local_outcome(facts::Reason::DeliveryStopping, facts::Stage::Connect);
    } else if (failure.kind == HopFailure::Kind::TimeOver && context_.now() < until_) {
        failure_ = gave_way_outcome(facts::Stage::Dns);
    }
    last_tls_ = failure.evidence;
    if (is_watched()) ratchet_.on_failure(last_host(), failure_);
}

// What the hosts showed that were not used.
void NextHopClient::heed_failures()
{
    const auto& failures = selection_.failures();
    for (; failures_heeded_ < failures.size(); ++failures_heeded_) {
        const HopFailure& failure = failures[failures_heeded_];
        if (failure.kind == HopFailure::Kind::Unproved) ratchet_.on_refused(*failure.evidence);
        if (failure.kind == HopFailure::Kind::NotOffered) ratchet_.on_not_offered();
    }
}

void NextHopClient::heed_notes()
{
    auto notes = selection_.take_notes();
    if (memory_ == Memory::ReadOnly) return;
    for (const HopNote& each : notes) note(each);
}

void NextHopClient::note(const HopNote& note)
{
    const Host& host = known_[note.host].host;
    const Instant now = context_.now();
    const std::string text = note.address ? endpoint_text(host, *note.address) : std::string{};
    switch (note.kind) {
    case HopNote::Kind::StepWorked:
        return context_.step_memory.worked(step_key(note.host), note.step, now);
    case HopNote::Kind::StepFailed:
        return context_.step_memory.failed(step_key(note.host));
    case HopNote::Kind::AddressDead:
        return context_.dead.mark(text, now + settings_->options.dead_host, now);
    case HopNote::Kind::AddressAlive:
        return context_.dead.forget(text);
    case HopNote::Kind::HostSilent:
        return context_.hosts->note_silent(memory_key(host), now);
    case HopNote::Kind::HostGreeted:
        return context_.hosts->note_greeted(memory_key(host));
    case HopNote::Kind::LeftUntried:
        return context_.hosts->note_untried(memory_key(host, text), now);
    case HopNote::Kind::Found:
        return note_finding(note, memory_key(host, text));
    }
}

// Where all are tried nobody asks about it.
void NextHopClient::note_finding(const HopNote& note, HostKey key)
{
    const Known& known = known_[note.host];
    const bool is_asked_about = note.address ? known.more_addresses : more_hosts_;
    if (!is_asked_about) return;
    key.policy = known.policy;
    context_.hosts->note_finding(key, note.finding, context_.now(), note.lacking);
}

std::string NextHopClient::last_host() const
{
    const auto& last = selection_.last_host();
    return last ? known_[*last].host.label() : std::string{};
}

std::string NextHopClient::address_text(std::size_t host, const Endpoint& address) const
{
    return endpoint_text(known_[host].host, address);
}

facts::DnsSecurity NextHopClient::address_security() const
{
    const auto& last = selection_.last_host();
    if (!last || !known_[*last].addresses) return facts::DnsSecurity::Insecure;
    return known_[*last].addresses->security;
}

bool NextHopClient::is_outdated() const
{
    return snapshot_ != context_.snapshot || settings_ != context_.settings;
}

bool NextHopClient::is_old() const
{
    return context_.now() - began_ >= kFresh;
}

bool NextHopClient::still_holds(const Connection& connection)
{
    if (is_outdated() || !selection_.last_host()) return false;
    const WallTime now = context_.adapters.core.clock().wall();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (!held_ || held_->second != second) held_ = Held{second, holds_at(connection, now)};
    return held_->holds;
}

bool NextHopClient::holds_at(const Connection& connection, WallTime now) const
{
    const std::size_t index = *selection_.last_host();
    // An exception's end, a retirement plan's quarter of an hour, MTA-STS.
    policy::HopFacts hop = hop_facts(known_[index].host, mx_, settings_->sts.get());
    hop.tlsa_status = selection_.host(index).hop.tlsa_status;
    hop.tlsa = selection_.host(index).hop.tlsa;
    const auto decision = policy::decide_tls(demand_, hop, known_[index].host.label(), now);
    const auto identity = identity_for(decision);
    const bool missing = identity.missing && !decision.audited;
    return decision.skip == facts::Reason::None && !missing &&
           key_of(known_[index], decision, identity, connection.endpoint) == connection.policy_key;
}

std::string NextHopClient::key_of(const Known& known, const policy::TlsDecision& decision,
                                  const Identity& identity, const Endpoint& endpoint) const
{
    std::string key = demand_.organization->name;
    key += '|';
    key += endpoint_text(known.host, endpoint);
    key += '|';
    key += known.host.name;
    key += known.host.protocol == objects::HostProtocol::Lmtp ? "|lmtp|" : "|smtp|";
    key += decision.policy.digest();
    if (decision.audited) {
        key += " audit " + decision.audited->digest();
        key += facts::name(decision.audited_skip);
    }
    key += '|';
    key += identity.digest;
    return key;
}

std::string NextHopClient::step_key(std::size_t index) const
{
    std::string key = known_[index].host.label();
    key += '|';
    key += std::to_string(known_[index].host.port);
    key += '|';
    key += selection_.decision(index).policy.digest();
    return key;
}

HostKey NextHopClient::memory_key(const Host& host, std::string address) const
{
    std::string name = host.label();
    if (host.unix_path.empty()) name += ':' + std::to_string(host.port);
    return {mx_.domain, std::move(name), std::move(address)};
}

}  // namespace hermetic::outbound
