#include "report/notice_details.h"

#include "core/quote.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "report/delivery_status.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::report {

namespace {

constexpr std::size_t kRecipients = 50;
constexpr std::size_t kSteps = 12;
constexpr std::size_t kParts = 20;
constexpr std::size_t kNames = 5;
constexpr std::size_t kIssuers = 3;
constexpr std::size_t kMaxAttempt = 4000;  // octets

constexpr std::string_view kAtStage = " at stage ";

// " busy": without the codes, which stand before them.
std::string words_of(const facts::Outcome& outcome)
{
    constexpr std::size_t kWords = 400;
    if (outcome.text.empty()) return {};
    if (outcome.origin == facts::Origin::Local) return " " + printable_once(outcome.text, kWords);
    std::string text = outcome.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::erase(text, '\r');
    const std::string status = outcome.enhanced.format();
    if (text.starts_with(status + " ")) text.erase(0, status.size() + 1);
    if (text == status) return {};
    return " " + printable(text, kWords);
}

std::string describe_outcome(const facts::Outcome& outcome)
{
    return fmt::format(
        "{}{}{} by {}: {} {} ({}){}", name(outcome.result), kAtStage, name(outcome.stage),
        outcome.origin == facts::Origin::Remote ? "the remote server" : "our server", outcome.code,
        outcome.enhanced.format(), facts::name(outcome.reason), words_of(outcome));
}

std::string describe_tls(const facts::TlsEvidence& tls)
{
    std::string out = fmt::format("{}, {}{}{}{}", facts::format_version(tls.version),
                                  printable_once(tls.cipher, 80), tls.group.empty() ? "" : ", ",
                                  printable_once(tls.group, 40), tls.resumed ? ", resumed" : "");
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
        out += "; certificate not verified: " + printable_once(tls.verdict.error, 120);
    }
    return out;
}

std::string describe_names(const facts::CertificateFacts& leaf)
{
    const std::vector<std::string>& names = leaf.dns_names;
    const std::size_t all = names.size() + leaf.more_names;
    if (all == 0) return "no DNS names";
    std::string out = "names ";
    const std::size_t shown = std::min(names.size(), kNames);
    for (std::size_t i = 0; i < shown; ++i) {
        out += (i == 0 ? "" : ", ") + printable_once(names[i], 100);
    }
    if (shown < all) out += fmt::format(" and {} more", all - shown);
    return out;
}

std::string describe_certificate(const facts::CertificateFacts& leaf)
{
    return fmt::format("certificate {} ({}) issued by {}, valid {} to {}, {}, SPKI SHA-256 {}",
                       printable_once(leaf.subject, 150), describe_names(leaf),
                       printable_once(leaf.issuer, 150), format_rfc3339(leaf.not_before),
                       format_rfc3339(leaf.not_after), printable_once(leaf.key_type, 40),
                       printable_once(leaf.spki_sha256, 64));
}

// What a handshake showed, whether it was believed or not.
void tell_evidence(const facts::TlsEvidence& tls, std::vector<std::string>& lines)
{
    lines.push_back("  TLS: " + describe_tls(tls));
    if (tls.chain.empty()) return;
    lines.push_back("    " + describe_certificate(tls.chain.front()));
    std::string above;
    for (std::size_t i = 1; i < std::min(tls.chain.size(), kIssuers + 1); ++i) {
        above += (above.empty() ? "" : "; ") + printable_once(tls.chain[i].subject, 150);
    }
    if (!above.empty()) lines.push_back("    chain as presented: " + above);
}

void describe_step(const facts::AttemptStep& step, std::vector<std::string>& lines)
{
    std::string line = fmt::format("  step {}: {} [{}] {} ({})", name(step.kind),
                                   printable_once(step.host, 255), step.address.format(),
                                   step.succeeded ? "worked" : "failed", facts::name(step.reason));
    if (step.tls_failure) line += ": " + printable_once(facts::describe(*step.tls_failure), 200);
    lines.push_back(std::move(line));
    if (step.tls_failure && !step.tls_failure->chain.empty()) {
        lines.push_back("    " + describe_certificate(step.tls_failure->chain.front()));
    }
    if (step.tls) tell_evidence(*step.tls, lines);
}

// The evidence of the connection that was used; where it was refused, its step has told it.
void tell_connection(const facts::Attempt& attempt, std::vector<std::string>& lines)
{
    const bool told =
        std::any_of(attempt.steps.begin(), attempt.steps.end(),
                    [](const facts::AttemptStep& step) { return step.tls.has_value(); });
    if (attempt.tls && !(told && attempt.tls == attempt.steps.back().tls)) {
        tell_evidence(*attempt.tls, lines);
    } else if (!told && !attempt.host.empty()) {
        lines.push_back("  TLS: none");
    }
}

void tell_attempt(const facts::Attempt& attempt, std::vector<std::string>& lines)
{
    lines.push_back(fmt::format("Attempt {} at {}, to {}{}{}", attempt.number,
                                format_rfc3339(attempt.started),
                                attempt.host.empty() ? printable_once(attempt.destination, 255)
                                                     : printable_once(attempt.host, 255),
                                attempt.address ? " at " + attempt.address->format() : "",
                                attempt.reused ? ", on an open connection" : ""));
    std::string policy;
    for (const facts::Reason reason : attempt.policy_reasons) {
        if (!policy.empty()) policy += ", ";
        policy += facts::name(reason);
    }
    lines.push_back(
        fmt::format("  policy: {}{}{}{}; DNS: MX {}, addresses {}",
                    attempt.policy.empty() ? "none yet" : printable_once(attempt.policy, 100),
                    policy.empty() ? "" : " (", policy, policy.empty() ? "" : ")",
                    facts::name(attempt.mx_security), facts::name(attempt.address_security)));
    for (std::size_t i = 0; i < std::min(attempt.steps.size(), kSteps); ++i) {
        describe_step(attempt.steps[i], lines);
    }
    tell_connection(attempt, lines);
    for (std::size_t i = 0; i < std::min(attempt.parts.size(), kParts); ++i) {
        const auto& part = attempt.parts[i];
        lines.push_back(fmt::format("  {}: {}", printable_once(part.recipient, 300),
                                    describe_outcome(part.outcome)));
    }
}

std::string describe_cause(const facts::AttemptCause& cause)
{
    const std::string when =
        cause.count == 1
            ? fmt::format("attempt {} at {}", cause.first, format_rfc3339(cause.first_at))
            : fmt::format("{} attempts, {} at {} to {} at {}", cause.count, cause.first,
                          format_rfc3339(cause.first_at), cause.last,
                          format_rfc3339(cause.last_at));
    return fmt::format("  {}{}{}: {}{}{}", when, cause.host.empty() ? "" : ", ",
                       printable_once(cause.host, 255), cause.reason.text(),
                       cause.text.empty() ? "" : ", ", printable_once(cause.text, 300));
}

void tell_history(const NoticeInput& input, std::vector<std::string>& lines)
{
    const auto& history = input.history;
    if (!history.causes.empty()) lines.push_back("All attempts, by result:");
    for (const facts::AttemptCause& cause : history.causes) lines.push_back(describe_cause(cause));
    if (history.left_out > 0)
        lines.push_back(fmt::format("  ({} more with other causes)", history.left_out));
    if (input.last_attempt.empty()) return;
    lines.push_back("The last attempt:");
    std::string_view rest = input.last_attempt;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.push_back("  " + printable_once(rest.substr(0, end), 1000));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

}  // namespace

std::string format_attempt(const facts::Attempt& attempt)
{
    std::vector<std::string> lines;
    tell_attempt(attempt, lines);
    std::string out;
    for (const std::string& line : lines) {
        if (out.size() + line.size() + 1 > kMaxAttempt) break;
        out += line + '\n';
    }
    return out;
}

std::string without_words(std::string_view attempt)
{
    std::string out;
    while (!attempt.empty()) {
        const std::size_t end = std::min(attempt.find('\n'), attempt.size());
        std::string_view line = attempt.substr(0, end);
        attempt.remove_prefix(std::min(end + 1, attempt.size()));
        // As describe_outcome() writes it: "… at stage S by W: 550 5.7.1 (reason) words". A line
        // that was cut before its words has none.
        const std::size_t outcome = line.find(kAtStage);
        if (outcome != std::string_view::npos) {
            const std::size_t reason = line.find(')', outcome);
            line = line.substr(0, reason == std::string_view::npos ? outcome : reason + 1);
        }
        out.append(line).append("\n");
    }
    return out;
}

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
        lines.push_back("Message-ID " + printable_once(about.message_id, 250));
    if (content.required) {
        lines.push_back(fmt::format("TLS required: {} ({}); returned of the message: {}",
                                    mail::name(content.required->level),
                                    printable_once(content.required->because, 100),
                                    facts::name(content.reason)));
    }
    std::size_t shown = 0;
    for (const std::size_t i : decision.reported) {
        if (++shown > kRecipients) break;
        const RecipientReport& report = input.recipients[i];
        lines.push_back(fmt::format(
            "{}: {} {}; {}", printable(report.recipient.address.format(), 300), name(report.action),
            status_of(report).format(), describe_outcome(report.outcome)));
        const std::string_view fix = facts::suggest_fix(report.outcome);
        if (!fix.empty()) lines.push_back(fmt::format("  suggestion: {}", fix));
    }
    tell_history(input, lines);
    return lines;
}

}  // namespace hermetic::report
