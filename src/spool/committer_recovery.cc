// What the commit thread does after a failed write: close, reopen, find out, go on.
#include "core/assert.h"
#include "spool/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr Duration kLongestBackOff = std::chrono::seconds{10};

Instant steady_now()
{
    return std::chrono::steady_clock::now();
}

}  // namespace

// The group's octets may be on disk or not, wholly or in part: nobody knows before the log is read
// again. Mail is answered Unknown at once (451: the client keeps its copy), outcomes stay.
void Committer::fail(std::size_t count, const rocksdb::Status& status)
{
    rollback();
    failing_ = true;
    no_space_ = is_no_space(status);
    failed_ = count;
    for (std::size_t i = 0; i < count; ++i) {
        if (!waiting_[i].is_mail()) continue;
        complete(std::exchange(waiting_[i].done, nullptr), Durability::Unknown);
    }
    update_pressure();  // before the answers, so that no session begins another message in between
    post_completions();
    reporter_.error(
        "spool.write-failed",
        fmt::format("a write failed: {}; new mail is refused until the store works again",
                    status.ToString()));
    back_off_ = first_back_off_;
    retry_at_ = steady_now() + back_off_;
}

void Committer::retry_later(const rocksdb::Status& status)
{
    no_space_ = is_no_space(status);
    back_off_ = std::min(back_off_ * 2, kLongestBackOff);
    retry_at_ = steady_now() + back_off_;
    reporter_.warning("spool.reopen-failed",
                      fmt::format("the store cannot be reopened yet: {}; next attempt in {}",
                                  status.ToString(), format_duration(back_off_)));
}

void Committer::recover()
{
    if (no_space_) (void)disk_.release_ballast();
    database_.close();
    if (const auto why = why_not_open_()) return retry_later(rocksdb::Status::Corruption(*why));
    rocksdb::Status status = database_.open();
    if (!status.ok()) return retry_later(status);

    if (failed_ > 0) {
        const auto written = failed_group_was_written();
        if (!written) return retry_later(rocksdb::Status::IOError("the store cannot be read"));
        resolve_failed_group(*written);
    }
    status = purge();
    if (!status.ok()) return retry_later(status);
    failing_ = false;
    no_space_ = false;
    reporter_.info("spool.reopened", "the store works again: mail is accepted");
}

// One batch, so all of it or nothing: any record that it added or removed tells. Where it only
// replaced states nothing tells, but then writing it again changes nothing either. (Without the
// lock: no other thread changes which messages the index has.)
std::optional<bool> Committer::failed_group_was_written() const
{
    const Database::Reader reader = database_.read();
    std::string ignored;
    for (std::size_t i = 0; i < failed_; ++i) {
        const Submission& submission = waiting_[i];
        if (submission.staged != Staged::Written) continue;
        for (const auto& message : submission.new_messages()) {
            if (index_.find(message->id) != nullptr) continue;  // was stored before
            const auto status = reader.get(Column::Envelope, message->id.as_key(), ignored);
            if (status.ok()) return true;
            if (status.IsNotFound()) return false;
            return std::nullopt;
        }
        if (submission.is_mail() || submission.change->kind != Change::Kind::Finished) continue;
        const auto status =
            reader.get(Column::Envelope, submission.change->lease.id.as_key(), ignored);
        if (status.ok()) return false;
        if (status.IsNotFound()) return true;
        return std::nullopt;
    }
    return false;
}

void Committer::resolve_failed_group(bool was_written)
{
    const std::size_t count = std::exchange(failed_, 0);
    if (!was_written) {
        // The mail is gone, as its clients were told to expect; the outcomes wait for the next
        // group.
        std::vector<BodyId> unused;
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
        const auto last = std::remove_if(waiting_.begin(), end, [&](Submission& submission) {
            if (!submission.is_mail()) return false;
            unused.insert(unused.end(), submission.files.begin(), submission.files.end());
            return true;
        });
        waiting_.erase(last, end);
        files_->remove(std::move(unused));
        return;
    }
    // The replay found the group, and RocksDB has written it anew: its outcomes are durable. Its
    // mail is what the clients will offer again, so it goes.
    {
        const std::lock_guard lock{index_mutex_};
        stager_.begin();
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t before = stager_.stored().size();
            stager_.stage(waiting_[i]);
            if (!waiting_[i].is_mail()) continue;
            for (std::size_t at = before; at < stager_.stored().size(); ++at) {
                doomed_.push_back(stager_.stored()[at]->id);
            }
            stager_.stored().resize(before);
        }
        index_.accept();
        messages_ = index_.size();
    }
    finish(count);
}

// Removes the mail that was told Unknown, and proves by a synced write that the disk takes writes.
rocksdb::Status Committer::purge()
{
    // Read before the index is locked: claim() takes the two locks in this order.
    rocksdb::Status status;
    std::vector<Stager::Record> records;
    {
        const Database::Reader reader = database_.read();
        std::string ignored;
        for (const MessageId& id : doomed_) {
            const auto found = reader.get(Column::Envelope, id.as_key(), ignored);
            if (!found.ok() && !found.IsNotFound()) status = found;
            records.push_back(found.IsNotFound() ? Stager::Record::Absent
                                                 : Stager::Record::Present);
        }
    }
    {
        const std::lock_guard lock{index_mutex_};
        stager_.begin();
        for (std::size_t i = 0; i < doomed_.size(); ++i) {
            stager_.stage_removal(doomed_[i], records[i]);
        }
        const rocksdb::Status put = stager_.batch().Put(database_.column(Column::Format), "opened",
                                                        to_slice(format_rfc3339(clock_.wall())));
        HERMETIC_ASSERT(put.ok());
    }
    if (status.ok()) status = write_batch();
    if (!status.ok()) {
        rollback();
        return status;
    }
    accept();
    doomed_.clear();
    files_->remove(std::exchange(stager_.released_files(), {}));
    return status;
}

}  // namespace hermetic::spool
