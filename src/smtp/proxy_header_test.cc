#include "smtp/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::smtp {
namespace {

std::string v2(char version_command, char family, const std::string& block)
{
    std::string header{"\r\n\r\n\0\r\nQUIT\n", 12};
    header += version_command;
    header += family;
    header += static_cast<char>(block.size() >> 8);
    header += static_cast<char>(block.size() & 0xff);
    return header + block;
}

const std::string kV4Block{"\xc0\x00\x02\x01\xc0\x00\x02\x02\x10\x00\x00\x19", 12};

TEST(ProxyHeader, ReadsBothVersions)
{
    const auto v1 = parse_proxy_header("PROXY TCP4 192.0.2.1 192.0.2.2 4096 25\r\nEHLO");
    ASSERT_TRUE(v1 && v1->route);
    EXPECT_EQ(v1->route->source.format(), "192.0.2.1:4096");
    EXPECT_EQ(v1->length, 40U);
    const auto v6 = parse_proxy_header("PROXY TCP6 2001:db8::1 2001:db8::2 4096 25\r\n");
    ASSERT_TRUE(v6 && v6->route);
    EXPECT_EQ(v6->route->source.format(), "[2001:db8::1]:4096");
    const auto binary = parse_proxy_header(v2('\x21', '\x11', kV4Block + "tlv") + "EHLO");
    ASSERT_TRUE(binary && binary->route);
    EXPECT_EQ(*binary->route, *v1->route);
    EXPECT_EQ(binary->length, 31U);
}

TEST(ProxyHeader, KnowsConnectionsOfTheProxyItself)
{
    for (const std::string& header :
         {std::string{"PROXY UNKNOWN\r\n"}, std::string{"PROXY UNKNOWN anything 1 2\r\n"},
          v2('\x20', '\x00', ""), v2('\x20', '\x11', kV4Block), v2('\x20', '\x7f', "x"),
          v2('\x21', '\x00', ""), v2('\x21', '\x12', kV4Block), v2('\x21', '\x31', kV4Block)}) {
        const auto parsed = parse_proxy_header(header);
        ASSERT_TRUE(parsed) << header;
        EXPECT_FALSE(parsed->route);
        EXPECT_EQ(parsed->length, header.size());
    }
}

TEST(ProxyHeader, AsksForMoreUntilItIsWhole)
{
    for (const std::string& header : {std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 4096 25\r\n"},
                                      v2('\x21', '\x11', kV4Block)}) {
        for (std::size_t i = 0; i < header.size(); ++i) {
            const auto parsed = parse_proxy_header(std::string_view{header}.substr(0, i));
            ASSERT_FALSE(parsed);
            EXPECT_EQ(parsed.error(), ProxyError::Incomplete) << i;
        }
    }
}

TEST(ProxyHeader, RefusesWhatIsNone)
{
    for (const std::string& header : {std::string{"EHLO client\r\n"},
                                      std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 4096\r\n"},
                                      std::string{"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"},
                                      std::string{"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"},
                                      std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"},
                                      std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 4096 25\n"},
                                      std::string{"PROXY \n"},
                                      std::string{"PROXY UNKNOWN\nPROXY UNKNOWN\r\n"},
                                      "PROXY " + std::string(200, 'x'),
                                      v2('\x11', '\x11', kV4Block),
                                      v2('\x22', '\x11', kV4Block),
                                      v2('\x21', '\x11', "short"),
                                      v2('\x21', '\x21', kV4Block),
                                      v2('\x21', '\x41', kV4Block),
                                      v2('\x21', '\x13', kV4Block),
                                      v2('\x21', '\x01', ""),
                                      v2('\x21', '\x10', kV4Block),
                                      std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 04096 25\r\n"},
                                      std::string{"PROXY TCP4 192.0.2.1 192.0.2.2 4096 025\r\n"},
                                      std::string{"PROXY TCP4 192.0.02.1 192.0.2.2 4096 25\r\n"},
                                      std::string{"PROXY TCP4 192.0.2.1 192.000.2.2 4096 25\r\n"},
                                      v2('\x21', '\x11', std::string(3000, 'x'))}) {
        const auto parsed = parse_proxy_header(header);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error(), ProxyError::Malformed);
    }
}

}  // namespace
}  // namespace hermetic::smtp
