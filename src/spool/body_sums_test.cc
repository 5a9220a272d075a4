#include "spool/body_sums.h"

#include "core/crc32c.h"
#include "spool/test_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::spool {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::make_text;
using ::testing::Optional;

std::string sums_of(const std::string& body, std::size_t step)
{
    BodySums sums;
    for (std::size_t at = 0; at < body.size(); at += step)
        sums.add(std::string_view{body}.substr(at, step));
    return sums.finish();
}

TEST(BodySums, AreThoseOfEachChunkHoweverItCame)
{
    const std::string body = make_text(2 * kBodyChunk + 10, 1);
    const std::string_view view{body};
    for (const std::size_t step :
         {std::size_t{1000}, kBodyChunk, body.size(), std::size_t{65'537}}) {
        const std::string octets = sums_of(body, step);
        EXPECT_EQ(octets.size(), sums_length(body.size()));
        EXPECT_THAT(parse_sums(octets, body.size()),
                    Optional(ElementsAre(crc32c(view.substr(0, kBodyChunk)),
                                         crc32c(view.substr(kBodyChunk, kBodyChunk)),
                                         crc32c(view.substr(2 * kBodyChunk)))));
    }
    const std::string whole_chunk = make_text(kBodyChunk, 2);
    EXPECT_THAT(parse_sums(sums_of(whole_chunk, 7), kBodyChunk),
                Optional(ElementsAre(crc32c(whole_chunk))));
    EXPECT_THAT(parse_sums(sums_of("", 1), 0), Optional(IsEmpty()));
}

TEST(BodySums, OneThatIsDamagedIsNone)
{
    const std::string body = make_text(kBodyChunk + 10, 1);
    const std::string octets = sums_of(body, 4096);
    EXPECT_FALSE(parse_sums(octets, kBodyChunk));
    EXPECT_FALSE(parse_sums("", body.size()));
    for (std::size_t at = 0; at < octets.size(); ++at) {
        std::string damaged = octets;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(parse_sums(damaged, body.size())) << at;
    }
}

}  // namespace
}  // namespace hermetic::spool
