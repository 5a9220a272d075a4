#include "mail/trace.h"

#include "core/text.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

ReceivedFacts facts()
{
    ReceivedFacts facts;
    facts.helo = "client.example.org";
    facts.client = *IpAddress::parse("192.0.2.7");
    facts.by = "mx.example.org";
    facts.protocol = "ESMTPS";
    facts.tls_version = "TLSv1.3";
    facts.tls_cipher = "TLS_AES_256_GCM_SHA384";
    facts.tls_group = "X25519";
    facts.certificate = ClientCertificateVerdict::Verified;
    facts.session = SessionId{0x1234};
    facts.received = WallTime{std::chrono::milliseconds{1795285475123}};
    return facts;
}

TEST(Received, NamesClientProtectionAndSession)
{
    EXPECT_EQ(format_received(facts()),
              "Received: from client.example.org ([192.0.2.7]) (using TLSv1.3 with cipher\r\n"
              "\tTLS_AES_256_GCM_SHA384 group X25519, client certificate verified) by\r\n"
              "\tmx.example.org (Hermetic) with ESMTPS id 00000000000000000000000000\r\n"
              "\t(session 0000000000001234); Sat, 21 Nov 2026 18:24:35 +0000\r\n");
}

TEST(Received, LetsForeignTextNeitherCloseACommentNorBreakALine)
{
    for (const std::string helo :
         {"a) by evil.example; (", "a\r\nX-Evil: yes", "(((", "ü", "\\", "[192.0.2.9]"}) {
        ReceivedFacts evil = facts();
        evil.helo = helo;
        const std::string field = format_received(evil);
        EXPECT_EQ(field.find("X-Evil: yes"), std::string::npos);
        EXPECT_EQ(std::count(field.begin(), field.end(), '('),
                  std::count(field.begin(), field.end(), ')'));
        EXPECT_TRUE(field.starts_with("Received: from [192.0.2.7] ([192.0.2.7])"));
        EXPECT_NE(field.find("(helo="), std::string::npos);
        EXPECT_TRUE(is_ascii(field));
        for (std::size_t at = field.find('\n'); at + 1 < field.size();
             at = field.find('\n', at + 1)) {
            EXPECT_EQ(field[at + 1], '\t');
        }
    }
}

TEST(Received, KeepsLinesShort)
{
    ReceivedFacts wide = facts();
    const std::string helo(60, 'h');
    wide.helo = helo;
    wide.client = *IpAddress::parse("2001:db8:1111:2222:3333:4444:5555:6666");
    wide.client_name = "name.of.client.example.org";
    for (const std::string_view line : split(format_received(wide), '\n')) {
        EXPECT_LE(line.size(), 79U) << line;
    }
}

TEST(Protocol, IsOneOfTheRegistered)
{
    using P = MailProtocol;
    EXPECT_EQ(format_protocol({P::Smtp, true, false, false}), "SMTP");
    EXPECT_EQ(format_protocol({P::Esmtp, false, false, false}), "ESMTP");
    EXPECT_EQ(format_protocol({P::Esmtp, true, true, false}), "ESMTPSA");
    EXPECT_EQ(format_protocol({P::Esmtp, false, true, false}), "ESMTPA");
    EXPECT_EQ(format_protocol({P::Esmtp, true, false, true}), "UTF8SMTPS");
    EXPECT_EQ(format_protocol({P::Lmtp, true, false, false}), "LMTPS");
    EXPECT_EQ(format_protocol({P::Lmtp, false, false, true}), "UTF8LMTP");
}

}  // namespace
}  // namespace hermetic::mail
