// Which items have a key, and which rows an item has: a tree in SQLite, runs of sorted keys that
// are merged on disk, or blocks that are sorted in memory.
#pragma once

#include "evidence/database.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace evidence_bench {

class Index {
public:
    virtual ~Index() = default;
    // `value`: an item, or a row where the key is an item's.
    virtual void add(std::uint64_t key, std::uint32_t value) = 0;
    enum class Kept : std::uint8_t {
        All,   // all that was added is in the transaction
        Some,  // the rest is in memory, and is found again from the rows
    };
    // Before each commit.
    virtual Kept flush() = 0;
    // All of it into the attached database "sealed".
    virtual void seal() = 0;
    // Ascending.
    [[nodiscard]] virtual std::vector<std::uint32_t> find(std::uint64_t key) = 0;
};

enum class Order : std::uint8_t { AsTheyCome, Sorted };
[[nodiscard]] std::unique_ptr<Index> make_tree_index(Database& database, Order order);
[[nodiscard]] std::unique_ptr<Index> make_run_index(Database& database);
[[nodiscard]] std::unique_ptr<Index> make_block_index(Database& database, std::size_t block);

}  // namespace evidence_bench
