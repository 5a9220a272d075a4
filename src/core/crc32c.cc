#include "core/crc32c.h"

#include <array>
#include <cstddef>

namespace hermetic {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
constexpr std::size_t kSlices = 8;

using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// Eight octets at a time, a table for each place: five times as fast as one by one.
constexpr Tables make_tables()
{
    Tables tables{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        std::uint32_t sum = octet;
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? kPolynomial : 0);
        tables[0][octet] = sum;
    }
    for (std::size_t slice = 1; slice < kSlices; ++slice) {
        for (std::size_t octet = 0; octet < 256; ++octet) {
            const std::uint32_t sum = tables[slice - 1][octet];
            tables[slice][octet] = (sum >> 8) ^ tables[0][sum & 0xff];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t octet_at(const char* at)
{
    return static_cast<unsigned char>(*at);
}

std::uint32_t word_at(const char* at)
{
    return octet_at(at) | octet_at(at + 1) << 8 | octet_at(at + 2) << 16 | octet_at(at + 3) << 24;
}

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t before)
{
    const auto& table = kTables;
    std::uint32_t sum = ~before;
    const char* at = octets.data();
    std::size_t left = octets.size();
    for (; left >= kSlices; left -= kSlices, at += kSlices) {
        const std::uint32_t low = sum ^ word_at(at);
        const std::uint32_t high = word_at(at + 4);
        sum = table[7][low & 0xff] ^ table[6][(low >> 8) & 0xff] ^ table[5][(low >> 16) & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][(high >> 8) & 0xff] ^
              table[1][(high >> 16) & 0xff] ^ table[0][high >> 24];
    }
    for (; left > 0; --left, ++at) sum = (sum >> 8) ^ table[0][(sum ^ octet_at(at)) & 0xff];
    return ~sum;
}

}  // namespace hermetic
