#include "spool/rocksdb_spool.h"

#include "core/text.h"
#include "spool/body_files.h"
#include "spool/committer.h"
#include "spool/database.h"
#include "spool/directories.h"
#include "spool/directory_lock.h"
#include "spool/disk_watch.h"
#include "spool/file_system_seam.h"
#include "spool/inline_body.h"
#include "spool/inspection.h"
#include "spool/io_pool.h"
#include "spool/log_keeper.h"
#include "spool/opening.h"
#include "spool/record.h"
#include "spool/scan.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::size_t kIoThreads = 2;

OpenError unusable(std::string words)
{
    return {OpenError::Kind::Unusable, std::move(words)};
}

// nullopt: Open or Make.
std::optional<OpenError> refusal_of(const Opening& opening, const std::string& directory)
{
    switch (opening.kind) {
    case Opening::Kind::Open:
    case Opening::Kind::Make:
        return std::nullopt;
    case Opening::Kind::Newer:
        return OpenError{OpenError::Kind::Newer, describe_newer(directory)};
    case Opening::Kind::Refuse:
        break;
    }
    return OpenError{OpenError::Kind::Damaged, describe(opening.damage, directory)};
}

// RocksDB's words; of a table that is missing it names the form of its name that it tried last.
std::string words_of(const rocksdb::Status& status)
{
    constexpr std::string_view kOldName = ".ldb";
    std::string words = status.ToString();
    for (auto at = words.find(kOldName); at != std::string::npos; at = words.find(kOldName)) {
        words.replace(at, kOldName.size(), ".sst");
    }
    return words;
}

class RocksDbSpool final : public Spool {
public:
    RocksDbSpool(const SpoolSettings& settings, DirectoryLock lock, SpoolListener& listener,
                 const Clock& clock)
        : settings_{settings},
          lock_{std::move(lock)},
          file_system_{settings.file_system ? settings.file_system->file_system
                                            : rocksdb::FileSystem::Default()},
          reporter_{settings.on_event},
          pool_{std::make_shared<IoPool>(kIoThreads)},
          files_{std::make_shared<BodyFiles>(settings.directory + "/bodies", file_system_, pool_,
                                             on_unreadable(), &disk_)},
          database_{std::make_shared<Database>(
              settings.directory + "/db", file_system_, reporter_,
              settings.file_system ? settings.file_system->write_buffer : 0)},
          log_{file_system_, settings.directory},
          disk_{settings, file_system_, reporter_},
          listener_{listener},
          clock_{clock},
          epoch_{static_cast<std::uint64_t>(clock.wall().time_since_epoch().count())}
    {
    }

    ~RocksDbSpool() override { shut(); }

    [[nodiscard]] std::optional<OpenError> open();

    void commit(std::vector<std::shared_ptr<const StoredMessage>> messages,
                CommitOperation& done) override
    {
        Submission submission = make_submission(std::move(messages), &done);
        take_over_files(submission);
        committer_->submit(std::move(submission));
    }

    void record(Change change, CommitOperation* done) override
    {
        Submission submission = make_submission(std::move(change), done);
        take_over_files(submission);
        committer_->submit(std::move(submission));
    }

    std::uint64_t epoch() const override { return epoch_; }

    std::vector<Claimed> claim(std::size_t limit, std::optional<MessageId> after) override
    {
        return claim_messages(*database_, index_, index_mutex_, reporter_, {limit, after, epoch_});
    }

    void renew(std::span<const Lease>) override {}  // they never expire

    void load(MessageId id, LoadOperation& done) override
    {
        pool_->run([this, database = database_, id, &done] {
            load_message(*database, id, done, on_unreadable());
            done.port.post({&done});
        });
    }

    std::unique_ptr<BodyWriter> write_body(BodyId id, std::string client) override
    {
        return files_->write(id, std::move(client));
    }

    std::unique_ptr<BodyReader> open_body(const Body& body) override
    {
        if (body.in_file) return files_->read(body);
        return read_inline_body(database_, pool_, body, on_unreadable());
    }

    std::size_t body_file_threshold() const override
    {
        return static_cast<std::size_t>(settings_.body_file_threshold);
    }

    Pressure pressure() const override { return committer_->pressure(); }
    SpoolStatus status() const override;
    void close() override { shut(); }

private:
    [[nodiscard]] OnUnreadable on_unreadable()
    {
        return [this](const BodyId& body, const std::string& why) {
            reporter_.error(kBodyUnreadable,
                            fmt::format("the body {} cannot be read, and is not sent: {}",
                                        format_id(body), why));
        };
    }
    [[nodiscard]] std::optional<OpenError> open_store(const Opening& opening,
                                                      Database::Files files);
    void start_committer();
    [[nodiscard]] OpenError failed_write(std::string_view name, const rocksdb::Status& status);
    [[nodiscard]] Result<Opening, OpenError> inspect() const;
    [[nodiscard]] std::optional<OpenError> keep_torn_end(std::uint64_t log);
    [[nodiscard]] std::optional<OpenError> open_database(Database::Files files);
    [[nodiscard]] std::optional<OpenError> check_format();
    [[nodiscard]] std::optional<OpenError> make_folders();
    [[nodiscard]] BodyFiles::Sweep sweep(std::uint64_t headless);
    [[nodiscard]] std::optional<OpenError> read_messages();
    void take_over_files(Submission& submission);
    void shut();

    SpoolSettings settings_;
    std::optional<DirectoryLock> lock_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    Reporter reporter_;
    std::shared_ptr<IoPool> pool_;
    std::shared_ptr<BodyFiles> files_;
    std::shared_ptr<Database> database_;
    LogKeeper log_;
    DiskWatch disk_;
    SpoolListener& listener_;
    const Clock& clock_;
    std::uint64_t epoch_;
    std::string aside_;  // where what this opening leaves out is kept; empty: nothing was
    bool keeps_bodies_ = false;
    bool full_ = false;  // the opening failed for want of space

    std::mutex index_mutex_;
    MessageIndex index_;
    std::unique_ptr<Committer> committer_;
};

std::optional<OpenError> RocksDbSpool::open()
{
    const auto opening = inspect();
    if (!opening) return opening.error();
    const auto files =
        opening->kind == Opening::Kind::Make ? Database::Files::Make : Database::Files::Existing;
    keeps_bodies_ = opening->keeps_bodies;
    auto error = open_store(*opening, files);
    // A full disk cannot even be opened: the ballast is there for that, too.
    if (error && full_ && disk_.release_ballast()) {
        full_ = false;
        database_->close();
        error = open_store(*opening, files);
    }
    if (!error) error = read_messages();
    if (error) return error;
    // Last: from here on everything must be there.
    auto status = log_.write_down();
    if (is_no_space(status) && disk_.release_ballast()) status = log_.write_down();
    if (!status.ok()) return failed_write("identity", status);
    start_committer();
    return std::nullopt;
}

std::optional<OpenError> RocksDbSpool::open_store(const Opening& opening, Database::Files files)
{
    if (opening.torn_log && aside_.empty()) {
        if (auto error = keep_torn_end(*opening.torn_log)) return error;
    }
    if (auto error = open_database(files)) return error;
    if (auto error = check_format()) return error;
    return make_folders();
}

void RocksDbSpool::start_committer()
{
    const auto why_not_open = [this]() -> std::optional<std::string> {
        const auto again = inspect();
        if (!again) return again.error().words;
        return std::nullopt;
    };
    committer_ = std::make_unique<Committer>(
        Committer::Parts{*database_, index_, index_mutex_, files_, log_, why_not_open, disk_,
                         listener_, clock_, reporter_},
        settings_, epoch_);
    committer_->start();
}

// Something below the directory could not be made or written.
OpenError RocksDbSpool::failed_write(std::string_view name, const rocksdb::Status& status)
{
    full_ = full_ || is_no_space(status);
    return unusable(
        fmt::format("cannot write {}/{}: {}", settings_.directory, name, status.ToString()));
}

// Open or Make; an error for everything else.
Result<Opening, OpenError> RocksDbSpool::inspect() const
{
    const auto facts = inspect_spool(file_system_, settings_.directory);
    if (!facts) return failure(unusable(facts.error()));
    Opening opening = decide_opening(*facts, log_.known());
    if (auto refusal = refusal_of(opening, settings_.directory))
        return failure(*std::move(refusal));
    return opening;
}

// What the replay leaves out was never called durable, as far as anybody can know: so it is kept.
std::optional<OpenError> RocksDbSpool::keep_torn_end(std::uint64_t log)
{
    const std::string aside = folder_for_damage(settings_.directory, clock_.wall());
    const auto kept = spool::keep_torn_end(*file_system_, settings_.directory, log, aside);
    if (!kept.ok()) return failed_write("damaged-TIME", kept);
    aside_ = aside;
    reporter_.error(
        "spool.replay-dropped",
        fmt::format("the end of the log {:06}.log is incomplete, as after a power failure: it is "
                    "skipped and kept in {}, with the bodies that no message needs",
                    log, aside_));
    return std::nullopt;
}

std::optional<OpenError> RocksDbSpool::open_database(Database::Files files)
{
    // Made here, since RocksDB reports an absent directory as an error before it makes one.
    rocksdb::Status status;
    if (files == Database::Files::Make) {
        status = file_system_->CreateDirIfMissing(settings_.directory + "/db", rocksdb::IOOptions{},
                                                  nullptr);
        // A spool with bodies/ and without db/ has lost it.
        if (status.ok()) status = sync_directory(*file_system_, settings_.directory);
    }
    if (status.ok()) status = database_->open(files);
    if (status.ok()) return std::nullopt;
    const std::string words = words_of(status);
    // RocksDB reads its list of tables, and looks for each, before it writes.
    if (status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound()) {
        return OpenError{
            OpenError::Kind::Damaged,
            describe({{"the database cannot be read: " + words, ""}}, settings_.directory)};
    }
    return failed_write("db", status);
}

std::optional<OpenError> RocksDbSpool::make_folders()
{
    if (const auto status = files_->prepare(); !status.ok()) return failed_write("bodies", status);
    // db/ and bodies/ themselves: nothing that is synced in them outlives them.
    if (const auto status = sync_directory(*file_system_, settings_.directory); !status.ok()) {
        return failed_write("", status);
    }
    return std::nullopt;
}

// Also the first synced write of this opening: a disk that takes none is found out here.
std::optional<OpenError> RocksDbSpool::check_format()
{
    std::string found;
    const rocksdb::Status read = database_->read().get(Column::Format, kFormatKey, found);
    if (!read.ok() && !read.IsNotFound()) {
        return OpenError{
            OpenError::Kind::Damaged,
            fmt::format("cannot read {}/db: {}", settings_.directory, read.ToString())};
    }
    const auto format = parse_decimal<std::uint64_t>(found);
    if (read.ok() && (!format || *format > kSpoolFormat)) {
        return OpenError{OpenError::Kind::Newer, describe_newer(settings_.directory)};
    }
    rocksdb::WriteBatch batch;
    rocksdb::Status status;
    if (read.IsNotFound()) {
        status = batch.Put(database_->column(Column::Format), to_slice(kFormatKey),
                           to_slice(std::to_string(kSpoolFormat)));
    }
    if (status.ok()) {
        status = batch.Put(database_->column(Column::Format), "opened",
                           to_slice(format_rfc3339(clock_.wall())));
    }
    if (status.ok()) status = database_->write(batch);
    if (status.ok()) {
        log_.written(database_->log_point());
        return std::nullopt;
    }
    return failed_write("db", status);
}

std::optional<OpenError> RocksDbSpool::read_messages()
{
    const ScanResult found = load_index(*database_, index_, reporter_);
    if (!found.status.ok()) {
        const Damage damage{
            fmt::format("records of messages cannot be read: {}", found.status.ToString()), ""};
        return OpenError{OpenError::Kind::Damaged, describe({damage}, settings_.directory)};
    }
    const BodyFiles::Sweep sweep = this->sweep(found.headless);
    for (const BodyId& body : sweep.missing) {
        reporter_.error(
            "spool.body-missing",
            fmt::format("the body file {} of a queued message is missing", files_->path(body)));
    }
    return std::nullopt;
}

BodyFiles::Sweep RocksDbSpool::sweep(std::uint64_t headless)
{
    using Orphans = BodyFiles::Orphans;
    if (headless > 0) return files_->sweep(index_.file_bodies(), Orphans::Keep);
    if (keeps_bodies_ && aside_.empty()) {
        aside_ = folder_for_damage(settings_.directory, clock_.wall());
    }
    const Orphans orphans = aside_.empty() ? Orphans::Remove : Orphans::SetAside;
    const auto swept = files_->sweep(index_.file_bodies(), orphans, aside_ + "/bodies");
    if (swept.orphans > 0) {
        reporter_.info("spool.orphans-removed",
                       fmt::format("{} body files that no message needs were {}", swept.orphans,
                                   aside_.empty() ? "removed" : "moved to " + aside_));
    }
    return swept;
}

void RocksDbSpool::take_over_files(Submission& submission)
{
    for (const auto& message : submission.new_messages()) {
        if (message->body.in_file && files_->take_over(message->body.id)) {
            submission.files.push_back(message->body.id);
        }
    }
}

SpoolStatus RocksDbSpool::status() const
{
    SpoolStatus status;
    status.pressure = committer_->pressure();
    status.words = disk_.words();
    status.messages = committer_->messages();
    status.free_bytes = disk_.free_bytes();
    status.arriving_bytes = files_->arriving();
    status.commits = committer_->commits();
    status.committed_messages = committer_->committed_messages();
    return status;
}

void RocksDbSpool::shut()
{
    if (committer_) {
        committer_->close();
        // Where this fails, a part of the log that is cut off later may be taken for a torn end.
        log_.write_down().PermitUncheckedError();
    }
    pool_->stop();
    database_->close();
    lock_.reset();
}

}  // namespace

Result<std::unique_ptr<Spool>, OpenError> make_rocksdb_spool(const SpoolSettings& settings,
                                                             SpoolListener& listener,
                                                             const Clock& clock)
{
    const auto file_system =
        settings.file_system ? settings.file_system->file_system : rocksdb::FileSystem::Default();
    if (const auto made = make_private_directories(*file_system, settings.directory); !made.ok()) {
        return failure(
            unusable(fmt::format("cannot make {}: {}", settings.directory, made.ToString())));
    }
    auto lock = DirectoryLock::acquire(settings.directory);
    if (!lock) return failure(std::move(lock.error()));
    auto spool = std::make_unique<RocksDbSpool>(settings, *std::move(lock), listener, clock);
    if (auto failed = spool->open()) return failure(*std::move(failed));
    return spool;
}

std::optional<OpenError> find_opening_fault(const std::string& directory)
{
    std::error_code ignored;
    if (!std::filesystem::exists(directory, ignored)) return std::nullopt;
    // Asked, and let go of at once: a trial may take long, and a server may start meanwhile.
    const auto refused_lock = [&directory]() -> std::optional<OpenError> {
        auto lock = DirectoryLock::acquire_to_read(directory);
        return lock ? std::nullopt : std::optional{std::move(lock.error())};
    };
    if (const auto refused = refused_lock()) {
        if (refused->kind == OpenError::Kind::Locked) return std::nullopt;
        return refused;
    }
    const auto file_system = rocksdb::FileSystem::Default();
    auto facts = inspect_spool(file_system, directory);
    // What a start learns only when it opens the database.
    if (facts && facts->has_manifest && !facts->trial)
        facts->trial = try_database(directory + "/db", file_system);
    auto fault = facts ? refusal_of(decide_opening(*facts), directory)
                       : std::optional{unusable(facts.error())};
    if (fault && refused_lock()) return std::nullopt;  // what was read was being written
    return fault;
}

}  // namespace hermetic::spool
