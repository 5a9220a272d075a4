#include "load/histogram.h"

#include <algorithm>
#include <bit>

namespace hermetic::load {
namespace {

// Each power of two is cut into 2^kFineBits buckets; below the first such power each value is its
// own.
constexpr unsigned kFineBits = 7;
constexpr unsigned kHighestPower = 42;  // over an hour; longer counts as this
constexpr std::uint64_t kFine = std::uint64_t{1} << kFineBits;
constexpr std::size_t kBuckets = (kHighestPower - kFineBits + 2) * kFine;

std::size_t bucket_of(std::uint64_t value)
{
    if (value < kFine) {
        return value;
    }
    const unsigned power = static_cast<unsigned>(std::bit_width(value)) - 1;
    if (power > kHighestPower) {
        return kBuckets - 1;
    }
    const unsigned shift = power - kFineBits;
    return (std::size_t{shift} + 1) * kFine + ((value >> shift) - kFine);
}

std::int64_t middle_of(std::size_t bucket)
{
    if (bucket < kFine) {
        return static_cast<std::int64_t>(bucket);
    }
    const std::size_t shift = bucket / kFine - 1;
    const std::uint64_t low = (kFine + bucket % kFine) << shift;
    return static_cast<std::int64_t>(low + (std::uint64_t{1} << shift) / 2);
}

}  // namespace

Histogram::Histogram() : buckets_(kBuckets)
{
}

void Histogram::record(std::int64_t nanoseconds)
{
    const std::int64_t value = std::max<std::int64_t>(nanoseconds, 0);
    ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
    ++count_;
    max_ = std::max(max_, value);
}

void Histogram::add(const Histogram& other)
{
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        buckets_[i] += other.buckets_[i];
    }
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

std::int64_t Histogram::percentile(double share) const
{
    if (count_ == 0) {
        return 0;
    }
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= wanted) {
            return std::min(middle_of(i), max_);
        }
    }
    return max_;
}

}  // namespace hermetic::load
