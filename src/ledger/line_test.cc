#include "ledger/line.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::ledger {
namespace {

std::string value_line(LineFormat format, const std::string& value)
{
    Line line{format};
    line.foreign("key", value);
    return line.finish();
}

// Values are looked at eight octets at a time: each octet, at each place of a block and of its
// rest.
TEST(Line, WhatNeedsNoEscapeStandsAsItIsAndNothingElse)
{
    for (std::size_t place = 0; place < 19; ++place) {
        for (int octet = 0; octet < 256; ++octet) {
            std::string value(19, 'a');
            value[place] = static_cast<char>(octet);
            const bool plain = octet >= ' ' && octet < 0x7f && octet != '"' && octet != '\\';
            const std::string json = value_line(LineFormat::Json, value);
            EXPECT_EQ(json.find("\"" + value + "\"") != std::string::npos, plain)
                << place << ": " << octet << " in " << json;
            for (const LineFormat format : {LineFormat::Json, LineFormat::Text}) {
                std::string line = value_line(format, value);
                while (line.ends_with('\n')) line.pop_back();
                for (const char c : line) EXPECT_TRUE(c >= ' ' && c < 0x7f) << octet;
            }
        }
    }
}

TEST(Line, OfAnyLengthIsLookedAtWhole)
{
    for (std::size_t length = 1; length < 40; ++length) {
        std::string value(length, 'x');
        value.back() = '\n';
        EXPECT_NE(value_line(LineFormat::Json, value).find("\\\\x0A"), std::string::npos) << length;
    }
}

}  // namespace
}  // namespace hermetic::ledger
