#include "spool/damaged_store.h"

#include "spool/inspection.h"
#include "spool/log_octets.h"
#include "spool/skipping_scan.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLengthOfKey = 16;

// The whole records of a log, as a log.
std::string sound_part(std::string_view octets)
{
    LogWriter writer;
    std::string sound;
    (void)read_log(octets, [&](std::string_view batch) { sound += writer.append(batch); });
    return sound;
}

// Into the work folder. Empty where it went well. A list of tables that the disk does not hand out
// whole is left out: a part of one would be taken for all of it.
std::string copy_to_work(const fs::path& source, const fs::path& work)
{
    rocksdb::FileSystem& file_system = *rocksdb::FileSystem::Default();
    auto found = read_readable(file_system, source.string());
    if (!found) return std::move(found.error());
    const bool is_log = source.extension() == ".log";
    if (!is_log && !found->error.empty()) return {};
    const auto written = write_file(file_system, work.string(), source.filename().string(),
                                    is_log ? sound_part(found->octets) : found->octets);
    return written.ok() ? std::string{}
                        : fmt::format("cannot write {}: {}", (work / source.filename()).string(),
                                      written.ToString());
}

// Empty where it went well.
std::string fill_work(const std::string& spool, const fs::path& work)
{
    std::error_code error;
    fs::create_directories(work, error);
    if (error) return fmt::format("cannot make {}: {}", work.string(), error.message());
    const fs::path source = fs::absolute(fs::path{spool} / "db", error);
    for (fs::directory_iterator entry{source, error}, end; !error && entry != end;
         entry.increment(error)) {
        if (!entry->is_regular_file(error)) continue;
        const fs::path name = entry->path().filename();
        if (name.extension() == ".sst") {
            fs::create_symlink(entry->path(), work / name, error);
        } else if (name.extension() == ".log" || name.string().starts_with("MANIFEST-") ||
                   name == "CURRENT") {
            auto failed = copy_to_work(entry->path(), work);
            if (!failed.empty()) return failed;
        }
    }
    return error && fs::exists(source)
               ? fmt::format("cannot copy {}: {}", source.string(), error.message())
               : std::string{};
}

// Applies batches to columns by their numbers, which are those of every spool: a removal is one of
// whatever is there, since an entry may be in a table and in the log.
class Applier final : public rocksdb::WriteBatch::Handler {
public:
    Applier(rocksdb::DB& database,
            const std::array<rocksdb::ColumnFamilyHandle*, kColumns>& columns)
        : database_{database}, columns_{columns}
    {
    }

    rocksdb::Status PutCF(std::uint32_t column, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override
    {
        if (column >= kColumns) return rocksdb::Status::OK();
        return database_.Put({}, columns_[column], key, value);
    }
    rocksdb::Status DeleteCF(std::uint32_t column, const rocksdb::Slice& key) override
    {
        if (column >= kColumns) return rocksdb::Status::OK();
        return database_.Delete({}, columns_[column], key);
    }
    rocksdb::Status SingleDeleteCF(std::uint32_t column, const rocksdb::Slice& key) override
    {
        return DeleteCF(column, key);
    }
    void LogData(const rocksdb::Slice& /*blob*/) override {}

private:
    rocksdb::DB& database_;
    const std::array<rocksdb::ColumnFamilyHandle*, kColumns>& columns_;
};

// Nothing is written through a link to a table of the spool, whatever number RocksDB chooses.
class OwnFiles final : public rocksdb::FileSystemWrapper {
public:
    OwnFiles() : rocksdb::FileSystemWrapper{rocksdb::FileSystem::Default()} {}
    static const char* kClassName() { return "HermeticOwnFiles"; }
    const char* Name() const override { return kClassName(); }

    rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override
    {
        break_link(path);
        return FileSystemWrapper::NewWritableFile(path, options, file, debug);
    }
    rocksdb::IOStatus ReopenWritableFile(const std::string& path,
                                         const rocksdb::FileOptions& options,
                                         std::unique_ptr<rocksdb::FSWritableFile>* file,
                                         rocksdb::IODebugContext* debug) override
    {
        break_link(path);
        return FileSystemWrapper::ReopenWritableFile(path, options, file, debug);
    }

private:
    static void break_link(const std::string& path)
    {
        std::error_code error;
        if (fs::is_symlink(path, error)) fs::remove(path, error);
    }
};

}  // namespace

DamagedStore::DamagedStore(std::string work)
    : work_{std::move(work)}, env_{rocksdb::NewCompositeEnv(std::make_shared<OwnFiles>())}
{
}

Result<std::unique_ptr<DamagedStore>, std::string> DamagedStore::open(const std::string& spool,
                                                                      const std::string& work)
{
    std::unique_ptr<DamagedStore> store{new DamagedStore{work + "/db"}};
    if (auto error = fill_work(spool, store->work_); !error.empty()) {
        return failure(std::move(error));
    }
    rocksdb::Status status = store->open_work(Database::Files::Existing);
    if (!status.ok()) status = store->rebuild(spool);
    if (!status.ok()) {
        return failure(fmt::format("nothing of {}/db can be read: {}", spool, status.ToString()));
    }
    return store;
}

DamagedStore::~DamagedStore()
{
    close();
}

rocksdb::DBOptions DamagedStore::options() const
{
    rocksdb::DBOptions options = salvage_options();
    options.env = env_.get();
    return options;
}

rocksdb::Status DamagedStore::open_work(Database::Files files)
{
    rocksdb::DBOptions with = options();
    with.create_if_missing = files == Database::Files::Make;
    rocksdb::DB* database = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    const auto status = rocksdb::DB::Open(with, work_, salvage_columns(), &handles, &database);
    if (!status.ok()) return status;
    database_.reset(database);
    std::ranges::copy(handles, columns_.begin());
    return status;
}

void DamagedStore::close()
{
    if (!database_) return;
    for (rocksdb::ColumnFamilyHandle*& column : columns_) {
        database_->DestroyColumnFamilyHandle(column).PermitUncheckedError();
        column = nullptr;
    }
    database_->Close().PermitUncheckedError();
    database_.reset();
}

// RocksDB's repair knows the columns by their tables, but those of the log only by number.
rocksdb::Status DamagedStore::rebuild(const std::string& spool)
{
    std::error_code error;
    bool has_tables = false;
    for (const auto& entry : fs::directory_iterator{work_, error}) {
        has_tables = has_tables || entry.path().extension() == ".sst";
        if (entry.path().extension() == ".log") fs::remove(entry.path(), error);
    }
    losses_.push_back("the list of the tables: it was rebuilt from the readable tables");
    if (has_tables) {
        const auto repaired = rocksdb::RepairDB(work_, options(), salvage_columns());
        if (!repaired.ok()) return repaired;
    } else {
        fs::remove(fs::path{work_} / "CURRENT", error);
    }
    rocksdb::Status status = open_work(Database::Files::Make);
    if (!status.ok()) return status;
    add_lost_tables();
    return apply_logs(spool);
}

rocksdb::Status DamagedStore::apply_logs(const std::string& spool)
{
    rocksdb::Status status;
    Applier applier{*database_, columns_};
    for (const FoundLog& log : find_logs(*rocksdb::FileSystem::Default(), spool)) {
        const auto found = read_readable(*rocksdb::FileSystem::Default(), log.path);
        if (!found) return rocksdb::Status::IOError(found.error());
        (void)read_log(found->octets, [&](std::string_view octets) {
            const rocksdb::WriteBatch batch{std::string{octets}};
            const auto applied = batch.Iterate(&applier);
            if (status.ok()) status = applied;
        });
    }
    for (rocksdb::ColumnFamilyHandle* column : columns_) {
        if (status.ok()) status = database_->Flush({}, column);
    }
    return status;
}

// Those that RocksDB's repair has moved to lost/.
void DamagedStore::add_lost_tables()
{
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{fs::path{work_} / "lost", error}) {
        if (entry.path().extension() == ".sst") add_table(entry.path().string());
    }
}

void DamagedStore::add_table(const std::string& path)
{
    const std::string name = fs::path{path}.filename().string();
    rocksdb::SstFileReader reader{rocksdb::Options{}};
    if (const auto status = reader.Open(path); !status.ok()) {
        losses_.push_back(fmt::format("table {}: {}", name, status.ToString()));
        return;
    }
    const auto descriptors = salvage_columns();
    const auto at = std::ranges::find(descriptors, reader.GetTableProperties()->column_family_name,
                                      &rocksdb::ColumnFamilyDescriptor::name);
    // What the first holds of it is not needed: no mail.
    if (at == descriptors.end() || at == descriptors.begin()) return;
    rocksdb::ColumnFamilyHandle* column =
        columns_[static_cast<std::size_t>(at - descriptors.begin())];
    std::unique_ptr<rocksdb::Iterator> entry{reader.NewIterator({})};
    entry->SeekToFirst();
    std::string last(kLengthOfKey, '\0');
    while (entry) {
        for (; entry->Valid(); entry->Next()) {
            last = entry->key().ToString();
            add_missing(column, entry->key(), entry->value());
        }
        if (entry->status().ok()) return;
        losses_.push_back(fmt::format("a block of table {}: {}", name, entry->status().ToString()));
        if (last.size() != kLengthOfKey) return;
        entry = seek_past_damage(reader, last);
    }
}

// Rather twice than never: that it is not there may mean that it was removed.
void DamagedStore::add_missing(rocksdb::ColumnFamilyHandle* column, const rocksdb::Slice& key,
                               const rocksdb::Slice& value)
{
    std::string newer;
    if (!database_->Get({}, column, key, &newer).IsNotFound()) return;
    database_->Put({}, column, key, value).PermitUncheckedError();
}

rocksdb::Status DamagedStore::get(Column which, std::string_view key, std::string& value) const
{
    return database_->Get({}, column(which), to_slice(key), &value);
}

}  // namespace hermetic::spool
