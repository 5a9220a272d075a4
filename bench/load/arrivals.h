// Remembers when messages arrived, ten milliseconds at a time, and tells the rate of the part of a
// run in which it was in full swing. One thread records; add() merges those of several.
#pragma once

#include <cstdint>
#include <vector>

namespace hermetic::load {

class Arrivals {
public:
    // nanoseconds: on the clock of now_ns(), not before `origin`, which all that are merged share.
    explicit Arrivals(std::int64_t origin) : origin_(origin) {}

    void record(std::int64_t nanoseconds);
    void add(const Arrivals& other);

    [[nodiscard]] std::int64_t origin() const { return origin_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::int64_t first() const { return first_; }  // 0 when none came
    [[nodiscard]] std::int64_t last() const { return last_; }
    // Per second, from the first to the last; 0 when fewer than two came.
    [[nodiscard]] double rate() const;
    // Per second, between the arrival of the 5th and that of the 95th of a hundred. As rate() where
    // the run is too short for the resolution.
    [[nodiscard]] double steady_rate() const;

private:
    std::int64_t origin_;
    std::vector<std::uint32_t> buckets_;
    std::uint64_t count_ = 0;
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
};

}  // namespace hermetic::load
