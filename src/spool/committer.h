// The commit thread: gathers what all cores submit, writes it in groups, tells everybody once.
//
// A group closes when the sync before it is over: what arrives meanwhile is the next one. After a
// failed write the thread closes the database and reopens it with back-off; what then becomes of
// the failed group is docs/formats/spool.md, "When a write fails".
#pragma once

#include "core/time.h"
#include "spool/body_files.h"
#include "spool/database.h"
#include "spool/disk_watch.h"
#include "spool/log_keeper.h"
#include "spool/message_index.h"
#include "spool/stager.h"
#include "spool/submission.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hermetic::spool {

class Committer {
public:
    struct Parts {
        Database& database;
        MessageIndex& index;
        std::mutex& index_mutex;  // held while the index is read or staged, never during I/O
        std::shared_ptr<BodyFiles> files;
        LogKeeper& log;
        std::function<std::optional<std::string>()> why_not_open;  // words, where it must not be
        DiskWatch& disk;
        SpoolListener& listener;
        const Clock& clock;
        Reporter& reporter;
    };

    Committer(Parts parts, const SpoolSettings& settings, std::uint64_t epoch);
    ~Committer();
    Committer(const Committer&) = delete;
    Committer& operator=(const Committer&) = delete;

    void start();
    // Thread-safe.
    void submit(Submission submission);
    // Commits what waits, then ends the thread. Where the disk still fails, what waits is answered
    // and given up: outcomes are then found out anew, by delivering again.
    void close();

    [[nodiscard]] Pressure pressure() const { return pressure_; }
    [[nodiscard]] std::uint64_t messages() const { return messages_; }
    [[nodiscard]] std::uint64_t commits() const { return commits_; }
    [[nodiscard]] std::uint64_t committed_messages() const { return committed_messages_; }

private:
    void run();
    [[nodiscard]] bool gather();
    [[nodiscard]] Instant next_wake() const;

    void commit_group();
    [[nodiscard]] std::size_t stage_group();
    [[nodiscard]] rocksdb::Status write_batch();
    void finish(std::size_t count);
    void refuse_mail();
    void give_up();

    void fail(std::size_t count, const rocksdb::Status& status);
    void recover();
    void retry_later(const rocksdb::Status& status);
    [[nodiscard]] std::optional<bool> failed_group_was_written() const;
    void resolve_failed_group(bool was_written);
    [[nodiscard]] rocksdb::Status purge();

    void rollback();
    void accept();
    void complete(CommitOperation* done, Durability result);
    void post_completions();
    void update_pressure();

    Database& database_;
    MessageIndex& index_;
    std::mutex& index_mutex_;
    std::shared_ptr<BodyFiles> files_;
    LogKeeper& log_;
    std::function<std::optional<std::string>()> why_not_open_;
    DiskWatch& disk_;
    SpoolListener& listener_;
    const Clock& clock_;
    Reporter& reporter_;
    Duration idle_flush_;
    Duration first_back_off_;
    std::uint64_t max_messages_;
    Stager stager_;

    std::mutex mutex_;  // guards the next five
    std::condition_variable wake_;
    std::vector<Submission> incoming_;
    bool urgent_ = false;  // somebody waits for what is in incoming_
    bool closing_ = false;
    Instant flush_due_ = Instant::max();

    // The commit thread's own.
    std::vector<Submission> waiting_;
    std::size_t failed_ = 0;         // so many of the first in waiting_ are the group that failed
    std::vector<MessageId> doomed_;  // told Unknown, but found stored: to be removed
    bool failing_ = false;
    bool no_space_ = false;
    Duration back_off_{};
    Instant retry_at_{};
    int stalls_ = 0;
    bool ending_ = false;
    std::vector<std::pair<CompletionPort*, std::vector<Completion*>>> completions_;

    std::atomic<Pressure> pressure_{Pressure::None};
    std::atomic<std::uint64_t> messages_{0};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> committed_messages_{0};
    std::thread thread_;
};

}  // namespace hermetic::spool
