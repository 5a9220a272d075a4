// Sorted keys and their values in pages of differences: how a sealed segment has its index, and a
// block of one under way.
#pragma once

#include "evidence/database.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace evidence_bench {

struct Entry {
    std::uint64_t key = 0;  // 48 bits
    std::uint32_t value = 0;
    auto operator<=>(const Entry&) const = default;
};

// Merges neighbours: `ends` are where the sorted parts of `entries` end, the first is 0.
void merge_parts(std::vector<Entry>& entries, std::vector<std::size_t> ends);

// A page's name is its block and its first key: 15 and 48 bits. All values of a key begin in the
// page of its block whose first key is the greatest not above it, and are all there.
class PostingWriter {
public:
    PostingWriter(Database& database, const std::string& table, std::uint32_t block);
    // In their order; one like the last is left out.
    void add(const Entry& entry);
    void finish();

private:
    Statement put_;
    std::int64_t block_;
    std::string page_;
    std::uint64_t first_ = 0;
    Entry last_;
    bool any_ = false;
};

// All entries of a block, in their order.
class PostingCursor {
public:
    PostingCursor(Database& database, std::uint32_t block);
    // False: no more.
    [[nodiscard]] bool next();
    [[nodiscard]] const Entry& entry() const { return entry_; }

private:
    Statement pages_;
    std::string_view rest_;
    Entry entry_;
};

class PostingFinder {
public:
    explicit PostingFinder(Database& database);
    // Appends.
    void find(std::uint32_t block, std::uint64_t key, std::vector<std::uint32_t>& values);

private:
    Statement page_;
};

}  // namespace evidence_bench
