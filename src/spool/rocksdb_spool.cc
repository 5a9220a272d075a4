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
#include "spool/io_pool.h"
#include "spool/record.h"
#include "spool/scan.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::size_t kIoThreads = 2;
constexpr std::uint64_t kFormat = 1;
constexpr std::string_view kFormatKey = "format";

OpenError unusable(std::string words)
{
    return {OpenError::Kind::Unusable, std::move(words)};
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
          files_{std::make_shared<BodyFiles>(settings.directory + "/bodies", file_system_, pool_)},
          database_{std::make_shared<Database>(
              settings.directory + "/db", file_system_, reporter_,
              settings.file_system ? settings.file_system->write_buffer : 0)},
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
        pool_->run([database = database_, id, &done] {
            load_message(*database, id, done);
            done.port.post({&done});
        });
    }

    std::unique_ptr<BodyWriter> write_body(BodyId id) override { return files_->write(id); }

    std::unique_ptr<BodyReader> open_body(const Body& body) override
    {
        if (body.in_file) return files_->read(body);
        return read_inline_body(database_, pool_, body);
    }

    std::size_t body_file_threshold() const override
    {
        return static_cast<std::size_t>(settings_.body_file_threshold);
    }

    Pressure pressure() const override { return committer_->pressure(); }
    SpoolStatus status() const override;
    void close() override { shut(); }

private:
    [[nodiscard]] std::optional<OpenError> open_database();
    [[nodiscard]] std::optional<OpenError> check_format();
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
    DiskWatch disk_;
    SpoolListener& listener_;
    const Clock& clock_;
    std::uint64_t epoch_;

    std::mutex index_mutex_;
    MessageIndex index_;
    std::unique_ptr<Committer> committer_;
};

std::optional<OpenError> RocksDbSpool::open()
{
    if (auto error = open_database()) return error;
    if (auto error = check_format()) return error;
    if (const auto status = files_->prepare(); !status.ok()) {
        return unusable(
            fmt::format("cannot make {}/bodies: {}", settings_.directory, status.ToString()));
    }
    // db/ and bodies/ themselves: nothing that is synced in them outlives them.
    if (const auto status = sync_directory(*file_system_, settings_.directory); !status.ok()) {
        return unusable(fmt::format("cannot sync {}: {}", settings_.directory, status.ToString()));
    }
    if (auto error = read_messages()) return error;
    committer_ =
        std::make_unique<Committer>(Committer::Parts{*database_, index_, index_mutex_, files_,
                                                     disk_, listener_, clock_, reporter_},
                                    settings_, epoch_);
    committer_->start();
    return std::nullopt;
}

std::optional<OpenError> RocksDbSpool::open_database()
{
    // Made here, since RocksDB reports an absent directory as an error before it makes one.
    rocksdb::Status status = file_system_->CreateDirIfMissing(settings_.directory + "/db",
                                                              rocksdb::IOOptions{}, nullptr);
    if (status.ok()) status = database_->open();
    if (status.ok()) return std::nullopt;
    const std::string words =
        fmt::format("cannot open {}/db: {}", settings_.directory, status.ToString());
    if (!status.IsCorruption()) return unusable(words);
    return OpenError{OpenError::Kind::Damaged,
                     words +
                         ". Nothing was changed: keep a copy of the directory before anything "
                         "is repaired in it"};
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
    if (read.ok() && (!format || *format > kFormat)) {
        return OpenError{
            OpenError::Kind::Newer,
            fmt::format("the spool {} has format {}, written by a newer version; this one knows {}",
                        settings_.directory, printable_ascii(found), kFormat)};
    }
    rocksdb::WriteBatch batch;
    rocksdb::Status status;
    if (read.IsNotFound()) {
        status = batch.Put(database_->column(Column::Format), to_slice(kFormatKey),
                           to_slice(std::to_string(kFormat)));
    }
    if (status.ok()) {
        status = batch.Put(database_->column(Column::Format), "opened",
                           to_slice(format_rfc3339(clock_.wall())));
    }
    if (status.ok()) status = database_->write(batch);
    if (status.ok()) return std::nullopt;
    return unusable(
        fmt::format("cannot write to {}/db: {}", settings_.directory, status.ToString()));
}

std::optional<OpenError> RocksDbSpool::read_messages()
{
    const ScanResult found = load_index(*database_, index_, reporter_);
    if (!found.status.ok()) {
        return OpenError{OpenError::Kind::Damaged,
                         fmt::format("cannot read the messages in {}/db: {}", settings_.directory,
                                     found.status.ToString())};
    }
    const auto orphans =
        found.headless == 0 ? BodyFiles::Orphans::Remove : BodyFiles::Orphans::Keep;
    const BodyFiles::Sweep sweep = files_->sweep(index_.file_bodies(), orphans);
    if (sweep.removed > 0) {
        reporter_.info(
            "spool.orphans-removed",
            fmt::format("{} body files that no message needs were removed", sweep.removed));
    }
    for (const BodyId& body : sweep.missing) {
        reporter_.error(
            "spool.body-missing",
            fmt::format("the body file {} of a queued message is not there", files_->path(body)));
    }
    return std::nullopt;
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
    status.commits = committer_->commits();
    status.committed_messages = committer_->committed_messages();
    return status;
}

void RocksDbSpool::shut()
{
    if (committer_) committer_->close();
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

}  // namespace hermetic::spool
