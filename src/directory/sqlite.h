// SQLite as this folder uses it: a connection and its statements, closed by their owners.
//
// Private to the folder. One thread at a time. A statement that fails says so once, in failed();
// what follows on it does nothing.
#pragma once

#include "core/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hermetic::directory {

enum class Access : std::uint8_t { ReadOnly, ReadWrite };

class Connection {
public:
    // ReadWrite makes the file, with mode 0600. The error is SQLite's words.
    [[nodiscard]] static Result<Connection, std::string> open(const std::string& path,
                                                              Access access);
    // Statements without parameters; false on failure, with error().
    [[nodiscard]] bool run(const char* sql);
    [[nodiscard]] std::string error() const;
    // Whether the last failure was the file's: its contents are no database any more.
    [[nodiscard]] bool is_corrupt() const;
    [[nodiscard]] sqlite3* get() const { return handle_.get(); }

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
public:
    Statement(Connection& connection, std::string_view sql);

    // Parameters from 1 on, in order.
    Statement& bind(std::string_view text);
    Statement& bind(std::int64_t number);
    Statement& bind_maybe(const std::optional<std::string>& text);  // nullopt: NULL

    // True while there is a row.
    [[nodiscard]] bool next();
    // Runs it to its end and makes it ready for other parameters; false on failure.
    [[nodiscard]] bool finish();
    [[nodiscard]] bool failed() const { return failed_; }

    // Columns from 0 on, of the current row.
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::optional<std::string> maybe_text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;

private:
    void check(int code);
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int parameter_ = 0;
    bool failed_ = false;
};

}  // namespace hermetic::directory
