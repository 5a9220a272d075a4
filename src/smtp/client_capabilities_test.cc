#include "smtp/client_capabilities.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

Capabilities of(std::string text)
{
    return parse_capabilities(PeerReply{250, std::move(text)});
}

TEST(ClientCapabilities, ReadsTheOldFormOfAuth)
{
    EXPECT_EQ(of("mx\nAUTH=login plain").auth_mechanisms, "LOGIN PLAIN");
    EXPECT_EQ(of("mx\nAUTH=LOGIN\nAUTH PLAIN LOGIN").auth_mechanisms, "LOGIN PLAIN");
    EXPECT_EQ(of("mx\nAUTH PLAIN\nAUTH=PLAIN LOGIN").auth_mechanisms, "PLAIN LOGIN");
    EXPECT_EQ(of("mx\nAUTH=").auth_mechanisms, "");
    EXPECT_EQ(of("mx\nAUTHENTICATE LOGIN").auth_mechanisms, "");
}

TEST(ClientCapabilities, ReadsEveryKeywordInAnyCase)
{
    const auto all =
        of("mx.example.org Hello client\npipelining\nCHUNKING\nSize 1000\n8bitmime\n"
           "SMTPUTF8\nDSN\nSTARTTLS\nENHANCEDSTATUSCODES\nREQUIRETLS\n"
           "LIMITS RCPTMAX=50 MAILMAX=7\nAUTH plain  LOGIN\nX-UNKNOWN thing");
    Capabilities expected;
    expected.greeting_name = "mx.example.org";
    expected.pipelining = expected.chunking = expected.size = expected.eight_bit_mime = true;
    expected.smtputf8 = expected.dsn = expected.starttls = expected.enhanced_status_codes = true;
    expected.require_tls = true;
    expected.max_size = 1000;
    expected.max_recipients = 50;
    expected.max_messages = 7;
    expected.auth_mechanisms = "PLAIN LOGIN";
    EXPECT_EQ(all, expected);
}

TEST(ClientCapabilities, TheFirstLineIsAGreetingNeverAKeyword)
{
    EXPECT_FALSE(of("STARTTLS").starttls);
    EXPECT_TRUE(of("x\nSTARTTLS").starttls);
}

TEST(ClientCapabilities, UnreadableParametersCountAsAbsent)
{
    EXPECT_TRUE(of("x\nSIZE 99999999999999999999999").size);
    EXPECT_EQ(of("x\nSIZE 99999999999999999999999").max_size, 0U);
    EXPECT_EQ(of("x\nSIZE").max_size, 0U);
    EXPECT_EQ(of("x\nLIMITS RCPTMAX=0 RCPTMAX MAILMAX=x =5").max_recipients, 0U);
    EXPECT_FALSE(of("x\nSTARTTLSX").starttls);
    EXPECT_EQ(of(""), Capabilities{});
}

TEST(ClientCapabilities, IsBounded)
{
    std::string text = std::string(2000, 'n') + "\nAUTH";
    for (int i = 0; i < 300; ++i) text += " MECHANISM";
    const auto result = of(text);
    EXPECT_EQ(result.greeting_name.size(), 255U);
    EXPECT_LE(result.auth_mechanisms.size(), 500U);
}

}  // namespace
}  // namespace hermetic::smtp
