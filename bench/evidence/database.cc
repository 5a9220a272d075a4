#include "evidence/database.h"

#include <cstdio>
#include <cstdlib>
#include <sqlite3.h>

namespace evidence_bench {
namespace {

void must(bool held, sqlite3* handle)
{
    if (held) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(handle));
    std::exit(1);
}

}  // namespace

Database::Database(const std::string& path, Use use, std::uint32_t page_size)
{
    const std::string name = use == Use::Sealed ? "file:" + path + "?immutable=1" : "file:" + path;
    const int flags =
        use == Use::Sealed ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    must(sqlite3_open_v2(name.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                         nullptr) == SQLITE_OK,
         handle_);
    if (use == Use::Sealed) {
        run("PRAGMA cache_size=-512");
        return;
    }
    run("PRAGMA page_size=" + std::to_string(page_size));
    run("PRAGMA secure_delete=OFF");
    run("PRAGMA cache_size=-32768");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA wal_autocheckpoint=" + std::to_string((8U << 20U) / page_size));  // 8 MiB
}

Database::~Database()
{
    sqlite3_close_v2(handle_);
}

void Database::run(const std::string& sql)
{
    must(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, handle_);
}

Statement::Statement(Database& database, std::string_view sql)
{
    must(sqlite3_prepare_v3(database.get(), sql.data(), static_cast<int>(sql.size()),
                            SQLITE_PREPARE_PERSISTENT, &handle_, nullptr) == SQLITE_OK,
         database.get());
}

Statement::~Statement()
{
    sqlite3_finalize(handle_);
}

Statement& Statement::number(std::int64_t value)
{
    sqlite3_bind_int64(handle_, ++parameter_, value);
    return *this;
}

Statement& Statement::octets(std::string_view value)
{
    sqlite3_bind_blob(handle_, ++parameter_, value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
    return *this;
}

bool Statement::next()
{
    const int code = sqlite3_step(handle_);
    must(code == SQLITE_ROW || code == SQLITE_DONE, sqlite3_db_handle(handle_));
    return code == SQLITE_ROW;
}

void Statement::execute()
{
    (void)next();
    reset();
}

std::int64_t Statement::number_at(int column) const
{
    return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::octets_at(int column) const
{
    const void* octets = sqlite3_column_blob(handle_, column);
    return {static_cast<const char*>(octets),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::reset()
{
    sqlite3_reset(handle_);
    parameter_ = 0;
}

}  // namespace evidence_bench
