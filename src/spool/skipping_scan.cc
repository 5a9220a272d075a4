#include "spool/skipping_scan.h"

#include "spool/database.h"

#include <climits>
#include <cstddef>
#include <utility>

namespace hermetic::spool {
namespace {

constexpr std::size_t kKey = 16;
const std::string kLowest(kKey, '\0');
const std::string kHighest(kKey, '\xff');

// The next key; of the highest, the highest.
std::string successor(std::string key)
{
    if (key == kHighest) return key;
    for (std::size_t at = key.size(); at > 0; --at) {
        key[at - 1] = static_cast<char>(static_cast<unsigned char>(key[at - 1]) + 1);
        if (key[at - 1] != '\0') break;
    }
    return key;
}

constexpr std::size_t kKeyBits = kKey * CHAR_BIT;

// Plus 1 << bit; at most the highest key.
std::string later(std::string key, std::size_t bit)
{
    unsigned carry = 1U << bit % CHAR_BIT;
    for (std::size_t at = kKey - bit / CHAR_BIT; at > 0 && carry > 0; --at) {
        carry += static_cast<unsigned char>(key[at - 1]);
        key[at - 1] = static_cast<char>(carry & 0xff);
        carry >>= CHAR_BIT;
    }
    return carry > 0 ? kHighest : key;
}

}  // namespace

SkippingScan::SkippingScan(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* column)
    : database_{database}, column_{column}, last_{kLowest}
{
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    iterator_.reset(database_.NewIterator(options, column_));
    iterator_->SeekToFirst();
    skip_damage();
}

std::string_view SkippingScan::key() const
{
    return to_view(iterator_->key());
}

std::string_view SkippingScan::value() const
{
    return to_view(iterator_->value());
}

void SkippingScan::next()
{
    last_ = iterator_->key().ToString();
    iterator_->Next();
    skip_damage();
}

void SkippingScan::skip_damage()
{
    std::string at = last_;
    while (!iterator_->Valid() && !iterator_->status().ok()) {
        const std::string why = iterator_->status().ToString();
        at = end_of_block(at);
        if (gaps_.empty() || gaps_.back().before != last_) gaps_.push_back({last_, at, why});
        gaps_.back().before = at;
        last_ = at;
        if (at == kHighest) return;
        iterator_->Seek(to_slice(at));
    }
}

// The lowest key whose block begins further on in a table than that of the key behind `after`: bit
// by bit, the highest one whose block does not.
std::string SkippingScan::end_of_block(const std::string& after) const
{
    const std::string start = successor(after);
    rocksdb::SizeApproximationOptions exactly;
    exactly.include_files = true;
    const auto is_further = [&](const std::string& key) {
        if (key <= start) return false;
        const rocksdb::Range range{to_slice(start), to_slice(key)};
        std::uint64_t size = 0;
        const auto status = database_.GetApproximateSizes(exactly, column_, &range, 1, &size);
        return status.ok() && size > 0;
    };
    std::string key = kLowest;
    for (std::size_t bit = 0; bit < kKeyBits; ++bit) {
        std::string higher = key;
        higher[bit / CHAR_BIT] = static_cast<char>(
            static_cast<unsigned char>(higher[bit / CHAR_BIT]) | 0x80U >> bit % CHAR_BIT);
        if (!is_further(higher)) key = higher;
    }
    return successor(key);
}

std::unique_ptr<rocksdb::Iterator> seek_past_damage(rocksdb::SstFileReader& table,
                                                    const std::string& after)
{
    // Anew each time: one that has failed at a block goes on failing at the one before that.
    std::unique_ptr<rocksdb::Iterator> found;
    const auto can_read_from = [&](const std::string& key) {
        found.reset(table.NewIterator({}));
        found->Seek(to_slice(key));
        return found->status().ok();
    };
    std::size_t bit = 0;
    while (bit < kKeyBits && !can_read_from(later(after, bit))) ++bit;
    if (bit == kKeyBits) return nullptr;
    // Unreadable from `low` on, readable from `low` and 1 << bit further on.
    std::string low = bit == 0 ? after : later(after, bit - 1);
    std::size_t step = bit == 0 ? 0 : bit - 1;
    while (step > 0) {
        --step;
        const std::string middle = later(low, step);
        if (!can_read_from(middle)) low = middle;
    }
    return can_read_from(later(low, 0)) ? std::move(found) : nullptr;
}

}  // namespace hermetic::spool
