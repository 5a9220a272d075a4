#include "evidence/segment.h"

#include "evidence/octets.h"

#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace evidence_bench {
namespace {

// With the database's name before each table.
constexpr const char* kTables[][2] = {
    {"name", "(first INTEGER PRIMARY KEY, octets BLOB NOT NULL)"},
    {"content", "(first INTEGER PRIMARY KEY, octets BLOB NOT NULL)"},
    {"event", "(first INTEGER PRIMARY KEY, octets BLOB NOT NULL)"},
    {"key", "(key INTEGER, value INTEGER, PRIMARY KEY(key, value)) WITHOUT ROWID"},
    {"run", "(number INTEGER PRIMARY KEY, level INTEGER NOT NULL, keys BLOB NOT NULL)"},
    {"posting", "(id INTEGER PRIMARY KEY, keys BLOB NOT NULL)"},
    {"hour",
     "(hour, partner, organization, connector, direction, version, cipher, groups, level, "
     "verified, result, count, octets, PRIMARY KEY(hour, partner, organization, connector, "
     "direction, version, cipher, groups, level, verified, result)) WITHOUT ROWID"},
    {"day",
     "(day, partner, organization, connector, direction, version, cipher, groups, level, "
     "verified, result, count, octets, PRIMARY KEY(day, partner, organization, connector, "
     "direction, version, cipher, groups, level, verified, result)) WITHOUT ROWID"},
    {"client",
     "(day, client, organization, helo, domain, version, cipher, count, octets, PRIMARY KEY(day, "
     "client, organization, helo, domain, version, cipher)) WITHOUT ROWID"},
    {"decision",
     "(hour, inputs, evidence, count, octets, PRIMARY KEY(hour, inputs, evidence)) WITHOUT ROWID"},
};

void make_tables(Database& database, const std::string& schema)
{
    for (const auto& [name, columns] : kTables)
        database.run("CREATE TABLE IF NOT EXISTS " + schema + "." + name + columns);
}

std::unique_ptr<Index> make_index(Database& database, const Design& design)
{
    switch (design.keys) {
    case Keys::Tree:
        return make_tree_index(database, Order::AsTheyCome);
    case Keys::SortedTree:
        return make_tree_index(database, Order::Sorted);
    case Keys::Runs:
        return make_run_index(database);
    case Keys::Blocks:
        break;
    }
    return make_block_index(database, design.block);
}

void sync_file(const std::string& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ::fdatasync(file);
    ::close(file);
}

}  // namespace

Segment::Segment(std::string path, const Design& design) : path_{std::move(path)}, design_{design}
{
    open(Use::Written);
}

void Segment::open(Use use)
{
    use_ = use;
    database_ = std::make_unique<Database>(path_, use, design_.page_size);
    if (use == Use::Written) {
        database_->run("PRAGMA synchronous=" + design_.synchronous);
        make_tables(*database_, "main");
    }
    names_ = std::make_unique<Dictionary>(*database_);
    contents_ = std::make_unique<Contents>(*database_);
    coder_ = std::make_unique<Coder>(*names_, *contents_, design_.texts);
    rows_ = make_numbered(*database_, "event", design_.rows_of_page);
    index_ = make_index(*database_, design_);
    rollups_ = std::make_unique<Rollups>(*database_, *names_, *contents_, design_.hours);
}

void Segment::close()
{
    rollups_.reset();
    index_.reset();
    rows_.reset();
    coder_.reset();
    contents_.reset();
    names_.reset();
    database_.reset();
}

void Segment::begin()
{
    database_->run("BEGIN");
}

void Segment::add(const Event& event)
{
    if (const auto* message = std::get_if<std::shared_ptr<const Message>>(&event)) {
        add_message(*message);
        rollups_->add(**message);
    } else if (const auto* attempt = std::get_if<Attempt>(&event)) {
        add_attempt(*attempt);
        rollups_->add(*attempt);
    } else if (const auto* end = std::get_if<SessionEnd>(&event)) {
        add_session(*end);
        rollups_->add(*end);
    }
}

void Segment::add_message(const std::shared_ptr<const Message>& message)
{
    const std::uint32_t item = next_item_++;
    unfinished_.emplace(message.get(), item);
    put(coder_->encode(*message, item), keys_of(*message), item);
}

void Segment::add_attempt(const Attempt& attempt)
{
    auto found = unfinished_.find(attempt.message.get());
    if (found == unfinished_.end()) {
        // Received in an earlier segment: its row and keys are repeated here, once.
        add_message(attempt.message);
        found = unfinished_.find(attempt.message.get());
    }
    put(coder_->encode(attempt, found->second), keys_of(attempt), found->second);
    if (attempt.last) unfinished_.erase(found);
}

void Segment::add_session(const SessionEnd& end)
{
    const std::uint32_t item = next_item_++;
    put(coder_->encode(end, item), keys_of(end), item);
}

void Segment::put(const std::string& row, const std::vector<std::uint64_t>& keys,
                  std::uint32_t item)
{
    rows_->add(row);
    for (const std::uint64_t key : keys) index_->add(key, item);
    index_->add(kItemKey | item, next_row_++);
}

void Segment::commit()
{
    rows_->flush();
    if (index_->flush() == Index::Kept::All) rollups_->flush();
    names_->flush();
    contents_->flush();
    database_->run("COMMIT");
}

void Segment::seal()
{
    const std::string sealed = path_ + ".new";
    database_->run("ATTACH 'file:" + sealed + "' AS sealed");
    database_->run("PRAGMA sealed.page_size=" + std::to_string(design_.page_size));
    database_->run("PRAGMA sealed.journal_mode=OFF");
    database_->run("PRAGMA sealed.synchronous=OFF");  // synced as a whole before it has its name
    begin();
    make_tables(*database_, "sealed");
    rollups_->flush();
    names_->flush();
    index_->seal();
    for (const char* table : {"name", "content", "event", "hour", "day", "client", "decision"})
        database_->run(std::string{"INSERT INTO sealed."} + table + " SELECT * FROM main." + table);
    database_->run("COMMIT");
    sync_file(sealed);
    close();
    unfinished_.clear();
    std::filesystem::rename(sealed, path_);
    open(Use::Sealed);
}

std::size_t Segment::scan(const std::function<bool()>& enough)
{
    std::size_t rows = 0;
    for (std::uint32_t row = next_row_; row > 0 && !enough(); ++rows)
        (void)coder_->describe(rows_->read(--row));
    return rows;
}

std::string Segment::read(std::uint32_t item)
{
    std::string texts;
    for (const std::uint32_t row : index_->find(kItemKey | item))
        texts += coder_->describe(rows_->read(row));
    return texts;
}

std::uint64_t Segment::octets() const
{
    std::error_code none;
    const auto log = std::filesystem::file_size(path_ + "-wal", none);
    return std::filesystem::file_size(path_) + (none ? 0 : log);
}

void Segment::evict()
{
    if (use_ == Use::Written) return;
    close();
    open(Use::Sealed);
    sqlite3_db_release_memory(database_->get());
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

}  // namespace evidence_bench
