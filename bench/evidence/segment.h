// One file of evidence: some hours of messages, their keys, and what they have in common.
#pragma once

#include "evidence/database.h"
#include "evidence/index.h"
#include "evidence/record.h"
#include "evidence/rows.h"
#include "evidence/traffic.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace evidence_bench {

enum class Design : std::uint8_t {
    Tree,        // records in rows, keys in a tree as they come
    SortedTree,  // the keys of each commit sorted
    Runs,        // records in rows, keys in runs
    PackedTree,  // records in compressed pages, keys in a sorted tree
    PackedRuns,  // records in compressed pages, keys in runs
};

class Segment {
public:
    Segment(std::string path, Design design);

    void begin();
    void add(const Message& message);
    void commit();
    // The last commit has been: leaves a file without free space and without a log.
    void seal();

    [[nodiscard]] std::vector<std::uint32_t> find(std::uint64_t key) { return index_->find(key); }
    [[nodiscard]] std::string read(std::uint32_t row) { return rows_->read(row); }
    // Of the file and its log.
    [[nodiscard]] std::uint64_t octets() const;
    [[nodiscard]] const std::string& path() const { return path_; }
    // Nothing of it is in memory any more, SQLite's or the kernel's.
    void evict();

private:
    void open();

    std::string path_;
    Design design_;
    std::unique_ptr<Database> database_;
    std::unique_ptr<Dictionary> dictionary_;
    std::unique_ptr<Rows> rows_;
    std::unique_ptr<Index> index_;
    std::uint32_t next_ = 0;
};

}  // namespace evidence_bench
