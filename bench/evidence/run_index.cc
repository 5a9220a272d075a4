// The keys of each commit are one sorted run; eight runs of a level become one of the next.
#include "evidence/index.h"
#include "evidence/postings.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace evidence_bench {
namespace {

constexpr std::size_t kRuns = 8;    // of a level
constexpr std::size_t kEntry = 10;  // octets: 6 of the key, big-endian, and 4 of the value

std::string pack(const std::vector<Entry>& entries)
{
    std::string out(entries.size() * kEntry, '\0');
    char* at = out.data();
    for (const Entry& each : entries) {
        for (int i = 5; i >= 0; --i) *at++ = static_cast<char>(each.key >> (8 * i));
        for (int i = 3; i >= 0; --i) *at++ = static_cast<char>(each.value >> (8 * i));
    }
    return out;
}

Entry entry_at(std::string_view packed, std::size_t index)
{
    const auto* at = reinterpret_cast<const unsigned char*>(packed.data()) + index * kEntry;
    Entry entry;
    for (int i = 0; i < 6; ++i) entry.key = entry.key << 8 | *at++;
    for (int i = 0; i < 4; ++i) entry.value = entry.value << 8 | *at++;
    return entry;
}

class RunIndex final : public Index {
public:
    explicit RunIndex(Database& database)
        : put_run_{database, "INSERT INTO run(level, number, keys) VALUES(?, ?, ?)"},
          drop_runs_{database, "DELETE FROM run WHERE level = ?"},
          runs_{database, "SELECT keys FROM run WHERE level = ?"},
          all_runs_{database, "SELECT keys FROM run ORDER BY level DESC"},
          database_{database},
          finder_{database}
    {
    }

    void add(std::uint64_t key, std::uint32_t value) override { waiting_.push_back({key, value}); }

    Kept flush() override
    {
        if (waiting_.empty()) return Kept::All;
        std::ranges::sort(waiting_);
        put_run(0, waiting_);
        waiting_.clear();
        for (std::size_t level = 0; counts_[level] == kRuns && level + 1 < counts_.size(); ++level)
            merge(level);
        return Kept::All;
    }

    void seal() override
    {
        PostingWriter writer{database_, "sealed.posting", 0};
        for (const Entry& each : take(all_runs_)) writer.add(each);
        writer.finish();
    }

    std::vector<std::uint32_t> find(std::uint64_t key) override
    {
        std::vector<std::uint32_t> values;
        finder_.find(0, key, values);
        find_in_runs(key, values);
        std::ranges::sort(values);
        const auto repeated = std::ranges::unique(values);
        values.erase(repeated.begin(), repeated.end());
        return values;
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
    std::vector<Entry> take(Statement& statement)
    {
        std::vector<Entry> entries;
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

    void merge(std::size_t level)
    {
        runs_.number(static_cast<std::int64_t>(level));
        const std::vector<Entry> entries = take(runs_);
        drop_runs_.number(static_cast<std::int64_t>(level)).execute();
        counts_[level] = 0;
        put_run(level + 1, entries);
    }

    void find_in_runs(std::uint64_t key, std::vector<std::uint32_t>& values)
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
                values.push_back(entry_at(packed, low).value);
        }
        all_runs_.reset();
    }

    Statement put_run_;
    Statement drop_runs_;
    Statement runs_;
    Statement all_runs_;
    Database& database_;
    PostingFinder finder_;
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
