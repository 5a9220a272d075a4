// How much of a core the queue's thread takes: messages stored, granted, recorded and reported, by
// a spool and cores that take no time.
#include "dispatch/dispatcher.h"
#include "events/publisher.h"
#include "metrics/metrics.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::dispatch {
namespace {

class NoEvents final : public events::Publisher {
public:
    void publish(events::What) override {}
    void flush() override {}
};

class NoSpool final : public spool::Spool {
public:
    void commit(std::vector<std::shared_ptr<const spool::StoredMessage>>,
                spool::CommitOperation&) override
    {
    }
    void record(spool::Change, spool::CommitOperation*) override {}
    std::uint64_t epoch() const override { return 1; }
    std::vector<spool::Claimed> claim(std::size_t, std::optional<MessageId>) override { return {}; }
    void renew(std::span<const spool::Lease>) override {}
    void load(MessageId, spool::LoadOperation&) override {}
    std::unique_ptr<spool::BodyWriter> write_body(BodyId, std::string) override { return nullptr; }
    std::unique_ptr<spool::BodyReader> open_body(const spool::Body&) override { return nullptr; }
    std::size_t body_file_threshold() const override { return 256 << 10; }
    spool::Pressure pressure() const override { return spool::Pressure::None; }
    spool::SpoolStatus status() const override { return {}; }
    void close() override {}
};

// Delivers at once, as a core would: records and reports.
class Taker final : public GrantTaker {
public:
    void grant(std::vector<Grant> grants) override
    {
        std::vector<spool::Change> changes;
        std::vector<GrantReport> reports;
        for (Grant& grant : grants) {
            GrantReport& report = reports.emplace_back();
            report.id = grant.id;
            report.answered = true;
            for (const GrantedMessage& one : grant.messages) {
                changes.emplace_back().lease = one.lease;
                ++report.delivered;
            }
        }
        const std::size_t count = changes.size();
        dispatcher->on_recorded(std::move(changes));
        dispatcher->ended(std::move(reports));
        delivered += count;
        delivered.notify_all();
    }
    void end(std::vector<std::uint64_t>) override {}

    Dispatcher* dispatcher = nullptr;
    std::atomic<std::size_t> delivered = 0;
};

using Messages = std::vector<std::shared_ptr<const spool::StoredMessage>>;

Messages make_messages(std::size_t count, std::size_t destinations, IdSource& ids)
{
    Messages made;
    for (std::size_t i = 0; i < count; ++i) {
        auto envelope = std::make_shared<mail::Envelope>();
        envelope->sender = *mail::parse_mailbox("a@own.example");
        envelope->recipients.push_back(
            {*mail::parse_mailbox("b@d" + std::to_string(i % destinations) + ".example"),
             mail::kNotifyUnset,
             {}});
        envelope->accepted_at = system_clock().wall();
        auto message = std::make_shared<spool::StoredMessage>();
        message->id = ids.next<MessageId>(envelope->accepted_at);
        message->state.next_attempt = envelope->accepted_at;
        message->body.bytes = Bytes{std::string(4096, 'x')};
        message->body.size = 4096;
        message->envelope = std::move(envelope);
        made.push_back(std::move(message));
    }
    return made;
}

// In groups as the spool commits them: of one message, and of 64.
void BM_ThroughTheDispatcher(benchmark::State& state)
{
    const auto group = static_cast<std::size_t>(state.range(0));
    constexpr std::size_t kMessages = 20'000;
    metrics::Metrics metrics;
    NoEvents events;
    NoSpool spool;
    Taker taker;
    IdSource ids{1, 1};
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    Dispatcher dispatcher{DispatcherSettings{}, system_clock(), metrics, events};
    taker.dispatcher = &dispatcher;
    dispatcher.start(spool, {&taker}, std::make_shared<objects::Snapshot>(std::move(contents)));
    std::size_t expected = 0;
    for (auto _ : state) {
        state.PauseTiming();
        const Messages all = make_messages(kMessages, 100, ids);
        expected += kMessages;
        state.ResumeTiming();
        for (std::size_t i = 0; i < all.size(); i += group) {
            const auto first = all.begin() + static_cast<std::ptrdiff_t>(i);
            const auto size = std::min(group, all.size() - i);
            dispatcher.on_stored(Messages{first, first + static_cast<std::ptrdiff_t>(size)});
        }
        for (std::size_t now = taker.delivered; now < expected; now = taker.delivered) {
            taker.delivered.wait(now);
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(expected));
    dispatcher.stop();
}
BENCHMARK(BM_ThroughTheDispatcher)->Arg(1)->Arg(64)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace hermetic::dispatch
