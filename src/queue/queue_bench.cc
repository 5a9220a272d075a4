// How much of a core the queue takes: a message's way through it, and a million that wait.
#include "queue/scheduler.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace hermetic::queue {
namespace {

constexpr WallTime kStart{std::chrono::hours{24 * 365 * 50}};

MessageId message(std::uint64_t number)
{
    MessageId id;
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return id;
}

std::vector<routing::RoutePointer> routes(int count)
{
    std::vector<routing::RoutePointer> routes;
    for (int i = 0; i < count; ++i) {
        auto route = std::make_shared<routing::Route>();
        route->domain = "d" + std::to_string(i) + ".test";
        routes.push_back(std::move(route));
    }
    return routes;
}

Arrived mail(std::uint64_t number, const routing::RoutePointer& route, WallTime due)
{
    Arrived event;
    event.id = message(number);
    event.route = route;
    event.question.organization = route->domain;
    event.sender = "a@example.org";
    event.size = 4096;
    event.accepted_at = kStart;
    event.next_attempt = due;
    return event;
}

// Arrives, is granted, delivered, gone; in batches as the mailbox brings them.
void BM_ThroughTheQueue(benchmark::State& state)
{
    constexpr std::uint64_t kBatch = 256;
    const auto keys = routes(static_cast<int>(state.range(0)));
    Settings settings;
    settings.cores = 4;
    Scheduler queue{settings, 1};
    std::uint64_t next = 0;
    for (auto _ : state) {
        std::vector<Event> events;
        for (std::uint64_t i = 0; i < kBatch; ++i, ++next) {
            events.emplace_back(mail(next, keys[next % keys.size()], kStart));
        }
        auto grants = queue.on(events, kStart);
        while (!grants.empty()) {
            events.clear();
            for (const GrantAction& grant : grants) {
                for (const auto& one : grant.messages) events.emplace_back(Finished{one.id});
                GrantEnded ended;
                ended.id = grant.id;
                ended.answered = true;
                ended.settled = static_cast<std::uint32_t>(grant.messages.size());
                events.emplace_back(ended);
            }
            grants = queue.on(events, kStart);
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(BM_ThroughTheQueue)->Arg(1)->Arg(1000);

void BM_MillionThatWait(benchmark::State& state)
{
    const auto keys = routes(1000);
    for (auto _ : state) {
        Scheduler queue{Settings{}, 1};
        for (std::uint64_t i = 0; i < 1'000'000; ++i) {
            const Event event =
                mail(i, keys[i % keys.size()], kStart + std::chrono::minutes{1 + i % 60});
            benchmark::DoNotOptimize(queue.on({&event, 1}, kStart));
        }
    }
    state.SetItemsProcessed(state.iterations() * 1'000'000);
}
BENCHMARK(BM_MillionThatWait)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace hermetic::queue
