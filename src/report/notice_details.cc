#include "report/notice_details.h"

#include "core/text.h"
#include "report/delivery_status.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::report {

namespace {

constexpr std::size_t kRecipients = 50;
constexpr std::size_t kAttempts = 20;
constexpr std::size_t kRungs = 12;
constexpr std::size_t kParts = 20;

std::string words(std::string text)
{
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::erase(text, '\r');
    return printable(text, 400);
}

std::string describe_outcome(const facts::Outcome& outcome)
{
    return fmt::format(
        "{} at stage {} by {}: {} {} ({}) {}", name(outcome.result), name(outcome.stage),
        outcome.origin == facts::Origin::Remote ? "the remote server" : "our server", outcome.code,
        outcome.enhanced.format(), printable(outcome.reason, 100), words(outcome.text));
}

std::string describe_tls(const facts::TlsEvidence& tls)
{
    std::string out = fmt::format("{}, {}{}{}{}", facts::format_version(tls.version),
                                  printable(tls.cipher, 80), tls.group.empty() ? "" : ", ",
                                  printable(tls.group, 40), tls.resumed ? ", resumed" : "");
    if (tls.weakness != facts::Weakness::None)
        out.append("; weak: ").append(facts::describe(tls.weakness));
    using State = facts::ChainVerdict::State;
    switch (tls.verdict.state) {
    case State::NoCertificate:
        out += "; no certificate";
        break;
    case State::NotChecked:
        out += "; certificate not checked";
        break;
    case State::Verified:
        out += tls.name_matches ? "; certificate verified, name matches"
                                : "; certificate verified, name does not match";
        break;
    case State::Failed:
        out += "; certificate not verified: " + printable(tls.verdict.error, 120);
    }
    return out;
}

std::string describe_certificate(const facts::CertificateFacts& leaf)
{
    return fmt::format("certificate {} issued by {}, valid {} to {}, SPKI SHA-256 {}",
                       printable(leaf.subject, 150), printable(leaf.issuer, 150),
                       format_rfc3339(leaf.not_before), format_rfc3339(leaf.not_after),
                       printable(leaf.spki_sha256, 64));
}

void tell_rung(const facts::Rung& rung, std::vector<std::string>& lines)
{
    std::string line = fmt::format(
        "  step {}: {} [{}] {} ({})", name(rung.kind), printable(rung.host, 255),
        rung.address.format(), rung.succeeded ? "worked" : "failed", printable(rung.reason, 100));
    if (rung.tls_failure) line += ": " + printable(facts::describe(*rung.tls_failure), 200);
    lines.push_back(std::move(line));
    if (rung.tls_failure && !rung.tls_failure->chain.empty()) {
        lines.push_back("    " + describe_certificate(rung.tls_failure->chain.front()));
    }
}

void tell_attempt(const facts::Attempt& attempt, std::vector<std::string>& lines)
{
    lines.push_back(fmt::format(
        "Attempt {} at {}, to {}{}{}", attempt.number, format_rfc3339(attempt.started),
        attempt.host.empty() ? printable(attempt.destination, 255) : printable(attempt.host, 255),
        attempt.address ? " at " + attempt.address->format() : "",
        attempt.reused ? ", on an open connection" : ""));
    std::string policy;
    for (const std::string& reason : attempt.policy_reasons) {
        policy += (policy.empty() ? "" : ", ") + printable(reason, 100);
    }
    lines.push_back(
        fmt::format("  policy: {}{}{}{}; DNS: MX {}, addresses {}",
                    attempt.policy.empty() ? "none yet" : printable(attempt.policy, 100),
                    policy.empty() ? "" : " (", policy, policy.empty() ? "" : ")",
                    facts::name(attempt.mx_security), facts::name(attempt.address_security)));
    for (std::size_t i = 0; i < std::min(attempt.rungs.size(), kRungs); ++i) {
        tell_rung(attempt.rungs[i], lines);
    }
    if (attempt.tls) {
        lines.push_back("  TLS: " + describe_tls(*attempt.tls));
        if (!attempt.tls->chain.empty()) {
            lines.push_back("    " + describe_certificate(attempt.tls->chain.front()));
        }
    } else if (!attempt.host.empty()) {
        lines.push_back("  TLS: none");
    }
    for (std::size_t i = 0; i < std::min(attempt.parts.size(), kParts); ++i) {
        const auto& part = attempt.parts[i];
        lines.push_back(fmt::format("  {}: {}", printable(part.recipient, 300),
                                    describe_outcome(part.outcome)));
    }
}

}  // namespace

std::vector<std::string> tell_details(const NoticeInput& input, const NoticeDecision& decision,
                                      const ContentDecision& content)
{
    std::vector<std::string> lines;
    const mail::Envelope& about = *input.about;
    lines.push_back(fmt::format("Message {}, {} octets, accepted {}", format_id(about.accepted_as),
                                about.size, format_rfc3339(about.accepted_at)));
    lines.push_back(
        fmt::format("Envelope sender {}", printable(mail::format_path(about.sender), 300)));
    if (!about.message_id.empty())
        lines.push_back("Message-ID " + printable(about.message_id, 250));
    if (content.required) {
        lines.push_back(
            fmt::format("TLS required: {} ({}); what this notice has of the message: {}",
                        mail::name(content.required->level),
                        printable(content.required->because, 100), content.reason));
    }
    std::size_t shown = 0;
    for (const std::size_t i : decision.reported) {
        if (++shown > kRecipients) break;
        const RecipientReport& report = input.recipients[i];
        lines.push_back(fmt::format(
            "{}: {} {}; {}", printable(report.recipient.address.format(), 300), name(report.action),
            status_of(report).format(), describe_outcome(report.outcome)));
        if (!report.outcome.fix.empty()) {
            lines.push_back("  suggestion: " + printable(report.outcome.fix, 400));
        }
    }
    const std::size_t skipped =
        input.attempts.size() > kAttempts ? input.attempts.size() - kAttempts : 0;
    if (skipped > 0) lines.push_back(fmt::format("({} earlier attempts are not shown)", skipped));
    for (std::size_t i = skipped; i < input.attempts.size(); ++i) {
        tell_attempt(input.attempts[i], lines);
    }
    return lines;
}

}  // namespace hermetic::report
