// One file of evidence: some hours of events, their keys, their counts, and what they have in
// common.
#pragma once

#include "evidence/database.h"
#include "evidence/index.h"
#include "evidence/numbered.h"
#include "evidence/record.h"
#include "evidence/rollups.h"
#include "evidence/strings.h"
#include "evidence/traffic.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace evidence_bench {

enum class Keys : std::uint8_t {
    Tree,        // a B-tree, keys as they come
    SortedTree,  // the keys of each commit sorted
    Runs,        // sorted runs on disk, merged
    Blocks,      // in memory, sorted blocks on disk
};

struct Design {
    Keys keys = Keys::Blocks;
    std::size_t rows_of_page = 128;  // 1: a row of SQLite for each
    Texts texts = Texts::Inline;
    std::size_t block = 500'000;     // entries in memory
    std::uint32_t page_size = 8192;  // SQLite's
    Hours hours = Hours::WithoutPartners;
    std::string synchronous = "FULL";  // a commit is on disk before it is seen
};

class Segment {
public:
    Segment(std::string path, const Design& design);

    void begin();
    void add(const Event& event);
    void commit();
    // The last commit has been. Makes a file without free space, which replaces this one.
    void seal();

    // Items, ascending.
    [[nodiscard]] std::vector<std::uint32_t> find(std::uint64_t key) { return index_->find(key); }
    // Reads rows from the newest until `enough` says so; their number.
    [[nodiscard]] std::size_t scan(const std::function<bool()>& enough);
    // All texts of all rows of an item.
    [[nodiscard]] std::string read(std::uint32_t item);
    // Of the file and its log.
    [[nodiscard]] std::uint64_t octets() const;
    [[nodiscard]] const std::string& path() const { return path_; }
    // Nothing of it is in memory any more, SQLite's or the kernel's, if it is sealed.
    void evict();

private:
    void open(Use use);
    void close();
    void add_message(const std::shared_ptr<const Message>& message);
    void add_attempt(const Attempt& attempt);
    void add_session(const SessionEnd& end);
    void put(const std::string& row, const std::vector<std::uint64_t>& keys, std::uint32_t item);

    std::string path_;
    Design design_;
    Use use_ = Use::Written;
    std::unique_ptr<Database> database_;
    std::unique_ptr<Dictionary> names_;
    std::unique_ptr<Contents> contents_;
    std::unique_ptr<Coder> coder_;
    std::unique_ptr<Numbered> rows_;
    std::unique_ptr<Index> index_;
    std::unique_ptr<Rollups> rollups_;
    std::uint32_t next_row_ = 0;
    std::uint32_t next_item_ = 0;
    std::unordered_map<const Message*, std::uint32_t> unfinished_;  // items of this segment
};

}  // namespace evidence_bench
