#include "validation/words.h"

#include "core/text.h"
#include "outbound/io_outcome.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using End = Seen::End;
using facts::TlsVersion;

struct AdviceRow {
    std::string_view reason;
    Advice advice;
};

// clang-format off
constexpr AdviceRow kAdvice[] = {
    {"starttls.not-offered", {"STARTTLS is not offered", "Ask the server's administrator to offer STARTTLS."}},
    {"starttls.refused", {"STARTTLS is offered, then refused", "Ask the server's administrator why STARTTLS is refused: its log says it."}},
    {"starttls.vanished", {"STARTTLS was offered, then not any more", "Something between the servers may strip it; ask the server's administrator."}},
    {"ladder.handshake-failed", {"no handshake succeeded that the policy has room for", "Ask the server's administrator for a version that the floor allows; the step 'versions' says which it has."}},
    {"ladder.inappropriate-fallback", {"the host knows that it can do better than what came through", "Something between the servers breaks modern TLS: look for a middlebox."}},
    {"handshake.alert", {"the server ended the handshake with an alert", "Compare versions and ciphers, and whether it requires a client certificate."}},
    {"handshake.closed", {"the server closed during the handshake", "Ask the server's administrator what its log says."}},
    {"handshake.not-tls", {"what the server answers is not TLS", "Ask the server's administrator; look for something between the servers."}},
    {"handshake.timed-out", {"the server fell silent during the handshake", "Ask the server's administrator; look for something between the servers."}},
    {"handshake.refused-by-us", {"our own TLS refused what the server chose", "Ask for a larger key, a newer cipher or a newer version."}},
    {"tls.version-below-floor", {"only versions below the floor were accepted", "Ask the server's administrator for TLS 1.2 or newer; until then min_tls in an exception."}},
    {"tls.weak-signature", {"the server signs its handshake with SHA-1 only", "Ask the server's administrator for signatures with SHA-256 or better."}},
    {"tls.weak-group", {"the server's Diffie-Hellman group has fewer than 2048 bits", "Ask the server's administrator for ECDHE, or for parameters of 2048 bits."}},
    {"tls.no-secure-renegotiation", {"the server lacks secure renegotiation (RFC 5746)", "Ask the server's administrator for newer TLS software."}},
    {"tls.chain-not-verified", {"the certificate's chain does not verify", "Ask for a certificate of a public authority with its intermediates, name the authority in ca, or pin the key."}},
    {"tls.name-mismatch", {"the certificate does not have the name that counts", "Ask for a certificate with the MX host's name, or set tls_names to one that it has."}},
    {"tls.literal-without-name", {"a name is asked for, and an address literal has none", "Send to an address by domain, or set tls_names."}},
    {"tls.pin-mismatch", {"the key is none of the pinned ones", "If the partner has changed its key, confirm the new pin in another way and set pins."}},
    {"tls.required", {"TLS is required and was not had", "Ask the server's administrator for working STARTTLS."}},
    {"tls.verified", {"the chain verifies and the name is right", ""}},
    {"tls.connector-level", {"in clear, as asked", ""}},
    {"dane.matched", {"a TLSA record matches", ""}},
    {"dane.tlsa-mismatch", {"no TLSA record matches the certificate", "The domain's administrator has to publish a TLSA record for the key in use."}},
    {"dane.certificate-expired", {"the TLSA record's authority matches, the certificate has expired", "The server's administrator has to renew the certificate."}},
    {"dane.certificate-host-mismatch", {"the TLSA record's authority matches, the name does not", "The server's administrator has to use a certificate with the TLSA base domain."}},
    {"dane.lookup-failed", {"the TLSA records could not be looked up: one may be hidden", "Look at the domain's name servers and signatures."}},
    {"dane.mandatory-insecure-mx", {"DANE is required, and DNSSEC does not prove the MX answer", "The domain's administrator has to sign the zone; look whether this server's resolver validates."}},
    {"dane.mandatory-missing", {"DANE is required, and the host has no usable TLSA record", "The host's administrator has to publish one in a signed zone, or choose another level."}},
    {"sts.mandatory-missing", {"MTA-STS is required, and no policy in force is known", "The domain's administrator has to publish one, or set mta_sts = \"opportunistic\"."}},
    {"sts.host-not-listed", {"the host is none that the MTA-STS policy lists", "The domain's administrator has to add it to the policy."}},
    {"sts.chain-not-verified", {"the chain does not verify, as MTA-STS asks", "The server's administrator has to use a certificate of a public authority."}},
    {"sts.name-mismatch", {"the certificate does not name the MX host, as MTA-STS asks", "The server's administrator has to use a certificate with the MX host's name."}},
    {"retirement.share", {"a retirement plan puts its old versions off now: mail would wait for a later attempt", "Ask the server's administrator for TLS 1.2 or newer, before the plan ends."}},
    {"retirement.ended", {"a retirement plan has ended its old versions", "Ask the server's administrator for TLS 1.2 or newer."}},
    {"requiretls.unproved-host", {"REQUIRETLS was asked for, and nothing proves the MX host", "The recipient's domain has to sign its zone or publish an MTA-STS policy."}},
};
// clang-format on

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
          std::string_view reason = {})
{
    return {id, {}, {}, state, std::string{reason}, std::move(seen), std::string{fix}};
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

Step say_starttls(const Seen& seen)
{
    switch (seen.end) {
    case End::Ready: {
        auto words = seen.tls ? describe_session(*seen.tls) : std::string{"not tried"};
        if (!seen.injected) return make(StepId::StartTls, State::Ok, std::move(words));
        return make(StepId::StartTls, State::Warning,
                    words + "; octets came in clear behind the 220 and were thrown away",
                    "Something between the servers, or the server, injects replies: look into it.",
                    "starttls.injected");
    }
    case End::NotOffered:
    case End::Refused: {
        const std::string_view id =
            seen.end == End::Refused ? "starttls.refused" : "starttls.not-offered";
        const auto advice = advice_for(id);
        std::string words{advice.words};
        if (seen.outcome) words += ": " + printable(seen.outcome->text);
        return make(StepId::StartTls, State::Failed, std::move(words), advice.fix, id);
    }
    case End::HandshakeFailed: {
        const auto id = outbound::handshake_reason(*seen.failure);
        return make(StepId::StartTls, State::Failed, facts::describe(*seen.failure),
                    advice_for(id).fix, id);
    }
    case End::Failed:
        break;
    }
    return say_failure(StepId::StartTls, *seen.outcome);
}

}  // namespace

Advice advice_for(std::string_view reason)
{
    for (const auto& row : kAdvice) {
        if (row.reason == reason) return row.advice;
    }
    return {};
}

Step say_failure(StepId id, facts::Outcome outcome)
{
    outbound::suggest_fix(outcome);
    std::string words = printable(outcome.text, 400);
    if (outcome.origin == facts::Origin::Remote)
        words = fmt::format("the server says: {} {}", outcome.code, words);
    return make(id, State::Failed, std::move(words), outcome.fix, outcome.reason);
}

Step say_addresses(const HostFindings& host)
{
    return make(StepId::Addresses, State::Ok,
                fmt::format("{} ({})", joined(texts_of(host.addresses)),
                            facts::name(host.address_security)));
}

Step say_tlsa(const HostFindings& host)
{
    switch (host.tlsa_status) {
    case policy::TlsaStatus::Failed:
        return make(StepId::Tlsa, State::Failed, host.tlsa_words,
                    advice_for("dane.lookup-failed").fix, "dane.lookup-failed");
    case policy::TlsaStatus::Unusable:
        return make(StepId::Tlsa, State::Warning, host.tlsa_words,
                    "The host's administrator has to publish records with usage 2 or 3.",
                    "dane.unusable");
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
        return make(StepId::Versions, State::Failed, std::move(text),
                    "Ask the server's administrator to repair TLS.", "ladder.handshake-failed");
    }
    if (best < floor) {
        return make(StepId::Versions, State::Failed, std::move(text),
                    advice_for("tls.version-below-floor").fix, "tls.version-below-floor");
    }
    if (old) {
        return make(StepId::Versions, State::Warning, std::move(text),
                    "The server still takes TLS 1.0 or 1.1: its administrator should end that.");
    }
    return make(StepId::Versions, State::Ok, std::move(text));
}

Step say_certificate(const facts::TlsEvidence& evidence, WallTime now)
{
    if (evidence.chain.empty()) {
        return make(StepId::Certificate, State::Warning, "the server showed no certificate",
                    "Ask the server's administrator for a certificate.", "tls.chain-not-verified");
    }
    const facts::CertificateFacts& leaf = evidence.chain.front();
    const auto days = std::chrono::floor<std::chrono::days>(leaf.not_after - now).count();
    std::string text = fmt::format(
        "{}; names {}\nissued by {}; chain of {}\nvalid until {} ({} days); {}, {}\nkey pin {}",
        leaf.subject.empty() ? "(no subject)" : leaf.subject, names_of(leaf), leaf.issuer,
        evidence.chain.size(), format_rfc3339(leaf.not_after), days, leaf.key_type,
        leaf.signature_algorithm, leaf.spki_sha256);
    const bool verified = evidence.verdict.state == facts::ChainVerdict::State::Verified;
    if (!verified) {
        text += fmt::format("\nnot verified: {}", evidence.verdict.error);
        return make(StepId::Certificate, State::Warning, std::move(text),
                    advice_for("tls.chain-not-verified").fix, "tls.chain-not-verified");
    }
    text += "\nverified";
    if (!evidence.name_matches) {
        text += "; does not name the host";
        return make(StepId::Certificate, State::Warning, std::move(text),
                    advice_for("tls.name-mismatch").fix, "tls.name-mismatch");
    }
    text += " and names the host";
    constexpr int kSoon = 30;
    if (days < kSoon) {
        return make(StepId::Certificate, State::Warning, std::move(text),
                    "The server's administrator has to renew the certificate soon.",
                    "certificate.expiring");
    }
    return make(StepId::Certificate, State::Ok, std::move(text), {}, "tls.verified");
}

Step say_levels(const std::vector<LevelVerdict>& levels)
{
    std::vector<std::string> lines;
    std::string_view strongest = "none";
    for (const LevelVerdict& each : levels) {
        const auto level = policy::name(each.level);
        const auto advice = advice_for(each.reason);
        if (each.passes) strongest = level;
        if (each.passes && each.in_clear && each.level != policy::TlsLevel::None) {
            lines.push_back(fmt::format("{:<13} passes, in clear: {}", level, advice.words));
        } else if (each.passes) {
            lines.push_back(fmt::format("{:<13} passes", level));
        } else {
            lines.push_back(fmt::format("{:<13} fails: {} ({})", level, advice.words, each.reason));
        }
    }
    const bool tls = strongest != "none" && strongest != "opportunistic";
    return make(StepId::Levels, tls ? State::Ok : State::Warning, join(lines, "\n"));
}

Step say_flow(const Flow& flow)
{
    if (!flow.flows) {
        return make(StepId::Policy, State::Failed, "mail would wait: " + flow.words, flow.fix,
                    flow.reason);
    }
    if (flow.in_clear) {
        return make(StepId::Policy, State::Warning, "mail would flow in clear: " + flow.words,
                    advice_for(flow.reason).fix, flow.reason);
    }
    return make(StepId::Policy, State::Ok, "mail would flow: " + flow.words, {}, flow.reason);
}

std::vector<Step> say_seen(const Seen& seen)
{
    std::vector<Step> steps;
    if (seen.end == End::Failed && step_of(seen.stage) == StepId::Connect) {
        return {say_failure(StepId::Connect, *seen.outcome)};
    }
    steps.push_back(make(StepId::Connect, State::Ok, "connected"));
    if (seen.end == End::Failed && seen.stage == facts::Stage::Greeting) {
        steps.push_back(say_failure(StepId::Greeting, *seen.outcome));
        return steps;
    }
    steps.push_back(make(StepId::Greeting, State::Ok, seen.greeting));
    if (seen.end == End::Failed && !seen.offered) {
        steps.push_back(say_failure(StepId::Ehlo, *seen.outcome));
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
