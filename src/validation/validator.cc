#include "validation/validator.h"

#include "dns/resolver.h"
#include "ledger/log.h"
#include "net/core.h"
#include "validation/results_file.h"
#include "validation/schedule.h"
#include "validation/validate.h"

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

using ledger::Level;
using Kind = Validator::Refusal::Kind;

// The first step that says what is wrong, for the log.
const Step* first_failed(const Report& report)
{
    for (const auto state : {State::Failed, State::Warning}) {
        const auto found = std::ranges::find_if(report.steps, [state](const Step& step) {
            return step.state == state && step.id != StepId::Result;
        });
        if (found != report.steps.end()) return &*found;
    }
    return nullptr;
}

}  // namespace

Validator::Validator(net::Core& core, dns::Resolver& resolver, ledger::Log& log, std::string file)
    : core_{core},
      resolver_{resolver},
      log_{log},
      file_{std::move(file)},
      started_{core.clock().wall()},
      tasks_{core}
{
    auto kept = load_reports(file_);
    if (kept) {
        reports_ = *std::move(kept);
    } else {
        log_.event(Level::Warning, "validation.results-lost", {{"what", kept.error()}});
    }
}

Validator::~Validator() = default;

void Validator::set(delivery::SettingsPointer settings, objects::SnapshotPointer snapshot)
{
    settings_ = std::move(settings);
    snapshot_ = std::move(snapshot);
    forget_removed();
}

Result<void, Validator::Refusal> Validator::start(const std::string& connector,
                                                  std::optional<mail::Mailbox> recipient, Sink sink,
                                                  Done done)
{
    const auto& all = snapshot_->contents().outbound_connectors;
    const auto found = std::ranges::find(all, connector, &objects::OutboundConnector::name);
    if (found == all.end()) {
        return failure(
            Refusal{Kind::Unknown, "there is no outbound connector \"" + connector + "\""});
    }
    return begin(*found, std::move(recipient), Keep::Yes, std::move(sink), std::move(done));
}

Result<void, Validator::Refusal> Validator::start(objects::OutboundConnector copy,
                                                  std::optional<mail::Mailbox> recipient, Sink sink,
                                                  Done done)
{
    return begin(std::move(copy), std::move(recipient), Keep::No, std::move(sink), std::move(done));
}

Result<void, Validator::Refusal> Validator::begin(objects::OutboundConnector connector,
                                                  std::optional<mail::Mailbox> recipient, Keep keep,
                                                  Sink sink, Done done)
{
    if (on_demand_ >= kMaxOnDemand || stopping_) {
        return failure(Refusal{Kind::Busy, "other connectors are being tested just now"});
    }
    auto subject = make_subject(*snapshot_, std::move(connector), std::move(recipient));
    if (!subject) return failure(Refusal{Kind::Impossible, subject.error()});
    tasks_.spawn(run_on_demand(*std::move(subject), keep, std::move(sink), std::move(done)));
    ++on_demand_;
    return {};
}

net::Task<> Validator::run_on_demand(Subject subject, Keep keep, Sink sink, Done done)
{
    const Report report = co_await run(std::move(subject), std::move(sink));
    --on_demand_;
    if (keep == Keep::Yes && !stopping_) this->keep(report);
    done(report);
}

net::Task<Report> Validator::run(Subject subject, Sink sink)
{
    const auto settings = settings_;
    Environment env{core_, resolver_, settings, Patience{}, Instant::max()};
    env.until = core_.clock().now() + env.patience.all;
    co_return co_await validate(env, settings->cas, std::move(subject), std::move(sink));
}

const Report* Validator::last(const std::string& connector) const
{
    const auto found = reports_.find(connector);
    return found == reports_.end() ? nullptr : &found->second;
}

void Validator::keep(const Report& report)
{
    reports_[report.connector] = report;
    if (auto stored = store_reports(file_, reports_); !stored)
        log_.event(Level::Warning, "validation.not-kept", {{"what", stored.error()}});
    const Step* const wrong = first_failed(report);
    if (report.state != State::Failed) {
        log_.event(Level::Info, "validation.done",
                   {{"connector", report.connector}, {"result", std::string{name(report.state)}}});
        return;
    }
    log_.event(Level::Warning, "validation.failed",
               {{"connector", report.connector},
                {"what", report.words},
                {"step", wrong == nullptr ? std::string{} : std::string{name(wrong->id)}},
                {"host", wrong == nullptr ? std::string{} : wrong->host},
                {"reason", wrong == nullptr ? std::string{} : wrong->reason},
                {"seen", wrong == nullptr ? std::string{} : wrong->seen}});
}

void Validator::forget_removed()
{
    const auto& all = snapshot_->contents().outbound_connectors;
    std::erase_if(reports_, [&all](const auto& each) {
        return std::ranges::find(all, each.first, &objects::OutboundConnector::name) == all.end();
    });
}

void Validator::run_daily()
{
    tasks_.spawn(look_daily());
}

net::Task<> Validator::look_daily()
{
    constexpr Duration kLook = std::chrono::minutes{1};
    for (;;) {
        const Instant next = core_.clock().now() + kLook;
        if (co_await net::sleep_until(core_, next) == net::Woken::Cancelled || stopping_) co_return;
        co_await validate_due();
    }
}

net::Task<> Validator::validate_due()
{
    // A change meanwhile replaces the snapshot; this look keeps its own.
    const auto snapshot = snapshot_;
    for (const auto& connector : snapshot->contents().outbound_connectors) {
        if (stopping_) co_return;
        if (!connector.enabled) continue;
        const Report* const before = last(connector.name);
        const auto when = before == nullptr ? std::nullopt : std::optional{before->started};
        if (!is_due(connector.name, when, started_, core_.clock().wall())) continue;
        auto subject = make_subject(*snapshot, connector, std::nullopt);
        if (!subject) continue;  // it names no domain: nothing can be looked at
        const Report report = co_await run(*std::move(subject), [](const Step&) {});
        if (!stopping_ && snapshot_->outbound_connector(std::string_view{connector.name}))
            keep(report);
    }
}

net::Task<> Validator::stop()
{
    stopping_ = true;
    core_.cancel_all();
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::validation
