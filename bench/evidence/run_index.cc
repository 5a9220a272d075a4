// The keys of each commit are one sorted run; eight runs of a level become one of the next. Sealed,
// all are one sequence of pages, each with the difference of a key to the one before it. Of a hash
// 48 bits are kept: whoever finds a row looks whether it has the key.
#include "evidence/index.h"
#include "evidence/octets.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace evidence_bench {
namespace {

constexpr unsigned kDropped = 16;    // bits of a hash
constexpr std::size_t kRuns = 8;     // of a level
constexpr std::size_t kPage = 7000;  // octets, so that a page is one of SQLite's

struct Entry {
    std::uint64_t key = 0;
    std::uint32_t row = 0;
    auto operator<=>(const Entry&) const = default;
};
constexpr std::size_t kEntry = 10;  // 6 octets of the key, big-endian, and 4 of the row

std::string pack(const std::vector<Entry>& entries)
{
    std::string out(entries.size() * kEntry, '\0');
    char* at = out.data();
    for (const Entry& each : entries) {
        for (int i = 5; i >= 0; --i) *at++ = static_cast<char>(each.key >> (8 * i));
        for (int i = 3; i >= 0; --i) *at++ = static_cast<char>(each.row >> (8 * i));
    }
    return out;
}

Entry entry_at(std::string_view packed, std::size_t index)
{
    const auto* at = reinterpret_cast<const unsigned char*>(packed.data()) + index * kEntry;
    Entry entry;
    for (int i = 0; i < 6; ++i) entry.key = entry.key << 8 | *at++;
    for (int i = 0; i < 4; ++i) entry.row = entry.row << 8 | *at++;
    return entry;
}

class RunIndex final : public Index {
public:
    explicit RunIndex(Database& database)
        : put_run_{database, "INSERT INTO run(level, number, keys) VALUES(?, ?, ?)"},
          drop_runs_{database, "DELETE FROM run WHERE level = ?"},
          runs_{database, "SELECT keys FROM run WHERE level = ?"},
          all_runs_{database, "SELECT keys FROM run ORDER BY level DESC"},
          put_page_{database, "INSERT INTO posting(first, keys) VALUES(?, ?)"},
          pages_{database, "SELECT first, keys FROM posting WHERE first <= ? ORDER BY first DESC"}
    {
    }

    void add(const std::vector<std::uint64_t>& keys, std::uint32_t row) override
    {
        for (const std::uint64_t key : keys) waiting_.push_back({key >> kDropped, row});
    }

    void flush() override
    {
        if (waiting_.empty()) return;
        std::ranges::sort(waiting_);
        put_run(0, waiting_);
        waiting_.clear();
        for (std::size_t level = 0; counts_[level] == kRuns && level + 1 < counts_.size(); ++level)
            merge(level);
    }

    void seal() override
    {
        flush();
        write_pages(take(all_runs_, 0));
        for (std::size_t level = 0; level < counts_.size(); ++level)
            drop_runs_.number(static_cast<std::int64_t>(level)).execute();
    }

    std::vector<std::uint32_t> find(std::uint64_t key) override
    {
        std::vector<std::uint32_t> rows;
        find_in_pages(key >> kDropped, rows);
        find_in_runs(key >> kDropped, rows);
        std::ranges::sort(rows);
        return rows;
    }

private:
    void put_run(std::size_t level, const std::vector<Entry>& entries)
    {
        put_run_.number(static_cast<std::int64_t>(level))
            .number(static_cast<std::int64_t>(number_++))
            .octets(pack(entries))
            .execute();
        ++counts_[level];
    }

    // All entries of the runs that `statement` has, sorted.
    std::vector<Entry> take(Statement& statement, std::size_t reserve)
    {
        std::vector<Entry> entries;
        entries.reserve(reserve);
        std::vector<std::size_t> ends{0};
        while (statement.next()) {
            const std::string_view packed = statement.octets_at(0);
            for (std::size_t i = 0; i < packed.size() / kEntry; ++i)
                entries.push_back(entry_at(packed, i));
            ends.push_back(entries.size());
        }
        statement.reset();
        merge_parts(entries, ends);
        return entries;
    }

    static void merge_parts(std::vector<Entry>& entries, std::vector<std::size_t> ends)
    {
        const auto at = [&](std::size_t i) {
            return entries.begin() + static_cast<std::ptrdiff_t>(i);
        };
        while (ends.size() > 2) {
            std::vector<std::size_t> next{0};
            for (std::size_t i = 0; i + 2 < ends.size(); i += 2) {
                std::inplace_merge(at(ends[i]), at(ends[i + 1]), at(ends[i + 2]));
                next.push_back(ends[i + 2]);
            }
            if (ends.size() % 2 == 0) next.push_back(ends.back());
            ends = std::move(next);
        }
    }

    void merge(std::size_t level)
    {
        runs_.number(static_cast<std::int64_t>(level));
        const std::vector<Entry> entries = take(runs_, 0);
        drop_runs_.number(static_cast<std::int64_t>(level)).execute();
        counts_[level] = 0;
        put_run(level + 1, entries);
    }

    // All entries of a key begin in the page whose first key is the greatest not above it; those
    // of a key that fills pages go on in the next ones.
    void write_pages(const std::vector<Entry>& entries)
    {
        std::string page;
        std::uint64_t first = 0;
        Entry last;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const Entry& each = entries[i];
            const bool new_key = each.key != last.key;
            if (!page.empty() && page.size() > kPage && new_key) {
                put_page_.number(static_cast<std::int64_t>(first)).octets(page).execute();
                page.clear();
            }
            if (page.empty()) {
                first = each.key;
                last = {first, 0};
            }
            put_number(page, each.key - last.key);
            put_number(page, each.key == last.key ? each.row - last.row : each.row);
            last = each;
        }
        if (!page.empty())
            put_page_.number(static_cast<std::int64_t>(first)).octets(page).execute();
    }

    void find_in_pages(std::uint64_t key, std::vector<std::uint32_t>& rows)
    {
        if (pages_.number(static_cast<std::int64_t>(key)).next()) {
            Entry at{static_cast<std::uint64_t>(pages_.number_at(0)), 0};
            std::string_view rest = pages_.octets_at(1);
            while (!rest.empty() && at.key <= key) {
                const std::uint64_t step = take_number(rest);
                const auto row = static_cast<std::uint32_t>(take_number(rest));
                at = {at.key + step, step == 0 ? at.row + row : row};
                if (at.key == key) rows.push_back(at.row);
            }
        }
        pages_.reset();
    }

    void find_in_runs(std::uint64_t key, std::vector<std::uint32_t>& rows)
    {
        while (all_runs_.next()) {
            const std::string_view packed = all_runs_.octets_at(0);
            std::size_t low = 0;
            std::size_t high = packed.size() / kEntry;
            while (low < high) {
                const std::size_t middle = (low + high) / 2;
                if (entry_at(packed, middle).key < key)
                    low = middle + 1;
                else
                    high = middle;
            }
            for (; low < packed.size() / kEntry && entry_at(packed, low).key == key; ++low)
                rows.push_back(entry_at(packed, low).row);
        }
        all_runs_.reset();
    }

    Statement put_run_;
    Statement drop_runs_;
    Statement runs_;
    Statement all_runs_;
    Statement put_page_;
    Statement pages_;
    std::vector<Entry> waiting_;
    std::array<std::size_t, 8> counts_{};
    std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<Index> make_run_index(Database& database)
{
    return std::make_unique<RunIndex>(database);
}

}  // namespace evidence_bench
