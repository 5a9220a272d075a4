#include "mail/xtext.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

TEST(Xtext, DecodesWhatRfc3461Allows)
{
    EXPECT_EQ(decode_xtext("a+2Bb+3Dc"), "a+b=c");
    EXPECT_EQ(decode_xtext("a+20b"), "a b");
    for (const char* bad : {"a=b", "a+2", "a+", "a+2b", "a b", "a+0D+0A", "a+00", "\xc3\xa9"}) {
        EXPECT_EQ(decode_xtext(bad), std::nullopt) << bad;
    }
    EXPECT_EQ(encode_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
}

TEST(Orcpt, KeepsTypeAndAddress)
{
    EXPECT_EQ(decode_orcpt("RFC822;a+2Bb@example.org", AllowUtf8::No), "rfc822;a+b@example.org");
    EXPECT_EQ(decode_orcpt("utf-8;j\\x{FC}rgen@example.org", AllowUtf8::No),
              "utf-8;jürgen@example.org");
    EXPECT_EQ(decode_orcpt("utf-8;jürgen@example.org", AllowUtf8::Yes), "utf-8;jürgen@example.org");
    for (const char* bad :
         {"", "rfc822", "rfc822;", ";a", "rf c;a", "rfc822;a b", "utf-8;a\\x{D}b",
          "utf-8;\\x{D800}", "utf-8;\\x{110000}", "utf-8;\\x{fc}", "utf-8;a\\b"}) {
        EXPECT_EQ(decode_orcpt(bad, AllowUtf8::Yes), std::nullopt) << bad;
    }
    EXPECT_EQ(decode_orcpt("utf-8;jürgen@example.org", AllowUtf8::No), std::nullopt);
}

// Postfix 3.7 writes it so; to refuse it would bounce all internationalised mail that it sends.
TEST(Orcpt, Utf8AsXtextUnderRfc822IsTakenForUtf8)
{
    EXPECT_EQ(decode_orcpt("rfc822;+D0+BF@example.org", AllowUtf8::No), "utf-8;\u043f@example.org");
    EXPECT_FALSE(decode_orcpt("rfc822;+FF@example.org", AllowUtf8::No).has_value());
    EXPECT_FALSE(decode_orcpt("rfc822;+0D+0A@example.org", AllowUtf8::No).has_value());
}

TEST(Orcpt, IsWrittenSoThatItReadsTheSame)
{
    for (const std::string decoded :
         {"rfc822;a+b@example.org", "utf-8;jür\\gen=+@example.org", "utf-8;𝕏"}) {
        for (const AllowUtf8 allow : {AllowUtf8::No, AllowUtf8::Yes}) {
            EXPECT_EQ(decode_orcpt(encode_orcpt(decoded, allow), allow), decoded);
        }
    }
    EXPECT_EQ(encode_orcpt("utf-8;jürgen", AllowUtf8::No), "utf-8;j\\x{FC}rgen");
}

}  // namespace
}  // namespace hermetic::mail
