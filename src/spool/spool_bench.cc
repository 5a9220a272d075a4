// What a message costs in the spool: CPU of all threads, in groups as large as the sessions that
// wait together; and a body inside RocksDB against one in a file (docs/adr/0013-body-files.md).
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <ctime>

namespace hermetic::spool {
namespace {

using testing::Driver;
using testing::Waitable;

class Ignorant final : public SpoolListener {
    void on_stored(std::vector<std::shared_ptr<const StoredMessage>>) override {}
    void on_recorded(std::vector<Change>) override {}
};

double cpu_seconds()
{
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

struct Bench {
    testing::TemporaryDirectory directory{std::filesystem::temp_directory_path()};
    Ignorant listener;
    std::unique_ptr<Spool> spool;
    testing::MessageMaker maker;

    Bench()
    {
        SpoolSettings settings;
        settings.directory = directory.path() + "/spool";
        settings.high_water = 0;
        settings.low_water = 0;
        settings.ballast = 0;
        auto opened = make_rocksdb_spool(settings, listener, system_clock());
        if (!opened) std::abort();
        spool = std::move(*opened);
    }
};

// As many messages as `state.range(1)` sessions hand in together, stored, then finished: the ends
// ride along with the next round.
void store_and_finish(benchmark::State& state)
{
    Bench bench;
    Driver driver{*bench.spool};
    const auto sessions = static_cast<std::size_t>(state.range(1));
    const Bytes text{testing::make_text(static_cast<std::size_t>(state.range(0)), 1)};
    const double cpu = cpu_seconds();
    for (auto _ : state) {
        std::vector<std::unique_ptr<Waitable<CommitOperation>>> waiting;
        std::vector<MessageId> ids;
        for (std::size_t i = 0; i < sessions; ++i) {
            Body body;
            body.id = bench.maker.body_id();
            body.size = text.size();
            body.bytes = text;
            auto message = bench.maker.message(std::move(body));
            ids.push_back(message->id);
            waiting.push_back(std::make_unique<Waitable<CommitOperation>>(driver.port()));
            bench.spool->commit({std::move(message)}, *waiting.back());
        }
        for (const auto& operation : waiting) {
            if (operation->wait().result != Durability::Durable) state.SkipWithError("not durable");
        }
        for (const MessageId& id : ids) bench.spool->record(driver.finished(id));
    }
    const auto messages = static_cast<double>(state.iterations()) * static_cast<double>(sessions);
    state.counters["cpu_us_per_message"] = (cpu_seconds() - cpu) * 1e6 / messages;
    state.counters["messages_per_s"] = benchmark::Counter(messages, benchmark::Counter::kIsRate);
}
BENCHMARK(store_and_finish)
    ->ArgNames({"octets", "sessions"})
    ->Args({4096, 1})
    ->Args({4096, 100})
    ->Args({4096, 1000})
    ->Args({65536, 100})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The same, ten sessions at once, the body in RocksDB (0) or in a file (1).
void inline_or_file(benchmark::State& state)
{
    constexpr std::size_t kSessions = 10;
    constexpr std::size_t kStep = 64 << 10;
    Bench bench;
    Driver driver{*bench.spool};
    const std::string text = testing::make_text(static_cast<std::size_t>(state.range(0)), 1);
    const bool in_file = state.range(1) == 1;
    const double cpu = cpu_seconds();
    for (auto _ : state) {
        std::vector<std::unique_ptr<BodyWriter>> writers;
        std::vector<Body> bodies;
        if (in_file) {
            std::vector<std::unique_ptr<Waitable<BodyOperation>>> finishing;
            for (std::size_t i = 0; i < kSessions; ++i) {
                writers.push_back(bench.spool->write_body(bench.maker.body_id(), "client"));
                for (std::size_t at = 0; at < text.size(); at += kStep) {
                    driver.append(*writers.back(), text.substr(at, kStep));
                }
                finishing.push_back(std::make_unique<Waitable<BodyOperation>>(driver.port()));
                writers.back()->finish(*finishing.back());
            }
            for (const auto& operation : finishing) operation->wait();
            for (const auto& writer : writers) bodies.push_back(writer->body());
        } else {
            for (std::size_t i = 0; i < kSessions; ++i) bodies.push_back(bench.maker.body(text));
        }
        std::vector<std::unique_ptr<Waitable<CommitOperation>>> waiting;
        std::vector<MessageId> ids;
        for (const Body& body : bodies) {
            auto message = bench.maker.message(body);
            ids.push_back(message->id);
            waiting.push_back(std::make_unique<Waitable<CommitOperation>>(driver.port()));
            bench.spool->commit({std::move(message)}, *waiting.back());
        }
        for (const auto& operation : waiting) {
            if (operation->wait().result != Durability::Durable) state.SkipWithError("not durable");
        }
        for (const MessageId& id : ids) bench.spool->record(driver.finished(id));
    }
    const auto messages = static_cast<double>(state.iterations()) * kSessions;
    state.counters["cpu_us_per_message"] = (cpu_seconds() - cpu) * 1e6 / messages;
    state.counters["messages_per_s"] = benchmark::Counter(messages, benchmark::Counter::kIsRate);
}
BENCHMARK(inline_or_file)
    ->ArgNames({"octets", "file"})
    ->ArgsProduct({{4 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hermetic::spool
