// A number of a connector's name that is the same on every machine and in every version, unlike
// std::hash: for its minute of the day, and for the name of its file.
//
// Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace hermetic::validation {

// FNV-1a, 64 bits.
[[nodiscard]] constexpr std::uint64_t name_hash(std::string_view text)
{
    std::uint64_t value = 14695981039346656037ULL;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 1099511628211ULL;
    }
    return value;
}

}  // namespace hermetic::validation
