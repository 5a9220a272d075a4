#include "spool_workloads.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace hermetic::crash {
namespace {

using spool::StoredMessage;
using Messages = std::vector<std::shared_ptr<const StoredMessage>>;

std::uint32_t deleted_tables(World& world)
{
    const auto counts = world.faults().counts();
    const auto at = counts.find({FileKind::Table, FileOperation::Delete, 0});
    return at == counts.end() ? 0 : at->second;
}

// Until merged tables are removed; a fault may prevent that, so not for ever.
void wait_for_a_merge(World& world, std::uint32_t before)
{
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{300};
    while (!world.stopped() && !world.faults().has_struck() && deleted_tables(world) == before &&
           std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

bool settled(World& world)
{
    world.wait_for_records();
    world.wait_until_healthy();
    return !world.stopped();
}

}  // namespace

void run_mail(World& world)
{
    if (!world.open()) return;
    Messages all;
    const auto commit = [&](std::shared_ptr<const StoredMessage> message) {
        if (!world.stopped()) world.commit({message});
        all.push_back(std::move(message));
    };
    commit(world.make(2000));
    const auto first = world.make(30'000);
    const auto second = world.sharing(first);
    if (!world.stopped()) world.commit({first, second});
    const auto large = world.make(100'000);
    world.make(40'000);  // stays, as a file
    world.wait_until_healthy();
    if (world.stopped()) return;

    const auto notice = world.make(700);
    world.note_notice(notice->id);
    world.defer(all[0]->id, 1);
    world.finish(first->id, notice);
    if (large) world.finish(large->id, nullptr);
    if (!settled(world)) return;
    commit(world.make(5000));

    // A start in between: what the log holds goes to a table.
    world.close();
    if (world.stopped_by_fault() || !world.open()) return;
    const auto claimed = world.claim_all();
    const auto another = world.make(60'000);
    if (world.stopped()) return;
    if (claimed.contains(second->id)) world.finish(second->id, nullptr);
    if (claimed.contains(all[0]->id)) world.defer(all[0]->id, 2);
    if (!settled(world)) return;
    commit(world.make(100));
    if (another) world.finish(another->id, nullptr);
    settled(world);
}

void run_tables(World& world)
{
    constexpr std::size_t kWriteBuffer = 64 << 10;  // the least that RocksDB takes
    constexpr int kRounds = 14;
    world.set_write_buffer(kWriteBuffer);
    if (!world.open()) return;
    const std::uint32_t before = deleted_tables(world);
    std::deque<std::shared_ptr<const StoredMessage>> waiting;
    std::uint32_t attempts = 0;
    for (int round = 0; round < kRounds; ++round) {
        const auto message = world.make(28'000);
        world.commit({message});
        waiting.push_back(message);
        world.wait_until_healthy();
        if (world.stopped()) return;
        world.defer(waiting.front()->id, ++attempts);
        if (!settled(world)) return;
        if (waiting.size() < 5) continue;
        // Its body has reached a table meanwhile: the end is written after it, and merged with it.
        world.finish(waiting.front()->id, nullptr);
        waiting.pop_front();
        attempts = 0;
        if (!settled(world)) return;
    }
    wait_for_a_merge(world, before);
}

}  // namespace hermetic::crash
