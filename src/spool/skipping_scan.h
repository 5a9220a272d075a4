// Goes over all keys of a column, and past the blocks of tables that cannot be read.
//
// An iterator of RocksDB ends at the first damaged block. Where the next block begins is in the
// index of the table, which another block holds: so only what the damaged block holds is missed.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

// What could not be read: keys above `after`, below `before` (both of 16 octets).
struct KeyGap {
    std::string after;
    std::string before;
    std::string why;

    [[nodiscard]] bool holds(std::string_view key) const { return key > after && key < before; }
};

// Of a database whose keys have 16 octets and whose memtables are empty; it outlives the scan.
class SkippingScan {
public:
    SkippingScan(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* column);

    [[nodiscard]] bool valid() const { return iterator_->Valid(); }
    [[nodiscard]] std::string_view key() const;
    [[nodiscard]] std::string_view value() const;
    void next();

    // Of what was passed so far.
    [[nodiscard]] const std::vector<KeyGap>& gaps() const { return gaps_; }

private:
    void skip_damage();
    [[nodiscard]] std::string end_of_block(const std::string& after) const;

    rocksdb::DB& database_;
    rocksdb::ColumnFamilyHandle* column_;
    std::unique_ptr<rocksdb::Iterator> iterator_;
    std::string last_;  // the key before the iterator
    std::vector<KeyGap> gaps_;
};

// The same for a table by itself, whose index nobody hands out: tries keys further and further
// behind `after`, then nearer and nearer. An iterator at the first key that can be read again, or
// at the end; null: none behind can be read.
[[nodiscard]] std::unique_ptr<rocksdb::Iterator> seek_past_damage(rocksdb::SstFileReader& table,
                                                                  const std::string& after);

}  // namespace hermetic::spool
