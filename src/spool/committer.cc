#include "spool/committer.h"

#include "core/thread_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace hermetic::spool {
namespace {

using std::chrono::milliseconds;

// A thread that sleeps needs the machine's clock; an injected one would never wake it.
Instant steady_now()
{
    return std::chrono::steady_clock::now();
}

constexpr std::size_t kGroupOctets =
    8U << 20;                             // bounds the batch in memory, and the wait of its first
constexpr std::size_t kRideAlongs = 256;  // so many changes are written without waiting longer
constexpr Duration kLongestSleep = std::chrono::seconds{1};  // between checks of the free space
constexpr Duration kStallPatience = std::chrono::seconds{2};
constexpr Duration kStallStep = milliseconds{5};
constexpr int kStallsAtEnd = 5;

}  // namespace

Committer::Committer(Parts parts, const SpoolSettings& settings, std::uint64_t epoch)
    : database_{parts.database},
      index_{parts.index},
      index_mutex_{parts.index_mutex},
      files_{std::move(parts.files)},
      log_{parts.log},
      why_not_open_{std::move(parts.why_not_open)},
      disk_{parts.disk},
      listener_{parts.listener},
      clock_{parts.clock},
      reporter_{parts.reporter},
      idle_flush_{settings.idle_flush},
      first_back_off_{settings.reopen_back_off},
      max_messages_{settings.max_messages},
      stager_{database_, index_, epoch}
{
    messages_ = index_.size();
    disk_.sample(steady_now());
    update_pressure();
}

Committer::~Committer()
{
    close();
}

void Committer::start()
{
    thread_ = std::thread{[this] {
        name_this_thread("spool-commit");
        run();
    }};
}

void Committer::submit(Submission submission)
{
    submission.arrived = steady_now();
    bool wake = false;
    {
        const std::lock_guard lock{mutex_};
        const bool waited_for = submission.is_mail() || submission.done != nullptr;
        if (incoming_.empty()) {
            flush_due_ = submission.arrived + idle_flush_;
            wake = true;
        }
        incoming_.push_back(std::move(submission));
        if (!urgent_ && (waited_for || incoming_.size() >= kRideAlongs)) {
            urgent_ = true;
            wake = true;
        }
    }
    if (wake) wake_.notify_one();
}

void Committer::close()
{
    {
        const std::lock_guard lock{mutex_};
        closing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void Committer::run()
{
    while (gather()) {
        disk_.sample(steady_now());
        if (failing_ && (ending_ || steady_now() >= retry_at_)) recover();
        if (failing_ || disk_.nearly_exhausted()) refuse_mail();
        if (!failing_ && !waiting_.empty()) commit_group();
        update_pressure();
        if (ending_ && (failing_ || stalls_ >= kStallsAtEnd)) break;
    }
    give_up();
}

// Sleeps until there is something to do. False: closed, and nothing waits any more.
bool Committer::gather()
{
    std::unique_lock lock{mutex_};
    const bool ready = !failing_ && !waiting_.empty();
    while (!ready && !urgent_ && !closing_) {
        if (wake_.wait_until(lock, next_wake()) == std::cv_status::timeout) break;
    }
    if (waiting_.empty()) {
        std::swap(waiting_, incoming_);
    } else {
        std::move(incoming_.begin(), incoming_.end(), std::back_inserter(waiting_));
        incoming_.clear();
    }
    urgent_ = false;
    flush_due_ = Instant::max();
    ending_ = closing_;
    return !ending_ || failing_ || !waiting_.empty();
}

Instant Committer::next_wake() const
{
    const Instant due = failing_ ? retry_at_ : flush_due_;
    return std::min(due, steady_now() + kLongestSleep);
}

void Committer::commit_group()
{
    const std::size_t count = stage_group();
    const rocksdb::Status status = write_batch();
    if (status.ok()) {
        accept();
        stalls_ = 0;
        finish(count);
    } else if (status.IsIncomplete()) {
        // RocksDB has written nothing. New mail is refused, outcomes stay and are tried again.
        rollback();
        ++stalls_;
        reporter_.warning("spool.write-stalled", "the store cannot accept more at the moment");
        refuse_mail();
    } else {
        fail(count, status);
    }
}

// Returns how many of those that wait make the group.
std::size_t Committer::stage_group()
{
    const std::lock_guard lock{index_mutex_};
    stager_.begin();
    std::size_t count = 0;
    for (std::size_t octets = 0; count < waiting_.size() && octets < kGroupOctets; ++count) {
        stager_.stage(waiting_[count]);
        octets += waiting_[count].octets;
    }
    return count;
}

rocksdb::Status Committer::write_batch()
{
    if (stager_.batch().Count() == 0) return rocksdb::Status::OK();
    const Instant patient_until = steady_now() + kStallPatience;
    for (;;) {
        rocksdb::Status status = database_.write(stager_.batch());
        if (status.ok()) log_.written(database_.log_point());
        if (!status.IsIncomplete() || steady_now() >= patient_until) return status;
        std::this_thread::sleep_for(kStallStep);  // a flush ends it, as a rule within milliseconds
    }
}

// The first `count` are durable, or will never be: tells everybody.
void Committer::finish(std::size_t count)
{
    std::vector<Change> recorded;
    std::vector<BodyId> unused;
    for (std::size_t i = 0; i < count; ++i) {
        Submission& submission = waiting_[i];
        const bool dropped = submission.staged == Staged::Dropped;
        if (dropped) unused.insert(unused.end(), submission.files.begin(), submission.files.end());
        if (!dropped && submission.change) recorded.push_back(*std::move(submission.change));
        complete(submission.done, dropped ? Durability::Refused : Durability::Durable);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));

    if (stager_.batch().Count() > 0) ++commits_;
    committed_messages_ += stager_.stored().size();
    // Before the completions: whoever gets a 250 finds the message in the queue.
    if (!stager_.stored().empty()) listener_.on_stored(std::exchange(stager_.stored(), {}));
    if (!recorded.empty()) listener_.on_recorded(std::move(recorded));
    post_completions();
    files_->remove(std::exchange(stager_.released_files(), {}));
    files_->remove(std::move(unused));
}

// All mail that waits, but for the failed group's, which has its answer.
void Committer::refuse_mail()
{
    std::vector<BodyId> unused;
    const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(failed_);
    const auto last = std::remove_if(first, waiting_.end(), [&](Submission& submission) {
        if (!submission.is_mail()) return false;
        unused.insert(unused.end(), submission.files.begin(), submission.files.end());
        complete(submission.done, Durability::Refused);
        return true;
    });
    waiting_.erase(last, waiting_.end());
    post_completions();
    files_->remove(std::move(unused));
}

void Committer::give_up()
{
    {
        const std::lock_guard lock{mutex_};
        std::move(incoming_.begin(), incoming_.end(), std::back_inserter(waiting_));
        incoming_.clear();
    }
    if (waiting_.empty() && doomed_.empty()) return;
    reporter_.error("spool.closed-failing",
                    fmt::format("closed while the disk fails: {} outcomes were not recorded; these "
                                "messages will be delivered again",
                                waiting_.size()));
    refuse_mail();
    for (Submission& submission : waiting_) complete(submission.done, Durability::Unknown);
    waiting_.clear();
    post_completions();
}

void Committer::rollback()
{
    const std::lock_guard lock{index_mutex_};
    index_.rollback();
}

void Committer::accept()
{
    const std::lock_guard lock{index_mutex_};
    index_.accept();
    messages_ = index_.size();
}

void Committer::complete(CommitOperation* done, Durability result)
{
    if (done == nullptr) return;
    done->result = result;
    const auto found = std::ranges::find_if(
        completions_, [&](const auto& entry) { return entry.first == &done->port; });
    if (found != completions_.end()) {
        found->second.push_back(done);
    } else {
        completions_.push_back({&done->port, {done}});
    }
}

void Committer::post_completions()
{
    for (auto& [port, done] : completions_) {
        if (!done.empty()) port->post(std::exchange(done, {}));
    }
}

void Committer::update_pressure()
{
    // Below the limit by a twentieth before mail is taken again, so that it does not flap.
    const bool was_full = pressure_ == Pressure::QueueFull;
    const std::uint64_t limit = was_full ? max_messages_ - max_messages_ / 20 : max_messages_;
    Pressure now = Pressure::None;
    if (failing_) {
        now = Pressure::DiskFailing;
    } else if (disk_.full()) {
        now = Pressure::DiskFull;
    } else if (messages_ >= limit) {
        now = Pressure::QueueFull;
    }
    pressure_ = now;
}

}  // namespace hermetic::spool
