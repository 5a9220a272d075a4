// For each fault point in turn: run a workload, let the fault strike, lose what a power cut may
// lose, reopen on a sound disk, and compare with what the spool had promised
// (docs/formats/spool.md).
#include "spool/file_system_seam.h"
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fault_fs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hermetic::crash {
namespace {

using spool::Change;
using spool::Claimed;
using spool::CommitOperation;
using spool::Durability;
using spool::MessageState;
using spool::Pressure;
using spool::Spool;
using spool::SpoolSettings;
using spool::StoredMessage;
using spool::testing::Driver;
using spool::testing::make_text;
using spool::testing::MessageMaker;
using spool::testing::TemporaryDirectory;
using spool::testing::Waitable;

constexpr auto kPatience = std::chrono::seconds{20};
constexpr std::uint32_t kManyAttempts = 9;

// What is known about one message.
struct Promise {
    std::shared_ptr<const StoredMessage> message;
    std::string text;
    bool may_be_there = false;
    bool must_be_there = false;
    std::optional<MessageId> replaced_by;  // its notice, in the same change as its end
    std::optional<std::uint32_t> attempts_at_least;
    std::uint32_t attempts_at_most = 0;
};

struct PendingRecord {
    std::unique_ptr<Waitable<CommitOperation>> done;
    MessageId id;
    bool finishes = false;
    std::uint32_t attempts = 0;
    std::optional<MessageId> notice;
};

// One run of the workload on one faulty file system.
class World {
public:
    explicit World(const std::string& directory)
        : directory_{directory},
          faults_{std::make_shared<FaultFileSystem>(rocksdb::FileSystem::Default(),
                                                    directory + "/trash")}
    {
    }
    ~World() { close(); }

    FaultFileSystem& faults() { return *faults_; }

    [[nodiscard]] bool open()
    {
        auto seam = std::make_shared<spool::FileSystemSeam>();
        seam->file_system = faults_;
        SpoolSettings settings;
        settings.directory = directory_ + "/spool";
        settings.high_water = 0;
        settings.low_water = 0;
        settings.ballast = 64 << 10;
        settings.body_file_threshold = 32 << 10;
        settings.idle_flush = std::chrono::milliseconds{1};
        settings.reopen_back_off = std::chrono::milliseconds{1};
        settings.file_system = seam;
        auto opened = spool::make_rocksdb_spool(settings, listener_, system_clock());
        if (!opened) {
            words_ = opened.error().words;
            return false;
        }
        spool_ = std::move(*opened);
        driver_.emplace(*spool_);
        return true;
    }

    void close()
    {
        if (!spool_) return;
        spool_->close();
        driver_.reset();
        spool_.reset();
        settle_records();
    }

    [[nodiscard]] const std::string& words() const { return words_; }
    [[nodiscard]] bool stopped() const { return spool_ == nullptr || faults_->is_off(); }

    // A message of this length; above the threshold its body is a file. Null: the body failed.
    std::shared_ptr<const StoredMessage> make(std::size_t length)
    {
        const std::string text = make_text(length, ++seed_);
        if (length <= spool_->body_file_threshold()) return remember(maker_.message(text), text);
        const auto writer = spool_->write_body(maker_.body_id());
        const std::size_t half = length / 2;
        if (!driver_->append(*writer, text.substr(0, half)).empty()) return nullptr;
        if (!driver_->append(*writer, text.substr(half)).empty()) return nullptr;
        if (!driver_->finish(*writer).empty()) return nullptr;
        const auto message = remember(maker_.message(writer->body()), text);
        commit({message});  // while its writer lives, as a session does it
        return message;
    }
    std::shared_ptr<const StoredMessage> sharing(const std::shared_ptr<const StoredMessage>& other)
    {
        return remember(maker_.message(other->body), promises_.at(other->id).text);
    }

    void commit(const std::vector<std::shared_ptr<const StoredMessage>>& messages)
    {
        const Durability result = driver_->commit(messages);
        for (const auto& message : messages) {
            Promise& promise = promises_.at(message->id);
            promise.must_be_there = result == Durability::Durable;
            promise.may_be_there = result != Durability::Refused;
        }
    }

    void finish(const MessageId& id, const std::shared_ptr<const StoredMessage>& notice)
    {
        if (!promises_.at(id).must_be_there) return;
        Change change = driver_->finished(id);
        PendingRecord record;
        record.id = id;
        record.finishes = true;
        if (notice) {
            change.new_messages = {notice};
            record.notice = notice->id;
            promises_.at(notice->id).may_be_there = true;
            promises_.at(id).replaced_by = notice->id;
        }
        promises_.at(id).must_be_there = false;
        start(std::move(change), std::move(record));
    }

    void defer(const MessageId& id, std::uint32_t attempts)
    {
        if (!promises_.at(id).must_be_there) return;
        MessageState state;
        state.attempts = attempts;
        PendingRecord record;
        record.id = id;
        record.attempts = attempts;
        promises_.at(id).attempts_at_most = attempts;
        start(driver_->deferred(id, state), std::move(record));
    }

    // Until everything recorded is answered, or the power is off.
    void wait_for_records()
    {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (!stopped() && listener_.recorded().size() < recorded_expected_) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "outcomes wait for ever";
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }
    void wait_until_healthy()
    {
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (!stopped() && spool_->pressure() != Pressure::None) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "does not recover";
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        if (stopped()) return;
        // Recovered while running: what was Unknown has been resolved to "not stored".
        for (auto& [id, promise] : promises_) {
            const bool is_notice = notices_.contains(id);
            if (!promise.must_be_there && !promise.replaced_by && !is_notice &&
                !finished_.contains(id)) {
                promise.may_be_there = false;
            }
        }
    }

    void note_notice(const MessageId& id) { notices_.insert(id); }
    [[nodiscard]] bool has(const MessageId& id) const { return promises_.at(id).must_be_there; }
    std::map<MessageId, Claimed> claim_all() { return driver_->claim_all(3); }

    void check();
    void check_that_it_works();

private:
    std::shared_ptr<const StoredMessage> remember(std::shared_ptr<const StoredMessage> message,
                                                  const std::string& text)
    {
        promises_[message->id] = {message, text, false, false, {}, {}, 0};
        return message;
    }

    void start(Change change, PendingRecord record)
    {
        finished_.insert(record.id);
        record.done = std::make_unique<Waitable<CommitOperation>>(port_);
        ++recorded_expected_;
        records_.push_back(std::move(record));
        spool_->record(std::move(change), records_.back().done.get());
    }

    // After closing every operation has its answer.
    void settle_records()
    {
        for (PendingRecord& record : records_) {
            const Durability result = record.done->wait().result;
            Promise& promise = promises_.at(record.id);
            if (record.finishes) {
                if (result == Durability::Durable) {
                    promise.may_be_there = false;
                    if (record.notice) {
                        promises_.at(*record.notice).must_be_there = true;
                        promises_.at(*record.notice).may_be_there = true;
                    }
                }
                EXPECT_NE(result, Durability::Refused) << "an outcome must not be refused";
            } else if (result == Durability::Durable) {
                promise.attempts_at_least = record.attempts;
            }
        }
        records_.clear();
    }

    void check_one(const MessageId& id, const Promise& promise,
                   const std::map<MessageId, Claimed>& found);

    std::string directory_;
    std::shared_ptr<FaultFileSystem> faults_;
    spool::testing::RememberingListener listener_;
    spool::testing::ImmediatePort port_;
    MessageMaker maker_;
    std::uint64_t seed_ = 0;
    std::string words_;
    std::map<MessageId, Promise> promises_;
    std::set<MessageId> notices_;
    std::set<MessageId> finished_;
    std::deque<PendingRecord> records_;
    std::size_t recorded_expected_ = 0;
    std::unique_ptr<Spool> spool_;
    std::optional<Driver> driver_;
};

void World::check_one(const MessageId& id, const Promise& promise,
                      const std::map<MessageId, Claimed>& found)
{
    const auto at = found.find(id);
    const bool is_there = at != found.end();
    EXPECT_TRUE(is_there || !promise.must_be_there) << "lost: " << format_id(id);
    EXPECT_TRUE(!is_there || promise.may_be_there) << "not promised, but there: " << format_id(id);
    if (promise.replaced_by) {
        EXPECT_NE(is_there, found.contains(*promise.replaced_by))
            << "a message and its notice: one of them, never both, never none";
    }
    if (!is_there) return;
    EXPECT_EQ(driver_->read(at->second.body), promise.text) << "the body, octet for octet";
    EXPECT_EQ(*at->second.envelope, *promise.message->envelope);
    EXPECT_GE(at->second.state.attempts, promise.attempts_at_least.value_or(0));
    EXPECT_LE(at->second.state.attempts, promise.attempts_at_most);
}

// The spool has been reopened: holds it what it promised?
void World::check()
{
    const auto found = claim_all();
    for (const auto& [id, promise] : promises_) check_one(id, promise, found);
    for (const auto& [id, claimed] : found) {
        EXPECT_TRUE(promises_.contains(id)) << "nobody stored " << format_id(id);
    }
}

// After everything: mail comes and goes, and nothing is left behind.
void World::check_that_it_works()
{
    const auto one = make(500);
    commit({one});
    EXPECT_TRUE(has(one->id));
    const auto large = make(50'000);
    ASSERT_TRUE(large);
    EXPECT_TRUE(has(large->id));
    close();
    ASSERT_TRUE(open()) << words_;
    for (const auto& [id, claimed] : claim_all()) {
        EXPECT_EQ(driver_->record(driver_->finished(id)), Durability::Durable);
    }
    close();
    ASSERT_TRUE(open()) << words_;
    EXPECT_TRUE(claim_all().empty());
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory_ + "/spool/bodies")) {
        EXPECT_FALSE(entry.is_regular_file()) << entry.path() << " is left behind";
    }
}

// Everything a spool does, in a fixed order. Stops where the power goes off.
void run_workload(World& world)
{
    if (!world.open()) return;
    std::vector<std::shared_ptr<const StoredMessage>> all;
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
    world.wait_for_records();
    world.wait_until_healthy();
    if (world.stopped()) return;
    commit(world.make(5000));

    // A start in between: what the log holds goes to a table.
    world.close();
    if (world.faults().is_off() || !world.open()) return;
    const auto claimed = world.claim_all();
    const auto another = world.make(60'000);
    if (world.stopped()) return;
    if (claimed.contains(second->id)) world.finish(second->id, nullptr);
    if (claimed.contains(all[0]->id)) world.defer(all[0]->id, 2);
    world.wait_for_records();
    world.wait_until_healthy();
    if (world.stopped()) return;
    commit(world.make(100));
    if (another) world.finish(another->id, nullptr);
    world.wait_for_records();
    world.wait_until_healthy();
}

struct Case {
    Fault fault;
    Loss loss = Loss::Nothing;
};

std::string format_case(const Case& one)
{
    constexpr const char* kEffects[] = {"power off", "power off after", "ENOSPC", "EROFS",
                                        "EIO",       "EIO though done"};
    constexpr const char* kLosses[] = {"nothing lost", "everything unsynced lost",
                                       "tail torn at 512", "holes of 512", "holes of 4096"};
    return format_point(one.fault.at) + ", " + kEffects[static_cast<int>(one.fault.effect)] +
           (one.fault.lasting > 1 ? " for a while, " : ", ") + kLosses[static_cast<int>(one.loss)];
}

// The ordinals that the workload reaches.
std::map<FaultPoint, std::uint32_t> count_operations()
{
    const TemporaryDirectory directory;
    World world{directory.path()};
    run_workload(world);
    world.close();
    return world.faults().counts();
}

bool torture()
{
    return std::getenv("HERMETIC_TORTURE") != nullptr;
}

void check_afterwards(World& world, const Case& one)
{
    SCOPED_TRACE(format_case(one));
    ASSERT_TRUE(world.open()) << world.words();
    world.check();
    world.check_that_it_works();
}

// True where the fault was met.
bool run_case(const Case& one)
{
    const TemporaryDirectory directory;
    World world{directory.path()};
    world.faults().arm(one.fault);
    run_workload(world);
    world.close();
    const bool struck = world.faults().has_struck();
    world.faults().lose(one.loss);
    check_afterwards(world, one);
    return struck;
}

constexpr std::pair<Effect, Loss> kPowerCuts[] = {
    {Effect::PowerOff, Loss::Everything},     {Effect::PowerOffAfter, Loss::Nothing},
    {Effect::PowerOff, Loss::Holes512},       {Effect::PowerOffAfter, Loss::Everything},
    {Effect::PowerOffAfter, Loss::Tail512},   {Effect::PowerOff, Loss::Nothing},
    {Effect::PowerOffAfter, Loss::Holes4096},
};

// Of a long row of ordinals the first few and a few from the rest, unless all are asked for.
bool is_chosen(std::uint32_t ordinal, std::uint32_t count)
{
    if (torture()) return true;
    return ordinal < 3 || ordinal + 1 == count || ordinal % 7 == 0;
}

TEST(SpoolFaults, PowerCutAnywhereLosesNothingDurable)
{
    std::size_t runs = 0;
    std::size_t struck = 0;
    for (const auto& [point, count] : count_operations()) {
        for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
            if (!is_chosen(ordinal, count)) continue;
            for (const auto& cut : kPowerCuts) {
                const bool its_turn = cut == kPowerCuts[runs % std::size(kPowerCuts)];
                if (!torture() && !its_turn) continue;
                Case one;
                one.fault.at = point;
                one.fault.at.ordinal = ordinal;
                one.fault.effect = cut.first;
                one.loss = cut.second;
                struck += run_case(one) ? 1U : 0U;
                if (::testing::Test::HasFatalFailure()) return;
            }
            ++runs;
        }
    }
    // Threads in the background do not do the same each time, but most of it is the same.
    EXPECT_GE(struck, runs * 3 / 4);
    std::printf("%zu fault points, %zu struck\n", runs, struck);
}

TEST(SpoolFaults, FailedOperationIsOvercomeWithoutARestart)
{
    constexpr Effect kEffects[] = {Effect::IoError, Effect::NoSpace, Effect::ReadOnly,
                                   Effect::ErrorAfter};
    std::size_t runs = 0;
    std::size_t struck = 0;
    for (const auto& [point, count] : count_operations()) {
        for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
            if (!is_chosen(ordinal, count)) continue;
            for (const Effect effect : kEffects) {
                const bool its_turn = effect == kEffects[runs % std::size(kEffects)];
                if (!torture() && !its_turn) continue;
                Case one;
                one.fault.at = point;
                one.fault.at.ordinal = ordinal;
                one.fault.effect = effect;
                one.fault.lasting = runs % 3 == 2 ? kManyAttempts : 1;
                one.loss = runs % 2 == 0 ? Loss::Everything : Loss::Nothing;
                struck += run_case(one) ? 1U : 0U;
                if (::testing::Test::HasFatalFailure()) return;
            }
            ++runs;
        }
    }
    // Threads in the background do not do the same each time, but most of it is the same.
    EXPECT_GE(struck, runs * 3 / 4);
    std::printf("%zu fault points, %zu struck\n", runs, struck);
}

// What failed has not been resolved yet when the power goes off too.
TEST(SpoolFaults, PowerCutDuringRecoveryLosesNothingDurable)
{
    constexpr Effect kEffects[] = {Effect::ErrorAfter, Effect::IoError};
    constexpr std::uint32_t kLater[] = {0, 2, 5, 9, 14, 20, 27, 35};
    std::size_t runs = 0;
    std::size_t struck = 0;
    for (const auto& [point, count] : count_operations()) {
        const bool of_a_commit =
            point.kind == FileKind::Wal &&
            (point.operation == FileOperation::Append || point.operation == FileOperation::Sync);
        for (std::uint32_t ordinal = 0; of_a_commit && ordinal < count; ++ordinal) {
            for (const std::uint32_t later : kLater) {
                if (!torture() && later != kLater[runs % std::size(kLater)]) continue;
                Case one;
                one.fault.at = point;
                one.fault.at.ordinal = ordinal;
                one.fault.effect = kEffects[(runs + later) % std::size(kEffects)];
                one.fault.off_after = later;
                one.loss = kPowerCuts[runs % std::size(kPowerCuts)].second;
                struck += run_case(one) ? 1U : 0U;
                if (::testing::Test::HasFatalFailure()) return;
            }
            ++runs;
        }
    }
    EXPECT_GE(struck, runs * 3 / 4);
    std::printf("%zu fault points, %zu struck\n", runs, struck);
}

TEST(SpoolFaults, FullDiskRefusesMailUntilThereIsRoom)
{
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
