// RocksDB as the spool uses it: one database, three column families, opened, closed and reopened.
//
// Only the commit thread opens, closes and writes. Readers on other threads take a Reader, which
// keeps the database open while it lives.
#pragma once

#include "spool/opening.h"
#include "spool/reporter.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <array>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

enum class Column : std::uint8_t {
    Format,    // RocksDB's default column family: what wrote this spool
    Envelope,  // message id → envelope record; written once, removed by SingleDelete
    Body,      // body id → octets; written once, removed by SingleDelete
    State,     // message id → state record; only while an attempt has left something pending
};
inline constexpr std::size_t kColumns = 4;

// In Column::Format: kSpoolFormat as a decimal number.
inline constexpr std::string_view kFormatKey = "format";

class Database {
public:
    // `write_buffer`: of each column, in octets; 0 for what serves best.
    Database(std::string path, std::shared_ptr<rocksdb::FileSystem> file_system, Reporter& reporter,
             std::size_t write_buffer = 0);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Make: only where there is no spool yet (opening.h).
    enum class Files : std::uint8_t { Existing, Make };
    [[nodiscard]] rocksdb::Status open(Files files = Files::Existing);
    void close();
    [[nodiscard]] bool is_open() const { return db_ != nullptr; }

    // Synced when it returns. Incomplete: nothing was written, RocksDB cannot take it now.
    [[nodiscard]] rocksdb::Status write(rocksdb::WriteBatch& batch);

    // Where the log ends; of an open database. To be asked for after write(), by the same thread.
    [[nodiscard]] LogPoint log_point() const;

    [[nodiscard]] rocksdb::ColumnFamilyHandle* column(Column column) const
    {
        return columns_[static_cast<std::size_t>(column)];
    }

    class Reader {
    public:
        explicit Reader(const Database& database) : lock_{database.opening_}, database_{database} {}
        // False while the database is closed after a failure.
        [[nodiscard]] explicit operator bool() const { return database_.db_ != nullptr; }
        [[nodiscard]] rocksdb::Status get(Column column, std::string_view key,
                                          std::string& value) const;
        // Over all keys, past the block cache.
        [[nodiscard]] std::unique_ptr<rocksdb::Iterator> scan(Column column) const;

    private:
        std::shared_lock<std::shared_mutex> lock_;
        const Database& database_;
    };

    [[nodiscard]] Reader read() const { return Reader{*this}; }

private:
    [[nodiscard]] rocksdb::Options options(Files files) const;

    std::string path_;
    std::size_t write_buffer_;
    std::shared_ptr<rocksdb::FileSystem> file_system_;
    std::unique_ptr<rocksdb::Env> env_;
    std::shared_ptr<rocksdb::Logger> log_;
    std::shared_ptr<rocksdb::Cache> cache_;
    rocksdb::WriteOptions write_options_;

    mutable std::shared_mutex opening_;
    std::unique_ptr<rocksdb::DB> db_;
    std::array<rocksdb::ColumnFamilyHandle*, kColumns> columns_{};
};

[[nodiscard]] bool is_no_space(const rocksdb::Status& status);

// Opens the database at `path` for reading alone, which changes nothing, and closes it.
[[nodiscard]] Trial try_database(const std::string& path,
                                 const std::shared_ptr<rocksdb::FileSystem>& file_system);

// To read what is left of a damaged one: nothing is merged, nothing is told.
[[nodiscard]] rocksdb::DBOptions salvage_options();
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> salvage_columns();

[[nodiscard]] inline rocksdb::Slice to_slice(std::string_view text)
{
    return {text.data(), text.size()};
}
[[nodiscard]] inline std::string_view to_view(const rocksdb::Slice& slice)
{
    return {slice.data(), slice.size()};
}

}  // namespace hermetic::spool
