#include "spool/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::spool {
namespace {

constexpr std::size_t kWriteBuffer = 16U << 20;
constexpr std::size_t kWriteBuffers = 3;
constexpr std::uint64_t kMaxWal = 128ULL << 20;
constexpr std::size_t kBlockCache = 32U << 20;

// RocksDB's own log, reduced to what an operator must hear. A replay tells only its log what it
// dropped, so the alarm is taken from there.
class StoreLog final : public rocksdb::Logger {
public:
    explicit StoreLog(Reporter& reporter)
        : rocksdb::Logger{rocksdb::InfoLogLevel::WARN_LEVEL}, reporter_{reporter}
    {
    }

    using rocksdb::Logger::Logv;
    void Logv(const char* format, std::va_list arguments) override
    {
        Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
    }
    void Logv(const rocksdb::InfoLogLevel level, const char* format,
              std::va_list arguments) override
    {
        if (level < rocksdb::InfoLogLevel::WARN_LEVEL) return;
        char text[600];
        if (std::vsnprintf(text, sizeof text, format, arguments) < 0) return;
        const std::string_view line{text};
        if (line.find("dropping") != std::string_view::npos) {
            reporter_.error(
                "spool.replay-dropped",
                "the replay of the write-ahead log left octets out: " + std::string{line});
        } else if (level >= rocksdb::InfoLogLevel::ERROR_LEVEL) {
            reporter_.error("spool.store-error", std::string{line});
        }
    }

private:
    Reporter& reporter_;
};

rocksdb::ColumnFamilyOptions column_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                            rocksdb::CompressionType compression,
                                            std::size_t write_buffer)
{
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = cache;
    table.block_size = 16U << 10;
    // Point reads of messages that are gone end at the filter; a million keys take 1.25 MiB.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;  // within the cache's bound
    table.format_version = 5;

    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.write_buffer_size = write_buffer;
    options.max_write_buffer_number = static_cast<int>(kWriteBuffers);
    options.target_file_size_base = 32U << 20;
    options.level_compaction_dynamic_level_bytes = true;
    options.compression = compression;
    // Keys are ordered by time: the next one belongs beside the last one.
    options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
    return options;
}

// Envelopes repeat themselves (names, protocols, hosts) and are read at every start: LZ4. Bodies
// that reach a table file are mostly base64, where LZ4 finds nothing.
std::vector<rocksdb::ColumnFamilyDescriptor> columns_of_a_spool(
    const std::shared_ptr<rocksdb::Cache>& cache, std::size_t write_buffer)
{
    const auto small =
        column_options(cache, rocksdb::CompressionType::kLZ4Compression, write_buffer);
    const auto plain =
        column_options(cache, rocksdb::CompressionType::kNoCompression, write_buffer);
    return {
        {rocksdb::kDefaultColumnFamilyName, small},
        {"envelope", small},
        {"body", plain},
        {"state", small},
    };
}

// Where RocksDB has nothing to say: it would write a log of its own into the directory.
class SilentLog final : public rocksdb::Logger {
public:
    using rocksdb::Logger::Logv;
    void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

}  // namespace

Database::Database(std::string path, std::shared_ptr<rocksdb::FileSystem> file_system,
                   Reporter& reporter, std::size_t write_buffer)
    : path_{std::move(path)},
      write_buffer_{write_buffer == 0 ? kWriteBuffer : write_buffer},
      file_system_{std::move(file_system)},
      env_{rocksdb::NewCompositeEnv(file_system_)},
      log_{std::make_shared<StoreLog>(reporter)},
      cache_{rocksdb::NewLRUCache(kBlockCache)}
{
    write_options_.sync = true;
    // A stall must not stop the commit thread: it answers for every core.
    write_options_.no_slowdown = true;
}

Database::~Database()
{
    close();
}

rocksdb::Options Database::options(Files files) const
{
    rocksdb::Options options;
    options.env = env_.get();
    options.info_log = log_;
    options.create_if_missing = files == Files::Make;
    options.create_missing_column_families = true;

    options.db_write_buffer_size = kWriteBuffers * write_buffer_;
    options.max_total_wal_size = kMaxWal;
    options.max_manifest_file_size = 16U << 20;
    options.max_open_files = 256;
    options.max_background_jobs = 2;

    // Replays up to the first damage and no further. After a crash the last, unsynced group ends in
    // the middle of a record; every other damage was found before (opening.h).
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.track_and_verify_wals_in_manifest = true;
    options.unordered_write = false;
    options.manual_wal_flush = false;
    options.avoid_flush_during_recovery = false;  // what a replay read is written anew, and synced
    // The commit thread closes and reopens after an error; RocksDB must not try behind its back.
    options.max_bgerror_resume_count = 0;

    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.skip_stats_update_on_db_open = true;
    return options;
}

rocksdb::Status Database::open(Files files)
{
    const rocksdb::Options all = options(files);
    const auto descriptors = columns_of_a_spool(cache_, write_buffer_);
    const std::unique_lock lock{opening_};
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::Status status =
        rocksdb::DB::Open(rocksdb::DBOptions{all}, path_, descriptors, &handles, &db);
    if (!status.ok()) return status;
    db_.reset(db);
    std::copy(handles.begin(), handles.end(), columns_.begin());
    return status;
}

void Database::close()
{
    const std::unique_lock lock{opening_};
    if (!db_) return;
    for (rocksdb::ColumnFamilyHandle*& column : columns_) {
        // Fails only for handles that are not the database's.
        db_->DestroyColumnFamilyHandle(column).PermitUncheckedError();
        column = nullptr;
    }
    // Everything acknowledged has been synced, so a failing close takes nothing along.
    db_->Close().PermitUncheckedError();
    db_.reset();
}

rocksdb::Status Database::write(rocksdb::WriteBatch& batch)
{
    return db_->Write(write_options_, &batch);
}

LogPoint Database::log_point() const
{
    LogPoint point;
    std::unique_ptr<rocksdb::LogFile> file;
    if (db_->GetCurrentWalFile(&file).ok() && file) point.log = file->LogNumber();
    point.sequence = db_->GetLatestSequenceNumber();
    return point;
}

bool is_no_space(const rocksdb::Status& status)
{
    return status.IsNoSpace() || status.ToString().find("No space left") != std::string::npos;
}

Trial try_database(const std::string& path, const std::shared_ptr<rocksdb::FileSystem>& file_system)
{
    const auto env = rocksdb::NewCompositeEnv(file_system);
    rocksdb::DBOptions options;
    options.env = env.get();
    options.info_log = std::make_shared<SilentLog>();
    options.max_open_files = 256;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    // As the spool's own: without it a list of tables that names logs ends the process (RocksDB
    // wants to forget them, which a database opened for reading cannot).
    options.track_and_verify_wals_in_manifest = true;
    const auto columns = columns_of_a_spool(rocksdb::NewLRUCache(kBlockCache), kWriteBuffer);
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const auto status = rocksdb::DB::OpenForReadOnly(options, path, columns, &handles, &opened);
    if (!status.ok()) return {status.ToString(), 0};
    const std::unique_ptr<rocksdb::DB> database{opened};
    Trial trial;
    if (!database->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep,
                                  &trial.oldest_log)) {
        trial.oldest_log = 0;
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
        database->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    }
    return trial;
}

rocksdb::DBOptions salvage_options()
{
    rocksdb::DBOptions options;
    options.info_log = std::make_shared<SilentLog>();
    options.create_missing_column_families = true;
    options.max_open_files = 256;
    options.max_manifest_file_size = 16U << 20;
    return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> salvage_columns()
{
    auto columns = columns_of_a_spool(rocksdb::NewLRUCache(kBlockCache), kWriteBuffer);
    for (rocksdb::ColumnFamilyDescriptor& column : columns) {
        column.options.disable_auto_compactions = true;
    }
    return columns;
}

rocksdb::Status Database::Reader::get(Column column, std::string_view key, std::string& value) const
{
    return database_.db_->Get(rocksdb::ReadOptions{}, database_.column(column), to_slice(key),
                              &value);
}

std::unique_ptr<rocksdb::Iterator> Database::Reader::scan(Column column) const
{
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 2U << 20;
    return std::unique_ptr<rocksdb::Iterator>{
        database_.db_->NewIterator(options, database_.column(column))};
}

}  // namespace hermetic::spool
