// The database of a spool that nobody serves, whatever is damaged in it, made readable in a work
// folder. Blocking. The spool itself is only read.
//
// The work folder gets links to the tables and copies of everything else, the logs with their whole
// records alone. Where RocksDB cannot open that either, its own repair makes a list of the tables
// that are sound; what it leaves out is read table by table, and the logs are applied on top. Then
// something that was over may be there again: rather twice than never.
#pragma once

#include "core/result.h"
#include "spool/database.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

class DamagedStore {
public:
    // `work` is an empty folder, whose removal is the caller's. The error is for people.
    [[nodiscard]] static Result<std::unique_ptr<DamagedStore>, std::string> open(
        const std::string& spool, const std::string& work);
    ~DamagedStore();
    DamagedStore(const DamagedStore&) = delete;
    DamagedStore& operator=(const DamagedStore&) = delete;

    [[nodiscard]] rocksdb::DB& database() { return *database_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* column(Column column) const
    {
        return columns_[static_cast<std::size_t>(column)];
    }
    [[nodiscard]] rocksdb::Status get(Column column, std::string_view key,
                                      std::string& value) const;

    // What had to be done without, for people.
    [[nodiscard]] const std::vector<std::string>& losses() const { return losses_; }

private:
    explicit DamagedStore(std::string work);

    [[nodiscard]] rocksdb::DBOptions options() const;
    [[nodiscard]] rocksdb::Status open_work(Database::Files files);
    [[nodiscard]] rocksdb::Status rebuild(const std::string& spool);
    [[nodiscard]] rocksdb::Status apply_logs(const std::string& spool);
    void add_lost_tables();
    void add_table(const std::string& path);
    void add_missing(rocksdb::ColumnFamilyHandle* column, const rocksdb::Slice& key,
                     const rocksdb::Slice& value);
    void close();

    std::string work_;
    std::unique_ptr<rocksdb::Env> env_;
    std::unique_ptr<rocksdb::DB> database_;
    std::array<rocksdb::ColumnFamilyHandle*, kColumns> columns_{};
    std::vector<std::string> losses_;
};

}  // namespace hermetic::spool
