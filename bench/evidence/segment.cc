#include "evidence/segment.h"

#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <unistd.h>
#include <utility>

namespace evidence_bench {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS dictionary(number INTEGER PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS message(row INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS key(hash INTEGER, row INTEGER, PRIMARY KEY(hash, row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run(number INTEGER PRIMARY KEY, level INTEGER NOT NULL,
                               keys BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS posting(first INTEGER PRIMARY KEY, keys BLOB NOT NULL);
)";

bool is_packed(Design design)
{
    return design == Design::PackedTree || design == Design::PackedRuns;
}

std::unique_ptr<Index> make_index(Database& database, Design design)
{
    switch (design) {
    case Design::Tree:
        return make_tree_index(database, Order::AsTheyCome);
    case Design::SortedTree:
    case Design::PackedTree:
        return make_tree_index(database, Order::Sorted);
    case Design::Runs:
    case Design::PackedRuns:
        break;
    }
    return make_run_index(database);
}

}  // namespace

Segment::Segment(std::string path, Design design) : path_{std::move(path)}, design_{design}
{
    open();
}

void Segment::open()
{
    database_ = std::make_unique<Database>(path_);
    database_->run(kSchema);
    dictionary_ = std::make_unique<Dictionary>(*database_);
    rows_ = is_packed(design_) ? make_packed_rows(*database_) : make_plain_rows(*database_);
    index_ = make_index(*database_, design_);
}

void Segment::begin()
{
    database_->run("BEGIN");
}

void Segment::add(const Message& message)
{
    rows_->add(next_, make_record(message, *dictionary_));
    index_->add(keys_of(message), next_);
    ++next_;
}

void Segment::commit()
{
    rows_->flush();
    index_->flush();
    database_->run("COMMIT");
}

void Segment::seal()
{
    begin();
    rows_->seal();
    index_->seal();
    database_->run("COMMIT");
    const std::string sealed = path_ + ".sealed";
    database_->run("VACUUM INTO '" + sealed + "'");
    index_.reset();
    rows_.reset();
    dictionary_.reset();
    database_.reset();
    std::filesystem::rename(sealed, path_);
    open();
}

std::uint64_t Segment::octets() const
{
    std::error_code none;
    const auto log = std::filesystem::file_size(path_ + "-wal", none);
    return std::filesystem::file_size(path_) + (none ? 0 : log);
}

void Segment::evict()
{
    sqlite3_db_release_memory(database_->get());
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

}  // namespace evidence_bench
