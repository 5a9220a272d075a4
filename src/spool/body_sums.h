// The checksums behind the octets of a body file: what was written is what is sent. Pure.
//
// A file is the body, and behind it a CRC-32C for each kBodyChunk octets of it, one over those, and
// a mark. A file that is as long as its body is of an earlier version, and has none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::spool {

inline constexpr std::size_t kBodyChunk = 64U << 10;

// Of a body of `size` octets.
[[nodiscard]] std::uint64_t sums_length(std::uint64_t size);

// Takes a body in pieces of any length.
class BodySums {
public:
    void add(std::string_view octets);
    // What is to be written behind the body. Nothing is to be added after it.
    [[nodiscard]] std::string finish();

private:
    std::vector<std::uint32_t> sums_;
    std::uint32_t sum_ = 0;
    std::size_t in_chunk_ = 0;
};

// The sum of each chunk; nullopt: it is not what finish() has written for a body of this size.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> parse_sums(std::string_view octets,
                                                                   std::uint64_t size);

}  // namespace hermetic::spool
