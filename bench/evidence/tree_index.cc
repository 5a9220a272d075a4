#include "evidence/index.h"

#include <algorithm>
#include <utility>

namespace evidence_bench {
namespace {

class TreeIndex final : public Index {
public:
    TreeIndex(Database& database, Order order)
        : order_{order},
          insert_{database, "INSERT INTO key(hash, row) VALUES(?, ?)"},
          select_{database, "SELECT row FROM key WHERE hash = ? ORDER BY row"}
    {
    }

    void add(const std::vector<std::uint64_t>& keys, std::uint32_t row) override
    {
        for (const std::uint64_t key : keys) {
            if (order_ == Order::Sorted)
                waiting_.emplace_back(static_cast<std::int64_t>(key), row);
            else
                insert(static_cast<std::int64_t>(key), row);
        }
    }

    void flush() override
    {
        std::ranges::sort(waiting_);
        for (const auto& [key, row] : waiting_) insert(key, row);
        waiting_.clear();
    }
    void seal() override {}

    std::vector<std::uint32_t> find(std::uint64_t key) override
    {
        std::vector<std::uint32_t> rows;
        select_.number(static_cast<std::int64_t>(key));
        while (select_.next()) rows.push_back(static_cast<std::uint32_t>(select_.number_at(0)));
        select_.reset();
        return rows;
    }

private:
    void insert(std::int64_t key, std::uint32_t row) { insert_.number(key).number(row).execute(); }

    Order order_;
    Statement insert_;
    Statement select_;
    std::vector<std::pair<std::int64_t, std::uint32_t>> waiting_;
};

}  // namespace

std::unique_ptr<Index> make_tree_index(Database& database, Order order)
{
    return std::make_unique<TreeIndex>(database, order);
}

}  // namespace evidence_bench
