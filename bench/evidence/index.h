// Which rows have a key: a tree in SQLite, or runs of sorted keys that are merged.
#pragma once

#include "evidence/database.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace evidence_bench {

class Index {
public:
    virtual ~Index() = default;
    virtual void add(const std::vector<std::uint64_t>& keys, std::uint32_t row) = 0;
    // Before each commit.
    virtual void flush() = 0;
    virtual void seal() = 0;
    // Ascending.
    [[nodiscard]] virtual std::vector<std::uint32_t> find(std::uint64_t key) = 0;
};

enum class Order : std::uint8_t { AsTheyCome, Sorted };
[[nodiscard]] std::unique_ptr<Index> make_tree_index(Database& database, Order order);
[[nodiscard]] std::unique_ptr<Index> make_run_index(Database& database);

}  // namespace evidence_bench
