// Randomness as an argument: pure code takes a Random&, tests hand in a seeded one.
#pragma once

#include <cstdint>

namespace hermetic {

// splitmix64: small, fast, good enough for jitter, choice of hosts and id suffixes; never for keys.
// Not thread-safe: one per thread.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_{seed} {}

    std::uint64_t next()
    {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    // Uniform in [0, bound); 0 for a bound of 0. The bias of the modulus is below 2^-32 for the
    // small bounds used here.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

    // Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
    std::uint64_t state_;
};

// A seed from the kernel's generator.
[[nodiscard]] std::uint64_t random_seed();

}  // namespace hermetic
