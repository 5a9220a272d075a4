#include "evidence/index.h"

#include <algorithm>
#include <utility>

namespace evidence_bench {
namespace {

class TreeIndex final : public Index {
public:
    TreeIndex(Database& database, Order order)
        : order_{order},
          database_{database},
          insert_{database, "INSERT OR IGNORE INTO key(key, value) VALUES(?, ?)"},
          select_{database, "SELECT value FROM key WHERE key = ? ORDER BY value"}
    {
    }

    void add(std::uint64_t key, std::uint32_t value) override
    {
        if (order_ == Order::Sorted)
            waiting_.emplace_back(static_cast<std::int64_t>(key), value);
        else
            insert(static_cast<std::int64_t>(key), value);
    }

    Kept flush() override
    {
        std::ranges::sort(waiting_);
        for (const auto& [key, value] : waiting_) insert(key, value);
        waiting_.clear();
        return Kept::All;
    }

    void seal() override
    {
        database_.run("INSERT INTO sealed.key SELECT key, value FROM key ORDER BY key, value");
    }

    std::vector<std::uint32_t> find(std::uint64_t key) override
    {
        std::vector<std::uint32_t> values;
        select_.number(static_cast<std::int64_t>(key));
        while (select_.next()) values.push_back(static_cast<std::uint32_t>(select_.number_at(0)));
        select_.reset();
        return values;
    }

private:
    void insert(std::int64_t key, std::uint32_t value)
    {
        insert_.number(key).number(value).execute();
    }

    Order order_;
    Database& database_;
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
