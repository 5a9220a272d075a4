#include "ledger/lines.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "ledger/node_lines.h"

#include <algorithm>
#include <span>

namespace hermetic::ledger {
namespace {

std::string_view name(facts::ChainVerdict::State state)
{
    using State = facts::ChainVerdict::State;
    switch (state) {
    case State::NoCertificate:
        return "no-certificate";
    case State::NotChecked:
        return "not-checked";
    case State::Verified:
        return "verified";
    case State::Failed:
        return "failed";
    }
    unreachable("every ChainVerdict::State is named above");
}

std::int64_t microseconds(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Level level_of(facts::OutcomeClass outcome)
{
    return outcome == facts::OutcomeClass::Delivered ? Level::Info : Level::Warning;
}

void describe_outcome(Line& line, const facts::Outcome& outcome)
{
    line.text("outcome", facts::name(outcome.result));
    line.text("stage", facts::name(outcome.stage));
    line.text("origin", facts::name(outcome.origin));
    line.number("code", outcome.code);
    line.text("enhanced", outcome.enhanced.format());
    constexpr std::size_t kReply = 1000;
    // A peer's words stand unchanged in an outcome; ours have in them what was escaped before.
    if (outcome.origin == facts::Origin::Remote) {
        line.foreign("reply", outcome.text, kReply);
    } else {
        line.text("reply", outcome.text, kReply);
    }
    line.text("reason", facts::name(outcome.reason));
    line.text("fix", facts::suggest_fix(outcome));
}

constexpr std::size_t kNamesShown = 10;

void describe_names(Line& line, const std::vector<std::string>& names)
{
    line.begin_list("names");
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) line.element(names[i]);
    line.end_list();
}

// What stands above the leaf, as the peer sent it.
void describe_issuers(Line& line, const std::vector<facts::CertificateFacts>& chain)
{
    line.begin_list("chain");
    for (std::size_t i = 1; i < chain.size(); ++i) line.element(chain[i].subject);
    line.end_list();
}

void describe_tls(Line& line, const facts::TlsEvidence& evidence)
{
    line.begin_object("tls");
    line.text("version", facts::format_version(evidence.version));
    line.text("cipher", evidence.cipher);
    line.text("group", evidence.group);
    line.text("sni", evidence.sni);
    line.flag("resumed", evidence.resumed);
    if (evidence.weakness != facts::Weakness::None)
        line.text("weak", facts::describe(evidence.weakness));
    line.text("certificate", name(evidence.verdict.state));
    line.text("certificate_error", evidence.verdict.error);
    if (!evidence.chain.empty()) {
        const facts::CertificateFacts& leaf = evidence.chain.front();
        line.flag("name_matches", evidence.name_matches);
        line.text("subject", leaf.subject);
        line.text("issuer", leaf.issuer);
        describe_names(line, leaf.dns_names);
        line.text("not_before", format_rfc3339(leaf.not_before));
        line.text("not_after", format_rfc3339(leaf.not_after));
        line.text("key", leaf.key_type);
        line.text("sha256", leaf.sha256);
        line.text("spki_sha256", leaf.spki_sha256);
        describe_issuers(line, evidence.chain);
    }
    line.end_object();
}

// An attempt has a line for each recipient, and hundreds of steps where a destination has many
// hosts: the last ones say why it ended as it did.
constexpr std::size_t kStepsShown = 30;

void describe_steps(Line& line, const std::vector<facts::AttemptStep>& all)
{
    const std::size_t left_out = all.size() - std::min(all.size(), kStepsShown);
    if (left_out > 0) line.number("steps_left_out", static_cast<std::int64_t>(left_out));
    line.begin_list("steps");
    for (const facts::AttemptStep& step : std::span{all}.subspan(left_out)) {
        line.begin_element();
        line.text("step", facts::name(step.kind));
        line.text("host", step.host);
        line.text("address", step.address.format());
        line.text("result", step.succeeded ? "ok" : "failed");
        line.text("cause", facts::name(step.reason));
        if (step.tls_failure) line.text("words", facts::describe(*step.tls_failure));
        if (step.tls) describe_tls(line, *step.tls);
        line.end_element();
    }
    line.end_list();
}

// The inbound connector that admitted the client, where one did. Its name is unique among those of
// its organization alone.
template <typename Event>
void describe_connector(Line& line, const Event& event)
{
    if (event.connector.empty()) return;
    line.text("connector", event.connector);
    line.text("organization", event.organization);
}

void describe_attempt(Line& line, const facts::Attempt& attempt, const facts::Attempt::Part& part)
{
    line.text("id", format_id(attempt.accepted_as));
    if (attempt.message != attempt.accepted_as) line.text("part", format_id(attempt.message));
    line.text("from", attempt.sender, 320);
    line.text("to", part.recipient, 320);
    describe_outcome(line, part.outcome);
    line.number("attempt", attempt.number);
    line.text("organization", attempt.organization);
    line.text("destination", attempt.destination);
    line.text("host", attempt.host);
    if (attempt.address) line.text("address", attempt.address->format());
    if (attempt.session.value != 0) line.text("session", format_id(attempt.session));
    line.flag("reused", attempt.reused);
    line.text("policy", attempt.policy);
    line.begin_list("because");
    for (const facts::Reason reason : attempt.policy_reasons) line.element(facts::name(reason));
    line.end_list();
    line.text("dns", facts::name(attempt.mx_security));
    line.text("dns_address", facts::name(attempt.address_security));
    if (attempt.tls) {
        describe_tls(line, *attempt.tls);
    } else {
        line.null("tls");
    }
    describe_steps(line, attempt.steps);
    line.number("size", static_cast<std::int64_t>(attempt.size));
    line.number("took_us", microseconds(attempt.took));
}

void write(Lines& lines, const events::SessionEnded& session)
{
    lines.add(Level::Info, "session", [&](Line& line) {
        line.text("session", format_id(session.id));
        line.text("listener", session.client.listener);
        line.text("client", session.client.address.format());
        line.text("helo", session.client.helo);
        if (!session.client.login.empty()) line.text("login", session.client.login);
        line.number("messages", session.messages);
        line.number("refused", session.refused);
        describe_connector(line, session);
        if (!session.because.empty()) line.text("because", session.because);
        if (session.client.legacy_listener) line.flag("legacy", true);
        line.text("ended", session.ended);
        line.number("took_us", microseconds(session.took));
        if (session.client.tls) {
            describe_tls(line, *session.client.tls);
        } else {
            line.null("tls");
        }
        if (session.tls_failure) line.text("tls_failure", facts::describe(*session.tls_failure));
    });
}

void write(Lines& lines, const events::MessageReceived& message)
{
    const bool accepted = !message.id.is_nil();
    lines.add(accepted ? Level::Info : Level::Warning, "message", [&](Line& line) {
        line.text("id", accepted ? format_id(message.id) : "");
        line.text("session", format_id(message.session));
        line.text("from", message.sender);
        line.begin_list("to");
        for (const std::string& recipient : message.recipients) line.element(recipient, 320);
        line.end_list();
        line.number("size", static_cast<std::int64_t>(message.size));
        line.text("message_id", message.message_id);
        line.text("verdict", accepted ? "accepted" : facts::name(message.refused));
        describe_connector(line, message);
        if (!message.because.empty()) line.text("because", message.because);
        line.number("code", message.code);
        line.text("reply", message.text);
        line.begin_list("routes");
        for (const auto& part : message.parts) line.element(part.route, 320);
        line.end_list();
    });
}

// One line for each recipient: what an administrator greps for is a recipient.
void write(Lines& lines, const facts::Attempt& attempt)
{
    for (const facts::Attempt::Part& part : attempt.parts) {
        const Level level = level_of(part.outcome.result);
        lines.add(level, "attempt", [&](Line& line) { describe_attempt(line, attempt, part); });
    }
}

void write(Lines& lines, const events::NoticeMade& notice)
{
    lines.add(Level::Info, "notice", [&](Line& line) {
        line.text("id", notice.id.is_nil() ? "" : format_id(notice.id));
        line.text("about", format_id(notice.about));
        line.text("kind", notice.kind);
        line.text("to", notice.to);
        line.text("reason", facts::name(notice.reason));
        if (notice.content != facts::Reason::None)
            line.text("content", facts::name(notice.content));
    });
}

}  // namespace

Line begin_line(LineFormat format, WallTime now, Level level, std::string_view event)
{
    Line line{format};
    line.text("time", format_rfc3339(now));
    line.text("level", name(level));
    line.text("event", event);
    return line;
}

void Lines::add(const events::Event& event)
{
    time_ = event.time;
    std::visit([this](const auto& what) { write(*this, what); }, event.what);
}

}  // namespace hermetic::ledger
