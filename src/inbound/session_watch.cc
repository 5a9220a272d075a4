#include "inbound/session_watch.h"

#include "core/text.h"
#include "mail/path.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hermetic::inbound {
namespace {

using objects::ConnectorKind;
using objects::ConnectorMode;
using objects::InboundConnector;

constexpr std::size_t kShown = 300;

void add(std::string& text, const std::string& words)
{
    text += (text.empty() ? "" : ", ") + words;
}

std::string matched_by(const InboundConnector& connector, const policy::ClientEvidence& evidence,
                       const mail::ReversePath& sender)
{
    using State = policy::CertificateProof::State;
    std::string text;
    const auto proof = policy::prove_certificate(connector, evidence);
    if (proof.state == State::Proved) add(text, "certificate name " + proof.name);
    if (proof.state == State::ChainFailed)
        add(text, "a certificate with its name, but its chain fails (" + proof.words + ")");
    if (proof.state == State::CasUnavailable)
        add(text, "a certificate with its name; its CAs cannot be read now");
    for (const Network& network : connector.networks) {
        if (evidence.address.is_unspecified() || !network.contains(evidence.address)) continue;
        add(text, "network " + network.format());
        break;
    }
    const mail::Domain* const domain = sender ? sender->domain() : nullptr;
    const bool names_sender =
        sender && connector.kind == ConnectorKind::Partner &&
        std::ranges::any_of(connector.sender_domains, [&](const auto& pattern) {
            return domain != nullptr ? pattern.matches(*domain)
                                     : pattern.kind == objects::DomainPattern::Kind::Any;
        });
    if (names_sender)
        add(text, domain != nullptr ? "sender domain " + domain->text() : "sender at an address");
    return printable(text, kShown);
}

std::string idle_because(const InboundConnector& connector)
{
    if (!connector.enabled) return "the connector is disabled";
    if (connector.mode == ConnectorMode::Off) return "the connector's mode is off";
    if (connector.mode == ConnectorMode::Audit) return "the connector is in audit mode";
    return {};
}

void judge_grant(const InboundConnector& connector, const policy::Attribution& attribution,
                 events::Judgement& judged)
{
    judged.why = idle_because(connector);
    if (!judged.why.empty()) return;
    for (const policy::Admission& claim : attribution.claims) {
        if (claim.connector->organization != connector.organization) continue;
        const bool own = claim.connector->name == connector.name;
        judged.granted = own && claim.grants();
        judged.why = own ? claim.because()
                         : fmt::format("connector \"{}\" takes precedence: {}",
                                       claim.connector->name, claim.because());
        return;
    }
    for (const policy::Admission& each : attribution.unjudged) {
        if (each.connector->organization != connector.organization ||
            each.connector->name != connector.name)
            continue;
        judged.why = each.because();
        return;
    }
    judged.why = "neither its certificate names nor its networks";
}

void judge_restrictions(const InboundConnector& connector, const policy::Attribution& attribution,
                        events::Judgement& judged)
{
    judged.why = idle_because(connector);
    const auto* const admission = attribution.of(connector.organization);
    if (judged.why.empty() && admission != nullptr) {
        judged.why = fmt::format("connector \"{}\" admits the client: {}",
                                 admission->connector->name, admission->because());
    }
    judged.restricts = judged.why.empty();
}

}  // namespace

events::Judgement judge(const objects::Snapshot& snapshot, const InboundConnector& connector,
                        const policy::ClientEvidence& evidence,
                        const policy::Attribution& attribution, const mail::ReversePath& sender)
{
    events::Judgement judged;
    judged.connector = connector.name;
    judged.organization = connector.organization;
    judged.sender = printable(mail::format_path(sender), kShown);
    judged.matched = matched_by(connector, evidence, sender);
    judged.on_premises = connector.kind == ConnectorKind::OnPremises;
    if (judged.on_premises) {
        judge_grant(connector, attribution, judged);
    } else {
        judge_restrictions(connector, attribution, judged);
    }
    judged.why = printable(judged.why, kShown);
    const auto& owner = snapshot.organization(connector.organization);
    if (auto fault = policy::find_fault(connector, owner, evidence)) {
        judged.fault = {fault->reason, printable(fault->presented, kShown),
                        printable(fault->wanted, kShown)};
    }
    return judged;
}

bool SessionWatch::watch(const objects::OwnedName& connector, std::vector<Network> networks)
{
    const std::lock_guard lock{mutex_};
    if (watched_.size() >= kMaxWatched || watched_.contains(connector)) return false;
    watched_[connector].networks = std::move(networks);
    any_ = true;
    return true;
}

void SessionWatch::forget(const objects::OwnedName& connector)
{
    const std::lock_guard lock{mutex_};
    watched_.erase(connector);
    any_ = !watched_.empty();
}

std::vector<objects::OwnedName> SessionWatch::connectors() const
{
    const std::lock_guard lock{mutex_};
    std::vector<objects::OwnedName> names;
    for (const auto& [name, watched] : watched_) names.push_back(name);
    return names;
}

void SessionWatch::take(events::Batch batch)
{
    if (!any_) return;
    for (const events::Event* each : batch) {
        if (const auto* const ended = std::get_if<events::SessionEnded>(&each->what))
            note_end(*ended);
    }
}

// Also of one that failed before its first transaction.
void SessionWatch::note_end(const events::SessionEnded& ended)
{
    SeenSession seen;
    if (ended.client.known) seen.client = ended.client.address.format();
    seen.helo = printable(ended.client.helo, 255);
    seen.listener = ended.client.listener;
    if (ended.client.tls) seen.tls = *ended.client.tls;
    seen.tls_is_the_clients = ended.client.tls_is_its_own;
    if (ended.tls_failure) seen.tls_failure = facts::describe(*ended.tls_failure);
    seen.ended = ended.ended;
    const std::lock_guard lock{mutex_};
    for (auto& [name, watched] : watched_) {
        SeenSession own = seen;
        own.in_networks = ended.client.known &&
                          std::ranges::any_of(watched.networks, [&](const Network& network) {
                              return network.contains(ended.client.address.address);
                          });
        const auto mine = std::ranges::find_if(ended.judgements, [&name = name](const auto& each) {
            return each.connector == name.name && each.organization == name.organization;
        });
        if (mine != ended.judgements.end()) own.judged = *mine;
        keep(watched, std::move(own));
    }
}

void SessionWatch::note(const objects::OwnedName& connector, SeenSession seen)
{
    const std::lock_guard lock{mutex_};
    const auto found = watched_.find(connector);
    if (found != watched_.end()) keep(found->second, std::move(seen));
}

// The connector's own sessions are what is waited for; strangers must not crowd them out.
void SessionWatch::keep(Watched& watched, SeenSession seen)
{
    auto& kept = watched.kept;
    if (kept.size() >= kMaxKept) {
        const auto stranger = std::ranges::find(kept, false, &SeenSession::is_of_connector);
        if (stranger == kept.end()) return;
        kept.erase(stranger);
    }
    kept.push_back(std::move(seen));
}

std::optional<SeenSession> SessionWatch::take(const objects::OwnedName& connector)
{
    const std::lock_guard lock{mutex_};
    const auto found = watched_.find(connector);
    if (found == watched_.end() || found->second.kept.empty()) return std::nullopt;
    SeenSession seen = std::move(found->second.kept.front());
    found->second.kept.pop_front();
    return seen;
}

}  // namespace hermetic::inbound
