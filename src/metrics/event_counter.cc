#include "metrics/event_counter.h"

#include "core/assert.h"
#include "facts/reasons.h"
#include "metrics/metrics.h"

namespace hermetic::metrics {
namespace {

Metric metric_of(facts::TlsVersion version)
{
    switch (version) {
    case facts::TlsVersion::None:
        return Metric::InboundClear;
    case facts::TlsVersion::Tls10:
        return Metric::InboundTls10;
    case facts::TlsVersion::Tls11:
        return Metric::InboundTls11;
    case facts::TlsVersion::Tls12:
        return Metric::InboundTls12;
    case facts::TlsVersion::Tls13:
        return Metric::InboundTls13;
    }
    unreachable("every TlsVersion is counted");
}

Metric metric_of(facts::OutcomeClass outcome)
{
    switch (outcome) {
    case facts::OutcomeClass::Delivered:
        return Metric::AttemptsDelivered;
    case facts::OutcomeClass::Deferred:
        return Metric::AttemptsDeferred;
    case facts::OutcomeClass::Failed:
        return Metric::AttemptsFailed;
    }
    unreachable("every OutcomeClass is counted");
}

std::chrono::microseconds microseconds_of(Duration took)
{
    return std::chrono::duration_cast<std::chrono::microseconds>(took);
}

void count(Metrics& metrics, const events::SessionEnded& event)
{
    metrics.add(metric_of(event.client.tls ? event.client.tls->version : facts::TlsVersion::None));
    metrics.add(Metric::CommandsRefused, event.refused);
    for (const auto& each : event.refusals)
        metrics.count(Family::RefusedReasons, {facts::name(each.reason)}, each.count);
    metrics.observe(Histogram::Session, microseconds_of(event.took));
}

void count(Metrics& metrics, const events::ClientTurnedAway& event)
{
    const bool denied = event.reason == facts::Reason::ListenerNotYourNetwork;
    metrics.add(denied ? Metric::InboundLegacyDenied : Metric::SessionsRefused);
    metrics.count(Family::RefusedReasons, {facts::name(event.reason)});
}

void count(Metrics& metrics, const events::MessageReceived& event)
{
    const bool refused = event.id.is_nil();
    if (!event.connector.empty()) {
        metrics.count(Family::ConnectorMessages,
                      {event.organization, event.connector, refused ? "refused" : "accepted"});
    }
    if (refused) {  // its reason is one of its session's
        metrics.add(Metric::MessagesRefused);
        return;
    }
    metrics.observe(Histogram::Accept, microseconds_of(event.storing));
    metrics.add(Metric::MessagesAccepted);
    metrics.add(Metric::BytesAccepted, static_cast<std::int64_t>(event.size));
}

void count(Metrics& metrics, const facts::Attempt& event)
{
    metrics.observe(Histogram::Attempt, microseconds_of(event.took));
    for (const auto& part : event.parts) {
        const facts::Outcome& outcome = part.outcome;
        metrics.add(metric_of(outcome.result));
        const std::string_view result = facts::name(outcome.result);
        if (outcome.result != facts::OutcomeClass::Delivered)
            metrics.count(Family::AttemptReasons, {result, facts::name(outcome.reason)});
        if (!event.connector.empty())
            metrics.count(Family::ConnectorAttempts, {event.organization, event.connector, result});
    }
}

void count(Metrics& metrics, const events::NoticeMade& event)
{
    if (!event.id.is_nil()) metrics.add(Metric::NoticesSent);
}

void count(Metrics& metrics, const events::RatchetMoved& event)
{
    if (event.kind == events::RatchetMoved::Kind::Fell) metrics.add(Metric::RatchetFalls);
}

void count(Metrics& metrics, const events::MassStripping& /*event*/)
{
    metrics.add(Metric::MassStrippings);
}

void count(Metrics& metrics, const events::Reloaded& /*event*/)
{
    metrics.add(Metric::Reloads);
}

void count(Metrics& metrics, const events::ReloadFailed& /*event*/)
{
    metrics.add(Metric::ReloadsFailed);
}

void count(Metrics& metrics, const events::EventsLost& event)
{
    metrics.add(Metric::EventsLost, static_cast<std::int64_t>(event.count));
}

// What nothing counts.
template <typename Other>
void count(Metrics& /*metrics*/, const Other& /*event*/)
{
}

}  // namespace

void begin_connector(Metrics& metrics, std::string_view organization, std::string_view connector)
{
    using Class = facts::OutcomeClass;
    for (const Class each : {Class::Delivered, Class::Deferred, Class::Failed})
        metrics.count(Family::ConnectorAttempts, {organization, connector, facts::name(each)}, 0);
}

void EventCounter::take(events::Batch batch)
{
    for (const events::Event* each : batch)
        std::visit([this](const auto& what) { count(metrics_, what); }, each->what);
}

}  // namespace hermetic::metrics
