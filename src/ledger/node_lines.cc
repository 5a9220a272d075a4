#include "ledger/node_lines.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"

#include <algorithm>

namespace hermetic::ledger {
namespace {

constexpr std::size_t kLongest = 2000;
constexpr std::size_t kObjectsShown = 20;

// Lines for people: every value is text.
class Fields {
public:
    explicit Fields(Line& line) : line_{line} {}

    Fields& text(std::string_view key, std::string_view value)
    {
        line_.text(key, value, kLongest);
        return *this;
    }
    template <typename Number>
    Fields& number(std::string_view key, Number value)
    {
        return text(key, std::to_string(value));
    }
    Fields& time(std::string_view key, WallTime value) { return text(key, format_rfc3339(value)); }
    // Nothing where nobody asked: the server did it by itself.
    Fields& by(const events::Actor& actor)
    {
        return actor.name.empty() ? *this : text("by", actor.name);
    }

private:
    Line& line_;
};

// `fill` is given the line's Fields.
template <typename Fill>
void add(Lines& lines, Level level, std::string_view event, Fill fill)
{
    lines.add(level, event, [&](Line& line) {
        Fields fields{line};
        fill(fields);
    });
}

void add_what(Lines& lines, Level level, std::string_view event, std::string_view what)
{
    add(lines, level, event, [&](Fields& fields) { fields.text("what", what); });
}

std::string_view name(events::Escaped::From from)
{
    switch (from) {
    case events::Escaped::From::Session:
        return "session.escaped";
    case events::Escaped::From::Delivery:
        return facts::name(facts::Reason::DeliveryEscaped);
    case events::Escaped::From::Queue:
        return "queue.escaped";  // no-reason: log event
    }
    unreachable("every task is named above");
}

std::string_view name(events::QueueOperation::Kind kind)
{
    using Kind = events::QueueOperation::Kind;
    switch (kind) {
    case Kind::Hold:
        return "queue.hold";  // no-reason: log event
    case Kind::Release:
        return "queue.release";  // no-reason: log event
    case Kind::Approve:
        return facts::name(facts::Reason::QueueApproved);
    case Kind::Remove:
        return "queue.remove";  // no-reason: log event
    case Kind::Split:
        return "queue.split";  // no-reason: log event
    case Kind::Retry:
        return "queue.retry";  // no-reason: log event
    case Kind::View:
        return "queue.view";  // no-reason: log event
    case Kind::Pause:
        return "queue.pause";  // no-reason: log event
    case Kind::Resume:
        return "queue.resume";  // no-reason: log event
    }
    unreachable("every QueueOperation is named above");
}

std::string describe(const events::ObjectsChanged::Change& change)
{
    std::string words{change.action};
    words.append(" ").append(change.kind).append(" \"").append(change.name).append("\"");
    if (!change.organization.empty()) words.append(" of ").append(change.organization);
    return words;
}

void write_fall(Fields& fields, const policy::Fall& fall)
{
    fields.text("was", policy::describe(fall.was)).text("is", policy::describe(fall.is));
}

}  // namespace

void write(Lines& lines, const events::ClientTurnedAway& event)
{
    add(lines, Level::Warning, "client.turned-away", [&](Fields& fields) {  // no-reason: log event
        fields.text("session", format_id(event.session))
            .text("listener", event.listener)
            .text("client", event.client.format())
            .text("reason", facts::name(event.reason));
    });
}

void write(Lines& lines, const events::ClientFault& event)
{
    const std::string_view name =
        event.audited ? "connector.audited" : "connector.refused";  // no-reason: log events
    add(lines, Level::Warning, name, [&](Fields& fields) {
        fields.text("session", format_id(event.session))
            .text("client", event.client.is_unspecified() ? "unknown" : event.client.format())
            .text("from", event.sender);
        if (event.recipient) fields.text("to", *event.recipient);
        if (event.connector) {
            fields.text("connector", event.connector->name)
                .text("organization", event.connector->organization);
        }
        fields.text("reason", facts::name(event.reason))
            .text("presented", event.presented)
            .text("wanted", event.wanted);
    });
}

// For the test that waits. The message has its own line.
void write(Lines& /*lines*/, const events::TestReturned& /*event*/)
{
}

void write(Lines& lines, const events::BodyNotStored& event)
{
    add(lines, Level::Error, facts::name(facts::Reason::StoreFailed), [&](Fields& fields) {
        fields.text("session", format_id(event.session)).text("what", event.what);
    });
}

void write(Lines& lines, const events::Escaped& event)
{
    add_what(lines, Level::Error, name(event.from), event.what);
}

void write(Lines& lines, const events::RatchetMoved& event)
{
    const auto place = [&](Fields& fields) {
        fields.text("organization", event.organization)
            .text("destination", event.destination)
            .text("host", event.host);
        if (event.fall) write_fall(fields, *event.fall);
    };
    switch (event.kind) {
    case events::RatchetMoved::Kind::Fell:
        add(lines, Level::Warning, "ratchet.fell", [&](Fields& fields) {
            place(fields);
            if (!event.fall) return;
            fields.text("held_until", event.fall->held ? format_rfc3339(event.fall->until) : "no");
        });
        return;
    case events::RatchetMoved::Kind::GaveWay:
        add(lines, Level::Warning, "ratchet.gave-way", [&](Fields& fields) {
            place(fields);
            fields.text("what",
                        "the hold is over, and mail was sent with less TLS than the destination "
                        "had always had; from now on what it has is expected");
            fields.text("fix",
                        "ask the destination's administrators whether that is meant; if it is "
                        "not, require TLS with an outbound connector until it is repaired");
        });
        return;
    case events::RatchetMoved::Kind::Recovered:
        add(lines, Level::Info, "ratchet.recovered", place);
        return;
    }
}

void write(Lines& lines, const events::MassStripping& event)
{
    add(lines, Level::Error, "ratchet.mass-stripping", [&](Fields& fields) {
        fields.number("sites", event.sites)
            .text("host", event.host)
            .text("what",
                  "many unrelated servers stopped offering STARTTLS at once: something in the "
                  "network removes it");
    });
}

void write(Lines& lines, const events::ClientContextFault& event)
{
    add(lines, Level::Error, facts::name(facts::Reason::TlsClientContext),
        [&](Fields& fields) { fields.text("what", event.what).text("expected", event.expected); });
}

void write(Lines& lines, const events::QueueOperation& event)
{
    add(lines, Level::Info, name(event.kind), [&](Fields& fields) {
        const auto limit = [&fields](std::string_view field, const std::string& value) {
            if (!value.empty()) fields.text(field, value);
        };
        if (!event.id.is_nil()) fields.text("id", format_id(event.id));
        if (!event.accepted_as.is_nil()) fields.text("accepted_as", format_id(event.accepted_as));
        if (event.count) fields.number("messages", *event.count);
        limit("destination", event.destination);
        limit("domain", event.domain);
        limit("sender", event.sender);
        limit("recipient", event.recipient);
        limit("reason", event.reason);
        limit("older_than", event.older_than);
        limit("states", event.states);
        limit("part", event.part);
        fields.by(event.by);
        if (!event.why.empty()) fields.text("why", event.why);
    });
}

void write(Lines& lines, const events::MailRetried& event)
{
    add(lines, Level::Info, "queue.retried", [&](Fields& fields) {  // no-reason: log event
        fields.number("messages", event.count).text("cause", "its policy has changed");
    });
}

void write(Lines& lines, const events::MessageGone& event)
{
    add(lines, Level::Warning, "queue.message-gone", [&](Fields& fields) {
        fields.text("id", format_id(event.id)).text("destination", event.destination);
    });
}

void write(Lines& lines, const events::HostsForgotten& event)
{
    add(lines, Level::Info, "hosts.forgotten", [&](Fields& fields) {  // no-reason: log event
        fields.text("host", event.host.empty() ? "all" : event.host)
            .number("count", event.count)
            .by(event.by);
    });
}

void write(Lines& lines, const events::RatchetAccepted& event)
{
    add(lines, Level::Info, "ratchet.accepted",
        [&](Fields& fields) { fields.text("destination", event.destination).by(event.by); });
}

void write(Lines& lines, const events::ObjectsChanged& event)
{
    add(lines, Level::Info, "objects.changed", [&](Fields& fields) {
        fields.number("revision", event.revision);
        if (!event.by.empty()) fields.text("by", event.by);
        if (event.changes.empty()) return;
        std::vector<std::string> shown;
        for (std::size_t i = 0; i < std::min(event.changes.size(), kObjectsShown); ++i)
            shown.push_back(describe(event.changes[i]));
        if (event.changes.size() > kObjectsShown)
            shown.push_back(std::to_string(event.changes.size() - kObjectsShown) + " more");
        fields.text("changes", join(shown, ", "));
    });
}

void write(Lines& lines, const events::DirectoryEmpty& /*event*/)
{
    add_what(
        lines, Level::Warning, "directory.empty",
        "there is no organization yet, so no mail is accepted; `hermetic apply FILE` creates one");
}

void write(Lines& lines, const events::ObjectOldForm& event)
{
    add(lines, Level::Warning, "objects.old-form", [&](Fields& fields) {
        fields.text("object", event.object)
            .text("file", event.file)
            .text("line", event.line == 0 ? std::string{} : std::to_string(event.line))
            .text("what", event.what)
            .text("expected", event.expected);
    });
}

void write(Lines& lines, const events::ConfigurationWarning& event)
{
    add(lines, Level::Warning, "configuration.warning", [&](Fields& fields) {
        fields.text("file", event.file)
            .text("line", event.line == 0 ? std::string{} : std::to_string(event.line))
            .text("key", event.key)
            .text("what", event.what)
            .text("expected", event.expected);
    });
}

void write(Lines& lines, const events::ExceptionEnding& event)
{
    const auto* const name = event.days == 0 ? "exception.ended" : "exception.ending";
    add(lines, Level::Warning, name, [&](Fields& fields) {
        fields.text("object", event.kind)
            .text("name", event.name)
            .text("organization", event.organization)
            .text("weaker", event.weaker)
            .time("valid_until", event.valid_until)
            .number("days", event.days)
            .text("reason", event.reason);
    });
}

void write(Lines& lines, const events::CertificateInUse& event)
{
    add(lines, event.expires_soon ? Level::Warning : Level::Info,
        event.expires_soon ? "certificate.expiring"  // no-reason: a log event
                           : "certificate.loaded",   // no-reason: a log event
        [&](Fields& fields) {
            fields.text("certificate", event.name)
                .text("subject", event.certificate.subject)
                .time("not_after", event.certificate.not_after)
                .text("sha256", event.certificate.sha256);
        });
}

void write(Lines& lines, const events::SystemCasUnreadable& event)
{
    add_what(lines, Level::Warning, "tls.no-cas", event.what);
}

void write(Lines& lines, const events::ConnectorCasUnreadable& event)
{
    add(lines, Level::Error, "connector.cas-unreadable",
        [&](Fields& fields) { fields.text("file", event.file).text("what", event.what); });
}

void write(Lines& lines, const events::CredentialFault& event)
{
    add(lines, Level::Error, "credentials.unusable", [&](Fields& fields) {
        fields.text("object", event.object)
            .text("organization", event.organization)
            .text("what", event.what)
            .text("expected", event.expected);
    });
}

void write(Lines& lines, const events::CrlOverdue& event)
{
    add_what(lines, Level::Warning, "credentials.crl-overdue", event.what);
}

void write(Lines& lines, const events::CertificateOrder& event)
{
    switch (event.state) {
    case events::CertificateOrder::State::Placed:
        add(lines, Level::Info, "acme.ordering", [&](Fields& fields) {
            fields.text("certificate", event.certificate).text("directory", event.directory);
        });
        return;
    case events::CertificateOrder::State::Issued:
        add(lines, Level::Info, "acme.issued", [&](Fields& fields) {
            fields.text("certificate", event.certificate)
                .text("not_after",
                      event.not_after ? format_rfc3339(*event.not_after) : std::string{});
        });
        return;
    case events::CertificateOrder::State::Failed:
        add(lines, Level::Error, "acme.failed", [&](Fields& fields) {
            fields.text("certificate", event.certificate)
                .text("what", event.what)
                .time("retry", event.retry);
        });
        return;
    }
}

void write(Lines& lines, const events::CertificateOrderNotKept& event)
{
    add_what(lines, Level::Error, "acme.not-kept", event.what);
}

void write(Lines& lines, const events::CertificateStandIn& event)
{
    add(lines, Level::Warning, "certificate.stand-in",
        [&](Fields& fields) {  // no-reason: log event
            fields.text("certificate", event.certificate).text("what", event.what);
        });
}

void write(Lines& lines, const events::ConnectorValidated& event)
{
    if (!event.failure) {
        add(lines, Level::Info, "validation.done", [&](Fields& fields) {
            fields.text("connector", event.connector)
                .text("organization", event.organization)
                .text("result", event.result);
        });
        return;
    }
    add(lines, Level::Warning, "validation.failed", [&](Fields& fields) {
        fields.text("connector", event.connector)
            .text("organization", event.organization)
            .text("what", event.failure->what)
            .text("step", event.failure->step)
            .text("host", event.failure->host)
            .text("reason", event.failure->reason)
            .text("seen", event.failure->seen);
    });
}

void write(Lines& lines, const events::ConnectorNotTested& event)
{
    add(lines, Level::Warning, "validation.not-tested", [&](Fields& fields) {
        fields.text("connector", event.connector)
            .text("organization", event.organization)
            .text("what", event.what);
    });
}

void write(Lines& lines, const events::ValidationNotKept& event)
{
    add_what(lines, Level::Warning, "validation.not-kept", event.what);
}

void write(Lines& lines, const events::ValidationResultsLost& event)
{
    add_what(lines, Level::Warning, "validation.results-lost", event.what);
}

void write(Lines& lines, const events::ServerStarted& event)
{
    add(lines, Level::Info, "server.started", [&](Fields& fields) {
        fields.text("version", event.version)
            .text("hostname", event.hostname)
            .number("pid", event.pid);
    });
}

void write(Lines& lines, const events::ServerCannotStart& event)
{
    add_what(lines, Level::Error, "server.cannot-start", event.what);
}

void write(Lines& lines, const events::ServerStopping& /*event*/)
{
    add(lines, Level::Info, "server.stopping", [](Fields&) {});
}

void write(Lines& lines, const events::ServerStopped& /*event*/)
{
    add(lines, Level::Info, "server.stopped", [](Fields&) {});
}

void write(Lines& lines, const events::ListenerReady& event)
{
    add(lines, Level::Info, "listener.ready", [&](Fields& fields) {
        fields.text("listener", event.listener).text("address", event.address.format());
    });
}

void write(Lines& lines, const events::ListenerTrouble& event)
{
    add(lines, Level::Error, "listener.trouble",
        [&](Fields& fields) { fields.text("listener", event.listener).text("what", event.what); });
}

void write(Lines& lines, const events::ListenerWithoutIpv6& event)
{
    add(lines, Level::Warning, "listener.no-ipv6", [&](Fields& fields) {
        fields.text("listener", event.listener)
            .text("address", event.address.format())
            .text("what", event.what);
    });
}

void write(Lines& lines, const events::ListenerLegacy& event)
{
    add(lines, Level::Warning, "listener.legacy", [&](Fields& fields) {
        std::vector<std::string> networks;
        for (const Network& each : event.networks) networks.push_back(each.format());
        fields.text("listener", event.listener)
            .text("min_tls", facts::format_version(event.min_tls))
            .text("networks", join(networks, ", "));
    });
}

void write(Lines& lines, const events::ResolverTested& event)
{
    add(lines, event.works ? Level::Info : Level::Warning, "dane.resolver", [&](Fields& fields) {
        fields.text("state", event.state).text("zone", event.zone).text("what", event.what);
    });
}

void write(Lines& lines, const events::Reloaded& event)
{
    add(lines, Level::Info, "reload.done",
        [&](Fields& fields) { fields.text("cause", event.cause); });
}

void write(Lines& lines, const events::ReloadFailed& event)
{
    add(lines, Level::Error, "reload.failed",
        [&](Fields& fields) { fields.text("cause", event.cause).text("what", event.what); });
}

void write(Lines& lines, const events::ReloadNeedsRestart& event)
{
    add(lines, Level::Warning, "reload.needs-restart",
        [&](Fields& fields) { fields.text("keys", join(event.keys, ", ")); });
}

void write(Lines& lines, const events::SpoolReport& event)
{
    using Severity = events::SpoolReport::Severity;
    const Level level = event.severity == Severity::Error     ? Level::Error
                        : event.severity == Severity::Warning ? Level::Warning
                                                              : Level::Info;
    add_what(lines, level, event.id, event.what);
}

void write(Lines& lines, const events::ObservationsNotKept& event)
{
    add_what(lines, Level::Warning, "observations.not-kept", event.what);
}

void write(Lines& lines, const events::EventsLost& event)
{
    add(lines, Level::Warning, "events.lost", [&](Fields& fields) {  // no-reason: log event
        fields.text("subscriber", event.subscriber.empty() ? "all" : event.subscriber)
            .number("events", event.count);
    });
}

}  // namespace hermetic::ledger
