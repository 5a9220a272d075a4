#include "load/arrivals.h"

#include <algorithm>

namespace hermetic::load {
namespace {

constexpr std::int64_t kBucket = 10'000'000;  // ns
constexpr double kSecond = 1e9;

}  // namespace

void Arrivals::record(std::int64_t nanoseconds)
{
    const auto index =
        static_cast<std::size_t>(std::max<std::int64_t>(nanoseconds - origin_, 0) / kBucket);
    if (index >= buckets_.size()) {
        buckets_.resize(index + 1);
    }
    ++buckets_[index];
    first_ = count_ == 0 ? nanoseconds : std::min(first_, nanoseconds);
    last_ = std::max(last_, nanoseconds);
    ++count_;
}

void Arrivals::add(const Arrivals& other)
{
    if (other.count_ == 0) {
        return;
    }
    buckets_.resize(std::max(buckets_.size(), other.buckets_.size()));
    for (std::size_t i = 0; i < other.buckets_.size(); ++i) {
        buckets_[i] += other.buckets_[i];
    }
    first_ = count_ == 0 ? other.first_ : std::min(first_, other.first_);
    last_ = std::max(last_, other.last_);
    count_ += other.count_;
}

double Arrivals::rate() const
{
    return last_ > first_
               ? static_cast<double>(count_ - 1) * kSecond / static_cast<double>(last_ - first_)
               : 0;
}

double Arrivals::steady_rate() const
{
    const std::uint64_t low = count_ / 20;
    const std::uint64_t high = count_ - low;
    std::uint64_t seen = 0;
    std::uint64_t inside = 0;
    std::int64_t buckets = 0;
    for (const std::uint32_t here : buckets_) {
        // Whole buckets only: the one in which the 5th percentile falls is left out.
        if (seen >= low && seen + here <= high && (inside > 0 || here > 0)) {
            inside += here;
            ++buckets;
        }
        seen += here;
    }
    if (buckets < 5) {
        return rate();
    }
    return static_cast<double>(inside) * kSecond / static_cast<double>(buckets * kBucket);
}

}  // namespace hermetic::load
