// Numbers in few octets, and keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace evidence_bench {

// Base 128, low groups first.
inline void put_number(std::string& out, std::uint64_t value)
{
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

inline std::uint64_t take_number(std::string_view& in)
{
    std::uint64_t value = 0;
    for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
        const auto octet = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
        if (octet < 0x80) break;
    }
    return value;
}

inline void put_text(std::string& out, std::string_view text)
{
    put_number(out, text.size());
    out += text;
}

// A key has 48 bits: 47 of a hash, or this bit and the number of an item, whose rows it names.
inline constexpr std::uint64_t kItemKey = 1ULL << 47;

// FNV-1a, and a last mix so that all bits depend on all octets.
inline std::uint64_t key_of(std::uint8_t kind, std::string_view text)
{
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ kind;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15ULL;
    return (hash ^ (hash >> 29)) >> 17;
}

}  // namespace evidence_bench
