#include "directory/store.h"

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace hermetic::directory {
namespace {

constexpr std::int64_t kApplicationId = 0x48724469;  // "HrDi", so that file(1) and we know it
constexpr std::int64_t kFormat = 1;                  // user_version

constexpr const char* kOtherFile =
    "a file from a backup, or none: then `hermetic apply FILE` (or organization_file) fills a new "
    "one";

constexpr const char* kTables = R"(
CREATE TABLE objects(
  kind TEXT NOT NULL, organization TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, text TEXT NOT NULL,
  changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL,
  PRIMARY KEY(kind, organization, name)) STRICT, WITHOUT ROWID;
CREATE TABLE revisions(
  number INTEGER PRIMARY KEY, changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL) STRICT;
CREATE TABLE changes(
  revision INTEGER NOT NULL REFERENCES revisions(number),
  kind TEXT NOT NULL, organization TEXT NOT NULL, name TEXT NOT NULL,
  version INTEGER NOT NULL, before TEXT, after TEXT,
  PRIMARY KEY(kind, organization, name, version)) STRICT, WITHOUT ROWID;
CREATE INDEX changes_by_revision ON changes(revision);
PRAGMA application_id=1215448169;
PRAGMA user_version=1;
)";

WallTime time_of(std::int64_t milliseconds)
{
    return WallTime{std::chrono::milliseconds{milliseconds}};
}

std::int64_t milliseconds_of(WallTime time)
{
    return time.time_since_epoch().count();
}

std::optional<std::string> maybe(const std::string& text)
{
    if (text.empty()) return std::nullopt;
    return text;
}

Statement& bind(Statement& statement, const ObjectKey& key)
{
    return statement.bind(key.kind).bind(key.organization).bind(key.name);
}

// SQLite takes an empty file for a new database, and removes the log beside it; but none of ours is
// ever empty.
bool is_emptied(const std::string& path)
{
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_size == 0;
}

// Two servers on one folder would each keep what the other does not know. -1 with words.
int take_lock(const std::string& path, std::string& words)
{
    const std::string file = path + ".lock";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        words = fmt::format("{}: {}", file, std::strerror(errno));
        return -1;
    }
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
    words = path + ": in use by another process; expected: a data_directory for each server";
    ::close(lock);
    return -1;
}

std::int64_t single_number(Connection& connection, std::string_view sql)
{
    Statement statement{connection, sql};
    return statement.next() ? statement.number(0) : -1;
}

}  // namespace

Store::Store(std::string path, Connection connection, int lock)
    : path_{std::move(path)}, connection_{std::move(connection)}, lock_{lock}
{
}

Store::~Store()
{
    if (lock_ >= 0) ::close(lock_);
}

std::string Store::broken() const
{
    const char* expected = connection_.is_corrupt()
                               ? kOtherFile
                               : "a disk that has room, and a file that this user may write";
    return fmt::format("{}: {}; expected: {}", path_, connection_.error(), expected);
}

Result<std::unique_ptr<Store>, std::string> Store::open(const std::string& path, Access access)
{
    int lock = -1;
    if (access == Access::ReadWrite) {
        std::string words;
        lock = take_lock(path, words);
        if (lock < 0) return failure(std::move(words));
    }
    if (is_emptied(path)) {
        if (lock >= 0) ::close(lock);
        return failure(fmt::format("{}: it is empty; expected: {}", path, kOtherFile));
    }
    auto connection = Connection::open(path, access);
    if (!connection) {
        if (lock >= 0) ::close(lock);
        return failure(path + ": " + connection.error());
    }
    std::unique_ptr<Store> store{new Store{path, *std::move(connection), lock}};
    if (access == Access::ReadWrite) {
        // The journal mode first: it reads the file's head, and says where that is none.
        if (!store->connection_.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                    "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;")) {
            return failure(store->broken());
        }
        if (auto made = store->make_tables(); !made) return failure(made.error());
    }
    if (auto checked = store->check_file(); !checked) return failure(checked.error());
    return store;
}

Result<void, std::string> Store::make_tables()
{
    const auto tables = single_number(connection_, "SELECT count(*) FROM sqlite_schema");
    if (tables < 0) return failure(broken());
    if (tables > 0) return {};
    auto transaction = begin();
    if (!transaction) return failure(transaction.error());
    if (!connection_.run(kTables)) return failure(broken());
    return transaction->commit();
}

Result<void, std::string> Store::check_file()
{
    const auto id = single_number(connection_, "PRAGMA application_id");
    const auto format = single_number(connection_, "PRAGMA user_version");
    if (id < 0 || format < 0) return failure(broken());
    if (id != kApplicationId) {
        return failure(path_ +
                       ": this SQLite file is not a directory of Hermetic; expected: another "
                       "data_directory, or this file elsewhere");
    }
    if (format != kFormat) {
        return failure(fmt::format(
            "{}: it was made by a newer version (format {}, this one knows {}); expected: that "
            "version",
            path_, format, kFormat));
    }
    // Every page and every index: objects that read wrongly would be policy that is wrong.
    Statement check{connection_, "PRAGMA integrity_check(1)"};
    if (!check.next()) return failure(broken());
    if (check.text(0) != "ok") {
        return failure(
            fmt::format("{}: it is corrupt ({}); expected: {}", path_, check.text(0), kOtherFile));
    }
    return {};
}

Store::Transaction::Transaction(Transaction&& other) noexcept
    : store_{std::exchange(other.store_, nullptr)}
{
}

Store::Transaction::~Transaction()
{
    // What fails here has been rolled back by SQLite itself.
    if (store_ != nullptr) (void)store_->connection_.run("ROLLBACK");
}

Result<void, std::string> Store::Transaction::commit()
{
    if (!store_->connection_.run("COMMIT")) return failure(store_->broken());
    store_ = nullptr;
    return {};
}

Result<Store::Transaction, std::string> Store::begin()
{
    if (!connection_.run("BEGIN IMMEDIATE")) return failure(broken());
    return Transaction{*this};
}

Result<std::vector<StoredObject>, std::string> Store::read()
{
    std::vector<StoredObject> stored;
    Statement rows{connection_,
                   "SELECT kind, organization, name, version, text, changed_by, changed_at "
                   "FROM objects ORDER BY kind, organization, name"};
    while (rows.next()) {
        stored.push_back(
            {{rows.text(0), rows.text(1), rows.text(2)},
             rows.text(4),
             {static_cast<std::uint64_t>(rows.number(3)), rows.text(5), time_of(rows.number(6))}});
    }
    if (rows.failed()) return failure(broken());
    return stored;
}

Result<Revision, std::string> Store::revision()
{
    Statement row{connection_,
                  "SELECT number, changed_by, changed_at FROM revisions "
                  "ORDER BY number DESC LIMIT 1"};
    Revision revision;
    if (row.next()) {
        revision = {static_cast<std::uint64_t>(row.number(0)), row.text(1), time_of(row.number(2))};
    }
    if (row.failed()) return failure(broken());
    return revision;
}

Result<Revision, std::string> Store::write(const Changes& changes, const std::string& by,
                                           WallTime at)
{
    auto revision = revision_after(by, at);
    if (!revision) return revision;
    const auto number = static_cast<std::int64_t>(revision->number);
    Statement last{connection_,
                   "SELECT coalesce(max(version), 0) FROM changes "
                   "WHERE kind = ? AND organization = ? AND name = ?"};
    Statement record{connection_, "INSERT INTO changes VALUES(?, ?, ?, ?, ?, ?, ?)"};
    Statement put{connection_, "INSERT OR REPLACE INTO objects VALUES(?, ?, ?, ?, ?, ?, ?)"};
    Statement drop{connection_,
                   "DELETE FROM objects WHERE kind = ? AND organization = ? AND name = ?"};
    for (const ObjectChange& each : changes) {
        if (!bind(last, each.key).next()) return failure(broken());
        const std::int64_t version = last.number(0) + 1;
        bool done = last.finish();
        bind(record.bind(number), each.key).bind(version);
        done = done && record.bind_maybe(maybe(each.before)).bind_maybe(maybe(each.after)).finish();
        if (each.kind == ChangeKind::Removed) {
            done = done && bind(drop, each.key).finish();
        } else {
            bind(put, each.key).bind(version).bind(each.after).bind(by);
            done = done && put.bind(milliseconds_of(at)).finish();
        }
        if (!done) return failure(broken());
    }
    return revision;
}

Result<Revision, std::string> Store::revision_after(const std::string& by, WallTime at)
{
    const auto before = revision();
    if (!before) return failure(before.error());
    Revision next{before->number + 1, by, at};
    Statement insert{connection_, "INSERT INTO revisions VALUES(?, ?, ?)"};
    insert.bind(static_cast<std::int64_t>(next.number)).bind(by).bind(milliseconds_of(at));
    if (!insert.finish()) return failure(broken());
    return next;
}

Result<Objects, std::string> Store::objects_at(std::uint64_t revision)
{
    // Each object's last change until then.
    Statement rows{connection_,
                   "SELECT kind, organization, name, after FROM changes AS each "
                   "WHERE after IS NOT NULL AND version = ("
                   "SELECT max(version) FROM changes WHERE kind = each.kind AND "
                   "organization = each.organization AND name = each.name AND revision <= ?)"};
    rows.bind(static_cast<std::int64_t>(revision));
    Objects objects;
    while (rows.next())
        objects.emplace(ObjectKey{rows.text(0), rows.text(1), rows.text(2)}, rows.text(3));
    if (rows.failed()) return failure(broken());
    return objects;
}

Result<std::vector<HistoryEntry>, std::string> Store::history(const std::optional<ObjectKey>& key,
                                                              std::uint32_t limit,
                                                              std::optional<std::uint64_t> revision)
{
    std::string of_one = key ? "WHERE kind = ? AND organization = ? AND name = ? " : "";
    if (revision) of_one += key ? "AND revision = ? " : "WHERE revision = ? ";
    Statement rows{connection_,
                   "SELECT revision, kind, organization, name, version, before, after, "
                   "changed_by, changed_at FROM changes JOIN revisions ON revision = number " +
                       of_one + "ORDER BY revision DESC, kind, organization, name LIMIT ?"};
    if (key) bind(rows, *key);
    if (revision) rows.bind(static_cast<std::int64_t>(*revision));
    rows.bind(static_cast<std::int64_t>(limit));
    std::vector<HistoryEntry> entries;
    while (rows.next()) {
        HistoryEntry entry;
        entry.revision = static_cast<std::uint64_t>(rows.number(0));
        entry.change.key = {rows.text(1), rows.text(2), rows.text(3)};
        entry.change.before = rows.text(5);
        entry.change.after = rows.text(6);
        entry.change.kind = !rows.maybe_text(5)   ? ChangeKind::Added
                            : !rows.maybe_text(6) ? ChangeKind::Removed
                                                  : ChangeKind::Changed;
        entry.stamp = {static_cast<std::uint64_t>(rows.number(4)), rows.text(7),
                       time_of(rows.number(8))};
        entries.push_back(std::move(entry));
    }
    if (rows.failed()) return failure(broken());
    return entries;
}

Objects texts_of(const std::vector<StoredObject>& stored)
{
    Objects objects;
    for (const StoredObject& each : stored)
        objects.emplace_hint(objects.end(), each.key, each.text);
    return objects;
}

}  // namespace hermetic::directory
