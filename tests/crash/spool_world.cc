#include "spool_world.h"

#include "spool/file_system_seam.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <utility>

namespace hermetic::crash {

using spool::Change;
using spool::Claimed;
using spool::CommitOperation;
using spool::Durability;
using spool::StoredMessage;
using spool::testing::make_text;
using spool::testing::Waitable;

namespace {

// The machine has this much, before the first start; the spool makes the rest.
std::string data_directory(const std::string& directory)
{
    return directory + "/state/data";
}

}  // namespace

World::World(const std::string& directory)
    : directory_{directory},
      faults_{
          std::make_shared<FaultFileSystem>(rocksdb::FileSystem::Default(), directory + "/trash")}
{
}

bool World::open()
{
    auto seam = std::make_shared<spool::FileSystemSeam>();
    seam->file_system = faults_;
    seam->write_buffer = write_buffer_;
    spool::SpoolSettings settings;
    settings.directory = data_directory(directory_) + "/spool";
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

void World::close()
{
    if (!spool_) return;
    spool_->close();
    driver_.reset();
    spool_.reset();
    settle_records();
}

std::shared_ptr<const StoredMessage> World::make(std::size_t length)
{
    const std::string text = make_text(length, ++seed_);
    if (length <= spool_->body_file_threshold()) return remember(maker_.message(text), text);
    const auto writer = spool_->write_body(maker_.body_id(), "client");
    const std::size_t half = length / 2;
    if (!driver_->append(*writer, text.substr(0, half)).empty()) return nullptr;
    if (!driver_->append(*writer, text.substr(half)).empty()) return nullptr;
    if (!driver_->finish(*writer).empty()) return nullptr;
    const auto message = remember(maker_.message(writer->body()), text);
    commit({message});  // while its writer lives, as a session does it
    return message;
}

std::shared_ptr<const StoredMessage> World::sharing(
    const std::shared_ptr<const StoredMessage>& other)
{
    return remember(maker_.message(other->body), promises_.at(other->id).text);
}

void World::commit(const std::vector<std::shared_ptr<const StoredMessage>>& messages)
{
    const Durability result = driver_->commit(messages);
    for (const auto& message : messages) {
        Promise& promise = promises_.at(message->id);
        promise.must_be_there = result == Durability::Durable;
        promise.may_be_there = result != Durability::Refused;
    }
}

void World::finish(const MessageId& id, const std::shared_ptr<const StoredMessage>& notice)
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

void World::defer(const MessageId& id, std::uint32_t attempts)
{
    if (!promises_.at(id).must_be_there) return;
    spool::MessageState state;
    state.attempts = attempts;
    PendingRecord record;
    record.id = id;
    record.attempts = attempts;
    promises_.at(id).attempts_at_most = attempts;
    start(driver_->deferred(id, state), std::move(record));
}

void World::wait_for_records()
{
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!stopped() && listener_.recorded().size() < recorded_expected_) {
        ASSERT_LT(std::chrono::steady_clock::now(), until) << "outcomes wait for ever";
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void World::wait_until_healthy()
{
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!stopped() && spool_->pressure() != spool::Pressure::None) {
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

std::shared_ptr<const StoredMessage> World::remember(std::shared_ptr<const StoredMessage> message,
                                                     const std::string& text)
{
    promises_[message->id] = {message, text, false, false, {}, {}, 0};
    return message;
}

void World::start(Change change, PendingRecord record)
{
    finished_.insert(record.id);
    record.done = std::make_unique<Waitable<CommitOperation>>(port_);
    ++recorded_expected_;
    records_.push_back(std::move(record));
    spool_->record(std::move(change), records_.back().done.get());
}

// After closing every operation has its answer.
void World::settle_records()
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

void World::check()
{
    const auto found = claim_all();
    for (const auto& [id, promise] : promises_) check_one(id, promise, found);
    for (const auto& [id, claimed] : found) {
        EXPECT_TRUE(promises_.contains(id)) << "nobody stored " << format_id(id);
    }
}

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
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             data_directory(directory_) + "/spool/bodies")) {
        EXPECT_FALSE(entry.is_regular_file()) << entry.path() << " is left behind";
    }
}

}  // namespace hermetic::crash
