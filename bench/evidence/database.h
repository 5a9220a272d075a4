// SQLite with the settings of a segment. A failure ends the program: a bench has nobody to tell.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace evidence_bench {

enum class Use : std::uint8_t {
    Written,  // a segment under way
    Sealed,   // never changes: neither locks nor a log
};

class Database {
public:
    Database(const std::string& path, Use use, std::uint32_t page_size = 8192);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void run(const std::string& sql);
    [[nodiscard]] sqlite3* get() const { return handle_; }

private:
    sqlite3* handle_ = nullptr;
};

class Statement {
public:
    Statement(Database& database, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // Parameters from 1 on, in order; what is bound outlives the step.
    Statement& number(std::int64_t value);
    Statement& octets(std::string_view value);
    // True while there is a row.
    [[nodiscard]] bool next();
    void execute();
    [[nodiscard]] std::int64_t number_at(int column) const;
    [[nodiscard]] std::string_view octets_at(int column) const;
    void reset();

private:
    sqlite3_stmt* handle_ = nullptr;
    int parameter_ = 0;
};

}  // namespace evidence_bench
