#include "directory/sqlite.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace hermetic::directory {
namespace {

// Made before SQLite does, which would let everybody read it; its log and index get the same mode.
std::string make_file(const std::string& path)
{
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return std::strerror(errno);
    ::close(file);
    return {};
}

// A reader takes part in the log of a running server. Without one there is no log, and a reader may
// not have the right to make it: then nothing can change under it either.
std::string reader_uri(const std::string& path)
{
    std::string uri = "file:";
    for (const char c : path) {
        if (c == '?' || c == '#' || c == '%') {
            uri += c == '?' ? "%3f" : c == '#' ? "%23" : "%25";
        } else {
            uri += c;
        }
    }
    return ::access((path + "-wal").c_str(), F_OK) == 0 ? uri : uri + "?immutable=1";
}

}  // namespace

void Connection::Close::operator()(sqlite3* handle) const
{
    ::sqlite3_close_v2(handle);
}

Result<Connection, std::string> Connection::open(const std::string& path, Access access)
{
    if (access == Access::ReadWrite) {
        if (auto error = make_file(path); !error.empty()) return failure(std::move(error));
    }
    const bool writes = access == Access::ReadWrite;
    const std::string name = writes ? path : reader_uri(path);
    // One thread at a time, as the folder promises.
    const int mode = SQLITE_OPEN_NOMUTEX |
                     (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    sqlite3* handle = nullptr;
    const int code = ::sqlite3_open_v2(name.c_str(), &handle, mode, nullptr);
    Connection connection;
    connection.handle_.reset(handle);
    if (code != SQLITE_OK) return failure(std::string{::sqlite3_errstr(code)});
    // Readers of a copy and a checkpoint may hold it for a moment.
    ::sqlite3_busy_timeout(handle, 5000);
    ::sqlite3_extended_result_codes(handle, 1);
    return connection;
}

bool Connection::run(const char* sql)
{
    return ::sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::string Connection::error() const
{
    return ::sqlite3_errmsg(handle_.get());
}

bool Connection::is_corrupt() const
{
    const int code = ::sqlite3_errcode(handle_.get()) & 0xff;  // without its extension
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const
{
    ::sqlite3_finalize(statement);
}

Statement::Statement(Connection& connection, std::string_view sql)
{
    sqlite3_stmt* handle = nullptr;
    check(::sqlite3_prepare_v2(connection.get(), sql.data(), static_cast<int>(sql.size()), &handle,
                               nullptr));
    handle_.reset(handle);
}

void Statement::check(int code)
{
    if (code != SQLITE_OK) failed_ = true;
}

Statement& Statement::bind(std::string_view text)
{
    if (failed_) return *this;
    // Never NULL, also where the view of an empty text has no address.
    check(::sqlite3_bind_text64(handle_.get(), ++parameter_,
                                text.data() == nullptr ? "" : text.data(), text.size(),
                                SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind(std::int64_t number)
{
    if (failed_) return *this;
    check(::sqlite3_bind_int64(handle_.get(), ++parameter_, number));
    return *this;
}

Statement& Statement::bind_maybe(const std::optional<std::string>& text)
{
    if (text) return bind(std::string_view{*text});
    if (!failed_) check(::sqlite3_bind_null(handle_.get(), ++parameter_));
    return *this;
}

bool Statement::next()
{
    if (failed_) return false;
    const int code = ::sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) failed_ = true;
    return false;
}

bool Statement::finish()
{
    while (next()) {
    }
    if (failed_) return false;
    ::sqlite3_reset(handle_.get());
    ::sqlite3_clear_bindings(handle_.get());
    parameter_ = 0;
    return true;
}

std::string Statement::text(int column) const
{
    const auto* octets = ::sqlite3_column_text(handle_.get(), column);
    if (octets == nullptr) return {};
    const auto size = ::sqlite3_column_bytes(handle_.get(), column);
    return {reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size)};
}

std::optional<std::string> Statement::maybe_text(int column) const
{
    if (::sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
    return text(column);
}

std::int64_t Statement::number(int column) const
{
    return ::sqlite3_column_int64(handle_.get(), column);
}

}  // namespace hermetic::directory
