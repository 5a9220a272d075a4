#include "validation/words.h"

#include "core/assert.h"
#include "core/quote.h"
#include "core/text.h"
#include "facts/attempt_history.h"
#include "facts/expiry.h"
#include "facts/outcome_words.h"
#include "facts/reasons.h"
#include "outbound/io_outcome.h"
#include "policy/evidence_words.h"
#include "policy/next_hop_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using End = Seen::End;
using facts::Reason;
using facts::TlsVersion;

std::string joined(const std::vector<std::string>& parts)
{
    return join(parts, ", ");
}

// Some of them: a certificate may have a thousand.
std::string names_of(const facts::CertificateFacts& certificate)
{
    constexpr std::size_t kShown = 20;
    auto names = certificate.dns_names;
    if (names.empty()) return "(none)";
    const std::size_t more = names.size() - std::min(names.size(), kShown);
    names.resize(names.size() - more);
    return joined(names) + (more == 0 ? "" : fmt::format(" and {} more", more));
}

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses)
{
    std::vector<std::string> texts;
    for (const auto& each : addresses) texts.push_back(each.format());
    return texts;
}

Step make(StepId id, State state, std::string seen, std::string_view fix = {},
          Reason reason = Reason::None)
{
    return {id, {}, {}, state, reason, std::move(seen), std::string{fix}};
}

// With the fix of the reason.
Step find_fault(StepId id, State state, Reason reason, std::string seen)
{
    return make(id, state, std::move(seen), facts::describe(reason).fix, reason);
}

// A text of the peer's, as one line.
std::string quote(std::string text)
{
    std::replace(text.begin(), text.end(), '\n', ' ');
    return quoted(text);
}

StepId step_of(facts::Stage stage)
{
    switch (stage) {
    case facts::Stage::Greeting:
        return StepId::Greeting;
    case facts::Stage::Ehlo:
        return StepId::Ehlo;
    case facts::Stage::StartTls:
    case facts::Stage::Handshake:
    case facts::Stage::Verify:
        return StepId::StartTls;
    default:
        return StepId::Connect;
    }
}

// By the chain, and by one of these names where there are any.
Reason judge(const facts::TlsEvidence& evidence, const std::vector<policy::TlsName>& names)
{
    const Reason found = policy::judge_certificate(evidence);
    if (names.empty() || (found != Reason::TlsVerified && found != Reason::TlsNameMismatch))
        return found;
    const auto& presented = evidence.chain.front().dns_names;
    const bool named = std::ranges::any_of(presented, [&](const std::string& dns_name) {
        return std::ranges::any_of(
            names, [&](const policy::TlsName& name) { return policy::matches(name, dns_name); });
    });
    return named ? Reason::TlsVerified : Reason::TlsNameMismatch;
}

Step say_starttls(const Seen& seen)
{
    switch (seen.end) {
    case End::Ready: {
        auto words = seen.tls ? describe_session(*seen.tls) : std::string{"not tried"};
        if (!seen.injected) return make(StepId::StartTls, State::Ok, std::move(words));
        return find_fault(StepId::StartTls, State::Warning, Reason::StarttlsInjected,
                          words + "; octets in clear text followed the 220 and were discarded");
    }
    case End::NotOffered:
    case End::Refused: {
        const Reason reason =
            seen.end == End::Refused ? Reason::StarttlsRefused : Reason::StarttlsNotOffered;
        std::string words{facts::describe(reason).words};
        if (seen.outcome) words += "; " + say_outcome(*seen.outcome, proof_of(seen.tls));
        return find_fault(StepId::StartTls, State::Failed, reason, std::move(words));
    }
    case End::HandshakeFailed:
        return find_fault(StepId::StartTls, State::Failed, policy::handshake_reason(*seen.failure),
                          facts::describe(*seen.failure));
    case End::Failed:
        break;
    }
    return say_failure(StepId::StartTls, *seen.outcome, proof_of(seen.tls));
}

}  // namespace

std::string_view name(Fate fate)
{
    switch (fate) {
    case Fate::Goes:
        return "goes";
    case Fate::Waits:
        return "waits";
    case Fate::Returns:
        return "returns";
    }
    unreachable("every Fate is named above");
}

std::string_view would(Fate fate)
{
    switch (fate) {
    case Fate::Goes:
        return "mail would flow";
    case Fate::Waits:
        return "mail would wait";
    case Fate::Returns:
        return "mail would be returned to its sender";
    }
    unreachable("every Fate is described above");
}

Proof proof_of(const policy::TlsPolicy& policy, const std::optional<facts::TlsEvidence>& evidence)
{
    if (!evidence || !policy.proves_peer()) return proof_of(evidence);
    return policy::judge_evidence(policy, *evidence).passes ? Proof::Proved : Proof::Unproved;
}

Proof proof_of(const std::optional<facts::TlsEvidence>& evidence)
{
    if (!evidence) return Proof::None;
    return policy::judge_certificate(*evidence) == Reason::TlsVerified ? Proof::Proved
                                                                       : Proof::Unproved;
}

std::string say_outcome(const facts::Outcome& outcome, Proof proof)
{
    constexpr std::size_t kShown = 400;
    if (outcome.origin == facts::Origin::Local) return facts::format_words(outcome, kShown);
    const auto quote = facts::quote_reply(outcome, kShown);
    switch (proof) {
    case Proof::None:
        return fmt::format(
            "the server replied {} in clear text: nothing proves that the reply is its own", quote);
    case Proof::Unproved:
        return fmt::format("the server replied {} in TLS, but nothing proves its identity", quote);
    case Proof::Proved:
        return fmt::format("the server replied {}, and its certificate proves its identity", quote);
    }
    unreachable("every Proof is described above");
}

Fate fate_of(const facts::Outcome& outcome)
{
    return outcome.result == facts::OutcomeClass::Failed ? Fate::Returns : Fate::Waits;
}

Flow flow_of(const facts::Outcome& outcome, Proof proof)
{
    Flow flow;
    flow.fate = fate_of(outcome);
    flow.reason = outcome.reason;
    flow.words = say_outcome(outcome, proof);
    flow.proof = proof;
    flow.fix = facts::suggest_fix(outcome);
    return flow;
}

Step say_failure(StepId id, facts::Outcome outcome, Proof proof)
{
    return make(id, State::Failed, say_outcome(outcome, proof), facts::suggest_fix(outcome),
                outcome.reason);
}

Step say_addresses(const HostFindings& host)
{
    auto words = fmt::format("{} ({})", joined(texts_of(host.addresses)),
                             facts::name(host.address_security));
    if (!host.missing) return make(StepId::Addresses, State::Ok, std::move(words));
    words += "; " + host.missing->text;
    return find_fault(StepId::Addresses, State::Warning, host.missing->reason, std::move(words));
}

Step say_tlsa(const HostFindings& host)
{
    switch (host.tlsa_status) {
    case policy::TlsaStatus::Failed:
        return find_fault(StepId::Tlsa, State::Failed, Reason::DaneLookupFailed, host.tlsa_words);
    case policy::TlsaStatus::Unusable:
        return find_fault(StepId::Tlsa, State::Warning, Reason::DaneUnusable, host.tlsa_words);
    default:
        return make(StepId::Tlsa, State::Ok, host.tlsa_words);
    }
}

Step say_versions(const std::vector<VersionTry>& versions, TlsVersion floor)
{
    std::vector<std::string> words;
    TlsVersion best = TlsVersion::None;
    bool old = false;
    for (const VersionTry& each : versions) {
        const auto version = facts::format_version(each.version);
        if (!each.accepted) {
            words.push_back(fmt::format("{} no ({})", version, each.why));
            continue;
        }
        best = std::max(best, each.version);
        old = old || each.version < TlsVersion::Tls12;
        words.push_back(fmt::format("{} yes ({}{}{})", version, each.cipher,
                                    each.group.empty() ? "" : " ", each.group));
    }
    std::string text = join(words, "\n");
    if (best == TlsVersion::None) {
        return find_fault(StepId::Versions, State::Failed, Reason::LadderHandshakeFailed,
                          std::move(text));
    }
    if (best < floor) {
        return find_fault(StepId::Versions, State::Failed, Reason::TlsVersionBelowFloor,
                          std::move(text));
    }
    if (old) {
        return make(
            StepId::Versions, State::Warning, std::move(text),
            "The server still accepts TLS 1.0 or 1.1: its administrator should disable them.");
    }
    return make(StepId::Versions, State::Ok, std::move(text));
}

Step say_certificate(const facts::TlsEvidence& evidence, WallTime now,
                     const std::vector<policy::TlsName>& names)
{
    if (evidence.chain.empty()) {
        return find_fault(StepId::Certificate, State::Warning, Reason::TlsNoCertificate,
                          "the server showed no certificate");
    }
    const facts::CertificateFacts& leaf = evidence.chain.front();
    const auto days = std::chrono::floor<std::chrono::days>(leaf.not_after - now).count();
    std::string text = fmt::format(
        "{}; names {}\nissued by {}; chain of {}\nvalid until {} ({} days); {}, {}\nkey pin {}",
        leaf.subject.empty() ? "(no subject)" : leaf.subject, names_of(leaf), leaf.issuer,
        evidence.chain.size(), format_rfc3339(leaf.not_after), days, leaf.key_type,
        leaf.signature_algorithm, leaf.spki_sha256);
    // By the policy of no level: what is found is recorded, and nothing fails for it.
    policy::TlsPolicy recording;
    recording.names = names;
    const Reason found = judge(evidence, names);
    if (found != Reason::TlsVerified) {
        text += "\n" + policy::describe_finding(found, recording, evidence, now);
        return find_fault(StepId::Certificate, State::Warning, found, std::move(text));
    }
    text += names.empty() ? "\nverified and names the host"
                          : "\nverified and has one of the connector's tls_names";
    if (facts::is_expiring(leaf, now)) {
        return find_fault(StepId::Certificate, State::Warning, Reason::CertificateExpiring,
                          std::move(text));
    }
    return make(StepId::Certificate, State::Ok, std::move(text), {}, Reason::TlsVerified);
}

Step say_levels(const std::vector<LevelVerdict>& levels)
{
    std::vector<std::string> lines;
    std::string_view strongest = "none";
    for (const LevelVerdict& each : levels) {
        const auto level = policy::name(each.level);
        const bool goes = each.fate == Fate::Goes;
        if (goes) strongest = level;
        if (!goes) {
            lines.push_back(fmt::format("{:<13} {}: {} ({})", level, name(each.fate), each.words,
                                        facts::name(each.reason)));
        } else if (each.in_clear && each.level != policy::TlsLevel::None) {
            lines.push_back(fmt::format("{:<13} goes, in clear: {}", level, each.words));
        } else {
            lines.push_back(fmt::format("{:<13} goes", level));
        }
    }
    const bool tls = strongest != "none" && strongest != "opportunistic";
    return make(StepId::Levels, tls ? State::Ok : State::Warning, join(lines, "\n"));
}

Step say_flow(const Flow& flow)
{
    if (!flow.goes()) {
        return make(StepId::Policy, State::Failed,
                    fmt::format("{}: {}", would(flow.fate), flow.words), flow.fix, flow.reason);
    }
    if (flow.in_clear) {
        return make(StepId::Policy, State::Warning, "mail would flow in clear: " + flow.words,
                    facts::describe(flow.reason).fix, flow.reason);
    }
    return make(StepId::Policy, State::Ok, "mail would flow: " + flow.words, {}, flow.reason);
}

Step say_unfit(const facts::Outcome& outcome)
{
    return find_fault(
        StepId::Message, State::Warning, outcome.reason,
        say_outcome(outcome, Proof::None) + "; another address or host is tried, if there is one");
}

std::vector<Step> say_seen(const Seen& seen)
{
    std::vector<Step> steps;
    if (seen.end == End::Failed && step_of(seen.stage) == StepId::Connect) {
        return {say_failure(StepId::Connect, *seen.outcome, Proof::None)};
    }
    steps.push_back(make(StepId::Connect, State::Ok, "connected"));
    if (seen.end == End::Failed && seen.stage == facts::Stage::Greeting) {
        steps.push_back(say_failure(StepId::Greeting, *seen.outcome, proof_of(seen.tls)));
        return steps;
    }
    steps.push_back(make(StepId::Greeting, State::Ok, quote(seen.greeting)));
    if (seen.end == End::Failed && !seen.offered) {
        steps.push_back(say_failure(StepId::Ehlo, *seen.outcome, proof_of(seen.tls)));
        return steps;
    }
    const auto& offered = seen.offered_in_tls ? *seen.offered_in_tls : *seen.offered;
    steps.push_back(make(StepId::Ehlo, State::Ok, describe(offered)));
    steps.push_back(say_starttls(seen));
    return steps;
}

std::string describe_session(const facts::TlsEvidence& evidence)
{
    std::string text{facts::format_version(evidence.version)};
    for (const auto* part : {&evidence.cipher, &evidence.group}) {
        if (!part->empty()) text.append(" ").append(*part);
    }
    return text;
}

std::string describe(const smtp::Capabilities& offered)
{
    std::vector<std::string> words;
    const auto add = [&words](bool there, std::string_view word) {
        if (there) words.emplace_back(word);
    };
    add(offered.starttls, "STARTTLS");
    add(offered.pipelining, "PIPELINING");
    add(offered.chunking, "CHUNKING");
    add(offered.eight_bit_mime, "8BITMIME");
    add(offered.smtputf8, "SMTPUTF8");
    add(offered.dsn, "DSN");
    add(offered.enhanced_status_codes, "ENHANCEDSTATUSCODES");
    add(offered.require_tls, "REQUIRETLS");
    if (offered.size && offered.max_size != 0) {
        words.push_back(fmt::format("SIZE {}", offered.max_size));
    } else {
        add(offered.size, "SIZE");
    }
    if (!offered.auth_mechanisms.empty())
        words.push_back("AUTH " + printable(offered.auth_mechanisms));
    return words.empty() ? "no extension" : joined(words);
}

}  // namespace hermetic::validation
