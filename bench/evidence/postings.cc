#include "evidence/postings.h"

#include "evidence/octets.h"

#include <algorithm>
#include <utility>

namespace evidence_bench {
namespace {

constexpr std::size_t kPage = 7000;  // octets, so that a page is one of SQLite's
constexpr unsigned kKeyBits = 48;

std::int64_t name_of(std::int64_t block, std::uint64_t key)
{
    return block << kKeyBits | static_cast<std::int64_t>(key);
}

Entry take_entry(std::string_view& in, const Entry& last)
{
    const std::uint64_t step = take_number(in);
    const auto value = static_cast<std::uint32_t>(take_number(in));
    return {last.key + step, step == 0 ? last.value + value : value};
}

}  // namespace

void merge_parts(std::vector<Entry>& entries, std::vector<std::size_t> ends)
{
    const auto at = [&](std::size_t i) { return entries.begin() + static_cast<std::ptrdiff_t>(i); };
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

PostingWriter::PostingWriter(Database& database, const std::string& table, std::uint32_t block)
    : put_{database, "INSERT INTO " + table + "(id, keys) VALUES(?, ?)"}, block_{block}
{
}

void PostingWriter::add(const Entry& entry)
{
    if (any_ && entry == last_) return;
    any_ = true;
    if (page_.size() > kPage && entry.key != last_.key) finish();
    if (page_.empty()) {
        first_ = entry.key;
        last_ = {first_, 0};
    }
    put_number(page_, entry.key - last_.key);
    put_number(page_, entry.key == last_.key ? entry.value - last_.value : entry.value);
    last_ = entry;
}

void PostingWriter::finish()
{
    if (page_.empty()) return;
    put_.number(name_of(block_, first_)).octets(page_).execute();
    page_.clear();
}

PostingCursor::PostingCursor(Database& database, std::uint32_t block)
    : pages_{database, "SELECT id, keys FROM posting WHERE id >= ? AND id < ? ORDER BY id"}
{
    pages_.number(name_of(block, 0)).number(name_of(block + 1, 0));
}

bool PostingCursor::next()
{
    if (rest_.empty()) {
        if (!pages_.next()) return false;
        entry_ = {static_cast<std::uint64_t>(pages_.number_at(0)) & ((1ULL << kKeyBits) - 1), 0};
        rest_ = pages_.octets_at(1);
    }
    entry_ = take_entry(rest_, entry_);
    return true;
}

PostingFinder::PostingFinder(Database& database)
    : page_{database,
            "SELECT id, keys FROM posting WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT 1"}
{
}

void PostingFinder::find(std::uint32_t block, std::uint64_t key, std::vector<std::uint32_t>& values)
{
    if (page_.number(name_of(block, 0)).number(name_of(block, key)).next()) {
        Entry entry{static_cast<std::uint64_t>(page_.number_at(0)) & ((1ULL << kKeyBits) - 1), 0};
        std::string_view rest = page_.octets_at(1);
        while (!rest.empty() && entry.key <= key) {
            entry = take_entry(rest, entry);
            if (entry.key == key) values.push_back(entry.value);
        }
    }
    page_.reset();
}

}  // namespace evidence_bench
