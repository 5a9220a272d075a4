#include "validation/validator.h"

#include "dns/resolver.h"
#include "events/publisher.h"
#include "net/core.h"
#include "validation/guided.h"
#include "validation/schedule.h"
#include "validation/validate.h"

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using Kind = Validator::Refusal::Kind;

// Null: there is none.
template <typename Connector>
const Connector* find(const std::vector<Connector>& all, const objects::OwnedName& name)
{
    const auto found = std::ranges::find_if(
        all, [&name](const Connector& each) { return objects::owned_name(each) == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

Validator::Validator(net::Core& core, dns::Resolver& resolver, events::Publisher& events,
                     Watches watches, std::string folder)
    : core_{core},
      resolver_{resolver},
      events_{events},
      watches_{watches},
      folder_{std::move(folder)},
      started_{core.clock().wall()},
      tasks_{core}
{
    auto kept = folder_.load();
    reports_ = std::move(kept.reports);
    if (!kept.fault.empty()) events_.publish(events::ValidationResultsLost{kept.fault});
}

Validator::~Validator() = default;

void Validator::set(outbound::SettingsPointer settings, objects::SnapshotPointer snapshot)
{
    settings_ = std::move(settings);
    snapshot_ = std::move(snapshot);
    forget_removed();
    adopt_saved();
    tell_left_out();
}

Result<void, Validator::Refusal> Validator::start(const objects::OwnedName& connector,
                                                  std::optional<Message> message, Sink sink,
                                                  Done done)
{
    const auto* const found = find(snapshot_->contents().outbound_connectors, connector);
    if (found == nullptr) {
        return failure(
            Refusal{Kind::Unknown, "there is no outbound connector \"" + connector.name + "\""});
    }
    return begin(*found, std::move(message), true, std::move(sink), std::move(done));
}

Result<void, Validator::Refusal> Validator::start(objects::OutboundConnector copy,
                                                  std::optional<Message> message, Sink sink,
                                                  Done done)
{
    return begin(std::move(copy), std::move(message), false, std::move(sink), std::move(done));
}

Result<void, Validator::Refusal> Validator::begin(objects::OutboundConnector connector,
                                                  std::optional<Message> message, bool in_force,
                                                  Sink sink, Done done)
{
    if (on_demand_ >= kMaxOnDemand || stopping_) {
        return failure(Refusal{Kind::Busy, "other connectors are being tested now"});
    }
    std::optional<objects::OutboundConnector> copy;
    if (!in_force) copy = connector;
    std::optional<mail::Mailbox> recipient;
    if (message) recipient = message->recipient;
    auto subject = make_subject(*snapshot_, std::move(connector), std::move(recipient));
    if (!subject) return failure(Refusal{Kind::Impossible, subject.error()});
    if (message) subject->bounce_wait = message->bounce_wait;
    tasks_.spawn(
        run_on_demand(*std::move(subject), std::move(copy), std::move(sink), std::move(done)));
    ++on_demand_;
    return {};
}

Result<void, Validator::Refusal> Validator::start_inbound(const objects::OwnedName& connector,
                                                          Duration wait, Sink sink, Done done)
{
    const auto* const found = find(snapshot_->contents().inbound_connectors, connector);
    if (found == nullptr) {
        return failure(
            Refusal{Kind::Unknown, "there is no inbound connector \"" + connector.name + "\""});
    }
    if (stopping_ || !watches_.sessions.watch(connector, found->networks))
        return failure(Refusal{Kind::Busy, "it, or too many others, are being tested now"});
    tasks_.spawn(run_guided(connector, wait, std::move(sink), std::move(done)));
    return {};
}

net::Task<> Validator::run_guided(objects::OwnedName connector, Duration wait, Sink sink, Done done)
{
    GuidedTest test{std::move(connector), wait};
    const Report report =
        co_await wait_for_session(core_, watches_.sessions, std::move(test), std::move(sink));
    done(report);
}

net::Task<> Validator::run_on_demand(Subject subject,
                                     std::optional<objects::OutboundConnector> copy, Sink sink,
                                     Done done)
{
    const Report report = co_await run(std::move(subject), std::move(sink));
    --on_demand_;
    if (copy) {
        if (copies_.size() == kMaxCopies) copies_.pop_front();
        copies_.push_back({*std::move(copy), report});
    } else if (!stopping_) {
        keep(report);
    }
    done(report);
}

net::Task<Report> Validator::run(Subject subject, Sink sink)
{
    const auto settings = settings_;
    Environment env{core_,
                    resolver_,
                    settings,
                    Patience{},
                    Instant::max(),
                    &watches_.observations,
                    &watches_.bounces};
    env.until = core_.clock().now() + env.patience.all;
    co_return co_await validate(env, settings->cas, std::move(subject), std::move(sink));
}

const Report* Validator::last(const objects::OwnedName& connector) const
{
    const auto found = reports_.find(connector);
    return found == reports_.end() ? nullptr : &found->second;
}

void Validator::keep(const Report& report)
{
    reports_[connector_of(report)] = report;
    if (auto stored = folder_.store(report); !stored)
        events_.publish(events::ValidationNotKept{stored.error()});
    events::ConnectorValidated validated{
        report.connector, report.organization, name(report.state), {}};
    if (report.state == State::Failed) {
        auto& failure = validated.failure.emplace();
        failure.what = report.words;
        if (const Step* const wrong = first_finding(report)) {
            failure.step = name(wrong->id);
            failure.host = wrong->host;
            failure.reason = wrong->reason.text();
            failure.seen = wrong->seen;
        }
    }
    events_.publish(std::move(validated));
}

// What a version before this one kept names no organization: it is that of the only connector of
// its name; the report of one of several is forgotten.
void Validator::adopt_unowned()
{
    for (const auto& each : snapshot_->contents().outbound_connectors) {
        const auto report = reports_.find(objects::OwnedName{{}, each.name});
        if (report == reports_.end() || each.organization.empty()) continue;
        const auto same_name = std::ranges::count(snapshot_->contents().outbound_connectors,
                                                  each.name, &objects::OutboundConnector::name);
        if (same_name != 1) continue;
        Report owned = std::move(report->second);
        reports_.erase(report);
        folder_.remove({{}, each.name});
        owned.organization = each.organization;
        if (auto stored = folder_.store(owned); !stored)
            events_.publish(events::ValidationNotKept{stored.error()});
        reports_[connector_of(owned)] = std::move(owned);
    }
}

void Validator::forget_removed()
{
    adopt_unowned();
    std::set<objects::OwnedName> names;
    for (const auto& each : snapshot_->contents().outbound_connectors)
        names.insert(objects::owned_name(each));
    std::erase_if(reports_, [&](const auto& each) {
        if (names.contains(each.first)) return false;
        folder_.remove(each.first);
        return true;
    });
    std::erase_if(told_left_out_, [&](const auto& each) { return !names.contains(each); });
}

// What became the connector just as a copy of it was tested has been validated.
void Validator::adopt_saved()
{
    const auto& all = snapshot_->contents().outbound_connectors;
    std::erase_if(copies_, [&](TestedCopy& each) {
        if (std::ranges::find(all, each.connector) == all.end()) return false;
        each.report.saved = core_.clock().wall();
        keep(each.report);
        return true;
    });
}

std::string Validator::why_left_out(const objects::OutboundConnector& connector)
{
    if (!connector.enabled) return "the connector is disabled";
    return why_not_tested(connector).value_or(std::string{});
}

// Once, until it is removed or can be tested.
void Validator::tell_left_out()
{
    for (const auto& connector : snapshot_->contents().outbound_connectors) {
        const auto why = connector.enabled ? why_not_tested(connector) : std::nullopt;
        if (!why) {
            told_left_out_.erase(objects::owned_name(connector));
        } else if (told_left_out_.insert(objects::owned_name(connector)).second) {
            events_.publish(
                events::ConnectorNotTested{connector.name, connector.organization, *why});
        }
    }
}

void Validator::run_daily()
{
    tasks_.spawn(check_daily());
}

net::Task<> Validator::check_daily()
{
    constexpr Duration kCheckInterval = std::chrono::minutes{1};
    for (;;) {
        const Instant next = core_.clock().now() + kCheckInterval;
        if (co_await net::sleep_until(core_, next) == net::Woken::Cancelled || stopping_) co_return;
        co_await validate_due();
    }
}

// What several validate one after another, until it is empty. A change meanwhile replaces the
// snapshot; this list keeps its own.
struct Validator::DueList {
    objects::SnapshotPointer snapshot;
    std::vector<const objects::OutboundConnector*> connectors;
    std::size_t next = 0;
};

net::Task<> Validator::validate_due()
{
    const WallTime now = core_.clock().wall();
    bring_to(now);
    const auto list = std::make_shared<DueList>();
    list->snapshot = snapshot_;
    std::vector<const objects::OutboundConnector*> all;
    std::vector<Turn> turns;
    for (const auto& connector : snapshot_->contents().outbound_connectors) {
        if (!connector.enabled) continue;
        if (why_not_tested(connector)) continue;  // set() has said so
        const Report* const before = last(objects::owned_name(connector));
        all.push_back(&connector);
        turns.push_back(
            {connector.name, before == nullptr ? std::nullopt : std::optional{before->started}});
    }
    for (const std::size_t place : due(turns, started_, now))
        list->connectors.push_back(all[place]);
    net::TaskGroup group{core_};
    const std::size_t at_once = std::min(kMaxDaily, list->connectors.size());
    for (std::size_t i = 0; i < at_once; ++i) group.spawn(validate_in_turn(list));
    group.close();
    co_await group.join();
}

net::Task<> Validator::validate_in_turn(std::shared_ptr<DueList> list)
{
    while (list->next < list->connectors.size() && !stopping_) {
        const objects::OutboundConnector& connector = *list->connectors[list->next++];
        auto subject = make_subject(*list->snapshot, connector, std::nullopt);
        if (!subject) continue;
        const Report report = co_await run(*std::move(subject), [](const Step&) {});
        if (!stopping_ && snapshot_->outbound_connector_named(objects::owned_name(connector)))
            keep(report);
    }
}

// The clock had jumped and has come back: what lies in the future is taken as now, so that the next
// turn counts.
void Validator::bring_to(WallTime now)
{
    started_ = std::min(started_, now);
    for (auto& [connector, report] : reports_) report.started = std::min(report.started, now);
}

net::Task<> Validator::stop()
{
    stopping_ = true;
    core_.cancel_all();
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::validation
