// For each write point in turn: run a workload, let the fault strike there, lose what a power cut
// may lose, reopen on a sound disk, and compare with what the spool had promised
// (docs/formats/spool.md).
//
// HERMETIC_TORTURE in the environment: every fault at every point; without it a selection.
// HERMETIC_SHARD=1/3 runs the second third of either, so that processes may share the work.
#include "spool/file_system_seam.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fault_fs.h"
#include "spool_workloads.h"
#include "spool_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hermetic::crash {
namespace {

using spool::Durability;
using spool::Pressure;
using spool::SpoolSettings;
using spool::testing::Driver;
using spool::testing::MessageMaker;
using spool::testing::TemporaryDirectory;

constexpr std::uint32_t kAWhile = 9;

struct FaultKind {
    const char* name;
    Effect effect;
    std::uint32_t lasting;
    Loss loss;
};

constexpr std::array kPowerCuts{
    FaultKind{"off before, all unsynced lost", Effect::PowerOff, 1, Loss::Everything},
    FaultKind{"off after, nothing lost", Effect::PowerOffAfter, 1, Loss::Nothing},
    FaultKind{"off before, sectors torn", Effect::PowerOff, 1, Loss::Holes512},
    FaultKind{"off after, all unsynced lost", Effect::PowerOffAfter, 1, Loss::Everything},
    FaultKind{"off after, tail torn", Effect::PowerOffAfter, 1, Loss::Tail512},
    FaultKind{"off before, nothing lost", Effect::PowerOff, 1, Loss::Nothing},
    FaultKind{"off after, pages torn", Effect::PowerOffAfter, 1, Loss::Holes4096},
};
constexpr std::array kFailures{
    FaultKind{"EIO once", Effect::IoError, 1, Loss::Everything},
    FaultKind{"ENOSPC for a while", Effect::NoSpace, kAWhile, Loss::Nothing},
    FaultKind{"EROFS once", Effect::ReadOnly, 1, Loss::Everything},
    FaultKind{"EIO though done", Effect::ErrorAfter, 1, Loss::Nothing},
    FaultKind{"EIO for a while", Effect::IoError, kAWhile, Loss::Nothing},
    FaultKind{"ENOSPC once", Effect::NoSpace, 1, Loss::Everything},
    FaultKind{"EROFS for a while", Effect::ReadOnly, kAWhile, Loss::Everything},
    FaultKind{"EIO though done, for a while", Effect::ErrorAfter, kAWhile, Loss::Everything},
    FaultKind{"EROFS until a restart", Effect::ReadOnly, kForGood, Loss::Nothing},
    FaultKind{"ENOSPC until a restart", Effect::NoSpace, kForGood, Loss::Nothing},
    FaultKind{"EIO until a restart", Effect::IoError, kForGood, Loss::Everything},
};

bool torture()
{
    return std::getenv("HERMETIC_TORTURE") != nullptr;
}

// This process' part of the work.
class Shard {
public:
    Shard()
    {
        const char* text = std::getenv("HERMETIC_SHARD");
        if (text != nullptr && std::sscanf(text, "%zu/%zu", &index_, &count_) != 2) std::abort();
    }
    // By name: processes may count the points a little differently.
    [[nodiscard]] bool has(const std::string& name) const
    {
        return std::hash<std::string>{}(name) % count_ == index_;
    }
    [[nodiscard]] bool is_first() const { return index_ == 0; }

private:
    std::size_t index_ = 0;
    std::size_t count_ = 1;
};

struct Case {
    const Workload* workload;
    Fault fault;
    Loss loss = Loss::Nothing;
    std::string name;
};

// True where the fault was met.
bool run_case(const Case& one)
{
    const TemporaryDirectory directory;
    World world{directory.path()};
    world.faults().arm(one.fault);
    one.workload->run(world);
    world.close();
    const bool struck = world.faults().has_struck();
    world.faults().lose(one.loss);
    SCOPED_TRACE(one.name);
    const bool opened = world.open();
    EXPECT_TRUE(opened) << world.words();
    if (!opened) return struck;
    world.check();
    world.check_that_it_works();
    return struck;
}

struct Points {
    std::vector<FaultPoint> chosen;
    std::size_t all = 0;
};

// Of a long row of ordinals the first few and a few from the rest. The 256 folders for bodies are
// alike and made in one loop: of them some, always.
bool is_chosen(const FaultPoint& kind, std::uint32_t ordinal, std::uint32_t count)
{
    const bool edge = ordinal < (torture() ? 6U : 1U) || ordinal + 1 == count;
    if (kind.operation == FileOperation::MakeDirectory) {
        return edge || ordinal % (torture() ? 16 : 100) == 0;
    }
    return torture() || ordinal + 1 == count || ordinal % 16 == 0;
}

// What the workload reaches on a sound disk: the most of a few runs, since threads in the
// background do not do the same each time.
std::map<FaultPoint, std::uint32_t> count_points(const Workload& workload)
{
    std::map<FaultPoint, std::uint32_t> most;
    for (int run = 0; run < 3; ++run) {
        const TemporaryDirectory directory;
        World world{directory.path()};
        workload.run(world);
        world.close();
        for (const auto& [kind, count] : world.faults().counts()) {
            most[kind] = std::max(most[kind], count);
        }
    }
    return most;
}

Points points_of(const Workload& workload)
{
    Points points;
    std::string words;
    for (const auto& [kind, count] : count_points(workload)) {
        const std::string name = format_point(kind);
        words += " " + name.substr(0, name.rfind('/')) + " " + std::to_string(count);
        points.all += count;
        for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
            if (!is_chosen(kind, ordinal, count)) continue;
            points.chosen.push_back(kind);
            points.chosen.back().ordinal = ordinal;
        }
    }
    std::printf("%s: %zu write points:%s\n", workload.name, points.all, words.c_str());
    return points;
}

// Each point with each fault under torture; otherwise each with one, in turn.
template <std::size_t N>
void run_each(const std::array<FaultKind, N>& kinds)
{
    const Shard shard;
    for (const Workload& workload : kWorkloads) {
        const Points points = points_of(workload);
        std::size_t runs = 0;
        std::size_t struck = 0;
        for (std::size_t i = 0; i < points.chosen.size(); ++i) {
            for (std::size_t k = 0; k < N; ++k) {
                if (!torture() && k != i % N) continue;
                Case one{&workload,
                         {points.chosen[i], kinds[k].effect, kinds[k].lasting, {}},
                         kinds[k].loss,
                         {}};
                one.name = std::string{workload.name} + ", " + format_point(one.fault.at) + ": " +
                           kinds[k].name;
                if (!shard.has(one.name)) continue;
                ++runs;
                struck += run_case(one) ? 1U : 0U;
                if (::testing::Test::HasFailure()) {
                    std::printf("failed: %s\n", one.name.c_str());
                    return;
                }
            }
        }
        std::printf("%s: %zu of %zu points x %zu of %zu faults: %zu runs here, struck %zu\n",
                    workload.name, points.chosen.size(), points.all, torture() ? N : 1, N, runs,
                    struck);
        // Threads in the background do not do the same each time, but most of it is the same.
        EXPECT_GE(struck, runs * 3 / 4);
    }
}

TEST(SpoolFaults, PowerCutAfterTheFirstMessageKeepsIt)
{
    for (const std::size_t length : {2'000U, 100'000U}) {
        const TemporaryDirectory directory;
        World world{directory.path()};
        ASSERT_TRUE(world.open()) << world.words();
        const auto message = world.make(length);
        ASSERT_TRUE(message);
        if (!world.has(message->id)) world.commit({message});
        ASSERT_TRUE(world.has(message->id));
        world.close();
        world.faults().lose(Loss::Everything);
        ASSERT_TRUE(world.open()) << world.words();
        world.check();
    }
}

TEST(SpoolFaults, PowerCutAnywhereLosesNothingDurable)
{
    run_each(kPowerCuts);
}

TEST(SpoolFaults, FailedOperationIsOvercomeAndLosesNothingDurable)
{
    run_each(kFailures);
}

// The writes and syncs of the log, all of them.
std::vector<FaultPoint> commits_of(const Workload& workload)
{
    std::vector<FaultPoint> points;
    for (const auto& [kind, count] : count_points(workload)) {
        if (kind.kind != FileKind::Wal ||
            (kind.operation != FileOperation::Append && kind.operation != FileOperation::Sync)) {
            continue;
        }
        for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
            points.push_back(kind);
            points.back().ordinal = ordinal;
        }
    }
    return points;
}

// What failed has not been resolved yet when the power goes off too.
TEST(SpoolFaults, PowerCutDuringRecoveryLosesNothingDurable)
{
    constexpr std::array kEffects{Effect::ErrorAfter, Effect::IoError};
    constexpr std::array<std::uint32_t, 8> kLater{0, 2, 5, 9, 14, 20, 27, 35};
    const Shard shard;
    std::size_t runs = 0;
    std::size_t struck = 0;
    const std::vector<FaultPoint> points = commits_of(kWorkloads.front());
    for (std::size_t i = 0; i < points.size(); ++i) {
        const FaultPoint& point = points[i];
        for (std::size_t k = 0; k < kLater.size(); ++k) {
            if (!torture() && k != i % kLater.size()) continue;
            const FaultKind& cut = kPowerCuts[i % kPowerCuts.size()];
            Case one{&kWorkloads.front(),
                     {point, kEffects[(i + k) % kEffects.size()], 1, kLater[k]},
                     cut.loss,
                     {}};
            one.name = format_point(point) + " fails, power off " + std::to_string(kLater[k]) +
                       " operations later: " + cut.name;
            if (!shard.has(one.name)) continue;
            ++runs;
            struck += run_case(one) ? 1U : 0U;
            if (::testing::Test::HasFailure()) return;
        }
    }
    // How the outcomes fall into groups differs: the last ordinals are not reached each time.
    EXPECT_GE(struck, runs / 2);
    std::printf("during recovery: %zu points x %zu of %zu pauses: %zu runs here, struck %zu\n",
                points.size(), torture() ? kLater.size() : 1, kLater.size(), runs, struck);
}

TEST(SpoolFaults, FullDiskRefusesMailUntilThereIsRoom)
{
    if (!Shard{}.is_first()) GTEST_SKIP() << "another process does it";
    const TemporaryDirectory directory;
    auto faults = std::make_shared<FaultFileSystem>(rocksdb::FileSystem::Default(),
                                                    directory.path() + "/trash");
    faults->set_free_space(100 << 20);
    auto seam = std::make_shared<spool::FileSystemSeam>();
    seam->file_system = faults;
    SpoolSettings settings;
    settings.directory = directory.path() + "/spool";
    settings.high_water = 10 << 20;
    settings.low_water = 20 << 20;
    settings.ballast = 0;
    settings.file_system = seam;
    spool::testing::RememberingListener listener;
    auto opened = spool::make_rocksdb_spool(settings, listener, system_clock());
    ASSERT_TRUE(opened);
    Driver driver{**opened};
    MessageMaker maker;
    const auto message = maker.message("x");
    ASSERT_EQ(driver.commit(message), Durability::Durable);

    const auto wait_for = [&](Pressure wanted) {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while ((*opened)->pressure() != wanted) {
            ASSERT_LT(std::chrono::steady_clock::now(), until);
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
        }
    };
    faults->set_free_space(4 << 20);  // below half of the mark
    wait_for(Pressure::DiskFull);
    EXPECT_EQ(driver.commit(maker.message("too late")), Durability::Refused);
    EXPECT_EQ(driver.record(driver.finished(message->id)), Durability::Durable)
        << "what makes room goes on";
    faults->set_free_space(30 << 20);
    wait_for(Pressure::None);
    EXPECT_EQ(driver.commit(maker.message("y")), Durability::Durable);
    EXPECT_EQ((*opened)->status().messages, 1U);
}

}  // namespace
}  // namespace hermetic::crash
