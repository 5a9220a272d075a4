// CRC-32C (Castagnoli) over octets: what RocksDB's log and our body files are checked by. Pure.
//
// It finds what a disk did to octets, not what somebody did on purpose. RFC 3720 appendix B.4 has
// the polynomial and examples.
#pragma once

#include <cstdint>
#include <string_view>

namespace hermetic {

// The checksum of what `before` is the checksum of, followed by `octets`; of nothing it is 0.
[[nodiscard]] std::uint32_t crc32c(std::string_view octets, std::uint32_t before = 0);

}  // namespace hermetic
