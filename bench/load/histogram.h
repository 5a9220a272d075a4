// Counts durations in buckets of at most 1 % width, so that recording costs nothing and any
// percentile can be told. One thread records; add() merges those of several. Units: nanoseconds.
#pragma once

#include <cstdint>
#include <vector>

namespace hermetic::load {

class Histogram {
public:
    Histogram();

    void record(std::int64_t nanoseconds);
    void add(const Histogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::int64_t max() const { return max_; }
    // The middle of the bucket in which the given share (0 … 1) of what was recorded ends; 0 when
    // empty.
    [[nodiscard]] std::int64_t percentile(double share) const;

private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::int64_t max_ = 0;
};

}  // namespace hermetic::load
