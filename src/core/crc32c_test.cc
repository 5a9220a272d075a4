#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic {
namespace {

// RFC 3720 appendix B.4.
TEST(Crc32c, IsThatOfTheRfc)
{
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
    std::string ascending;
    for (char octet = 0; octet < 32; ++octet) ascending += octet;
    EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, OfPartsIsThatOfTheWhole)
{
    const std::string text = "The quick brown fox jumps over the lazy dog, twice over.";
    for (std::size_t at = 0; at <= text.size(); ++at) {
        EXPECT_EQ(crc32c(text.substr(at), crc32c(text.substr(0, at))), crc32c(text)) << at;
    }
}

}  // namespace
}  // namespace hermetic
