#include "mail/header_scan.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

HeaderScan scan(std::string_view message, std::size_t piece)
{
    HeaderScan scan;
    for (std::size_t i = 0; i < message.size(); i += piece) scan.feed(message.substr(i, piece));
    return scan;
}

constexpr std::string_view kMessage =
    "Received: one\r\n\tby two\r\nRECEIVED : three\r\nReceived-SPF: no\r\nX: Received: no\r\n"
    " Received: folded\r\nMessage-ID:\r\n <a@example.org> \r\nMessage-Id: <second@example.org>\r\n"
    "Subject: two\r\n\tlines \r\nSUBJECT: second\r\n"
    "\r\nReceived: in the body\r\nMessage-ID: <no>\r\nSubject: no\r\n";

TEST(HeaderScan, FindsTheSameHoweverTheMessageIsSplit)
{
    for (std::size_t piece = 1; piece < 40; ++piece) {
        const HeaderScan result = scan(kMessage, piece);
        EXPECT_TRUE(result.ended());
        EXPECT_EQ(result.received_fields(), 2U);
        EXPECT_EQ(result.message_id(), "<a@example.org>");
        EXPECT_EQ(result.subject(), "two\tlines");
        EXPECT_EQ(result.header_octets(), kMessage.find("\r\n\r\n") + 4);
        EXPECT_FALSE(result.header_has_8bit());
        EXPECT_FALSE(result.body_has_8bit());
    }
}

// RFC 8689 §3: one field, one value; it lifts protection, so nothing else is taken for it.
TEST(HeaderScan, TlsRequiredNoIsTheOneFieldWithTheOneValue)
{
    for (const auto* header :
         {"TLS-Required: No\r\n\r\n", "tls-required:no\r\n\r\n", "A: b\r\nTLS-REQUIRED: NO",
          "TLS-Required:\r\n No\r\n", "TLS-Required: \t No \t \r\nA: b\r\n",
          "TLS-Required: No\r\n \r\n\r\n"}) {
        for (std::size_t piece = 1; piece < 20; ++piece)
            EXPECT_TRUE(scan(header, piece).tls_required_no()) << header;
    }
    const std::string far = "TLS-Required: No" + std::string(1000, ' ') + "x\r\n";
    for (const char* header :
         {"TLS-Required: Yes\r\n", "TLS-Required: Nothing\r\n", "TLS-Required: N o\r\n",
          "TLS-Required: No (not now)\r\n", "TLS-Required: No\r\n\tnever\r\n", far.c_str(),
          "TLS-Required: No\r\nTLS-Required: No\r\n", "TLS-Required:\r\nTLS-Required: No\r\n",
          "TLS-Required: No\r\nTLS-Required: Yes\r\n", "X-TLS-Required: No\r\n",
          "TLS-Required-X: No\r\n", "Subject: TLS-Required: No\r\n",
          "Subject: x\r\n TLS-Required: No\r\n", "\r\nTLS-Required: No\r\n", ""}) {
        for (std::size_t piece = 1; piece < 20; ++piece)
            EXPECT_FALSE(scan(header, piece).tls_required_no()) << header;
    }
}

TEST(HeaderScan, TellsWhereTheEighthBitIs)
{
    EXPECT_TRUE(scan("Subject: é\r\n\r\nbody", 3).header_has_8bit());
    EXPECT_FALSE(scan("Subject: é\r\n\r\nbody", 3).body_has_8bit());
    EXPECT_FALSE(scan("Subject: e\r\n\r\nbody é", 3).header_has_8bit());
    EXPECT_TRUE(scan("Subject: e\r\n\r\nbody é", 3).body_has_8bit());
    for (std::size_t at = 0; at < 100; ++at) {
        std::string text(100, 'a');
        EXPECT_FALSE(has_8bit(text));
        text[at] = '\x80';
        EXPECT_TRUE(has_8bit(text)) << at;
    }
}

TEST(HeaderScan, IsBoundedWhateverComes)
{
    const HeaderScan result = scan("Message-ID: " + std::string(100000, 'x'), 1000);
    EXPECT_EQ(result.message_id().size(), 249U);
    EXPECT_FALSE(result.ended());
    EXPECT_EQ(scan("Subject: " + std::string(100000, 'x'), 1000).subject().size(), 999U);
    EXPECT_EQ(scan(std::string(100000, 'r'), 7).header_octets(), 100000U);
    EXPECT_TRUE(scan("\r\nbody", 1).ended());
    EXPECT_FALSE(scan("\rX\r\n", 1).ended());
}

}  // namespace
}  // namespace hermetic::mail
