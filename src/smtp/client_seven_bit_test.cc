#include "smtp/client_seven_bit.h"

#include "mail/header_scan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hermetic::smtp {
namespace {

// '|' stands for CRLF.
std::string lines(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '|') {
            out += "\r\n";
        } else {
            out += c;
        }
    }
    return out;
}

std::string converted(std::string_view message)
{
    const auto result = to_seven_bit(lines(message));
    if (!result) return "(no)";
    std::string text;
    for (std::size_t i = 0; i < result->size(); ++i) {
        if (result->substr(i, 2) == "\r\n") {
            text += '|';
            ++i;
        } else {
            text += (*result)[i];
        }
    }
    return text;
}

TEST(SevenBit, LeavesSevenBitTextAlone)
{
    EXPECT_EQ(converted("A: b|Content-Transfer-Encoding: 8bit||plain|"),
              "A: b|Content-Transfer-Encoding: 8bit||plain|");
    EXPECT_EQ(converted("A: b"), "A: b");
    EXPECT_EQ(converted(""), "");
    EXPECT_EQ(converted("A: \xe4||plain|"), "A: \xe4||plain|") << "its header stays as it came";
}

TEST(SevenBit, EncodesALeaf)
{
    EXPECT_EQ(converted("MIME-Version: 1.0|Content-Type: text/plain; charset=utf-8|"
                        "content-transfer-encoding: 8BIT|A: b||\xc3\xa4=x |end"),
              "MIME-Version: 1.0|Content-Type: text/plain; charset=utf-8|A: b|"
              "Content-Transfer-Encoding: quoted-printable||=C3=A4=3Dx=20|end");
}

TEST(SevenBit, TextFromBeforeMimeGetsItsFields)
{
    EXPECT_EQ(converted("A: b||\xe4|"),
              "MIME-Version: 1.0|Content-Type: text/plain; charset=unknown-8bit|A: b|"
              "Content-Transfer-Encoding: quoted-printable||=E4|");
}

TEST(SevenBit, EncodesOnlyThePartsThatNeedIt)
{
    EXPECT_EQ(converted("MIME-Version: 1.0|Content-Type: multipart/mixed;| boundary=\"b b\"|"
                        "Content-Transfer-Encoding: 8bit||pre|--b b|Content-Type: text/plain||"
                        "caf\xc3\xa9|--b b|Content-Transfer-Encoding: base64||AAAA|--b b--|post|"),
              "MIME-Version: 1.0|Content-Type: multipart/mixed;| boundary=\"b b\"|"
              "Content-Transfer-Encoding: 7bit||pre|--b b|Content-Type: text/plain|"
              "Content-Transfer-Encoding: quoted-printable||caf=C3=A9|--b b|"
              "Content-Transfer-Encoding: base64||AAAA|--b b--|post|");
}

TEST(SevenBit, GoesIntoNestedMessagesAndParts)
{
    EXPECT_EQ(converted("MIME-Version: 1.0|Content-Type: multipart/mixed; boundary=o||--o|"
                        "Content-Type: message/rfc822||MIME-Version: 1.0|"
                        "Content-Type: multipart/alternative; boundary=i||--i||\xe4|--i--|--o--|"),
              "MIME-Version: 1.0|Content-Type: multipart/mixed; boundary=o|"
              "Content-Transfer-Encoding: 7bit||--o|Content-Type: message/rfc822|"
              "Content-Transfer-Encoding: 7bit||MIME-Version: 1.0|"
              "Content-Type: multipart/alternative; boundary=i|Content-Transfer-Encoding: 7bit||"
              "--i|Content-Transfer-Encoding: quoted-printable||=E4|--i--|--o--|");
}

TEST(SevenBit, RefusesWhatItCouldDamage)
{
    for (const auto* message : {
             "Content-Type: multipart/signed; boundary=b||--b||\xe4|--b--|",
             "Content-Type: multipart/encrypted; boundary=b||--b||\xe4|--b--|",
             "Content-Type: multipart/digest; boundary=b||--b||A: b||\xe4|--b--|",
             "Content-Type: multipart/mixed||--b||\xe4|--b--|",
             "Content-Type: multipart/mixed; boundary=b||\xe4|",
             "Content-Type: multipart/mixed; boundary=b||\xe4|--b||x|--b--|",
             "Content-Type: multipart/mixed; boundary=b||--b||\xe4|--b--|\xe4|",
             "Content-Type: multipart/mixed; boundary=b||--b|A: \xe4||x|--b--|",
             "Content-Type: message/partial||\xe4|",
             "Content-Type: message/global||\xe4|",
             "Content-Transfer-Encoding: binary||\xe4|",
             "Content-Transfer-Encoding: base64||\xe4|",
             "Content-Transfer-Encoding: 8bit|Content-Transfer-Encoding: 7bit||\xe4|",
             "Content-Type: text/plain|Content-Type: text/html||\xe4|",
             "Content-Type: multipart/mixed (what); boundary=b||--b||\xe4|--b--|",
             "Content-Type: multipart/mixed; boundary=\"b||--b||\xe4|--b--|",
         }) {
        EXPECT_EQ(converted(message), "(no)") << message;
    }
    std::string deep;
    for (int i = 0; i < 12; ++i) deep += "Content-Type: message/rfc822||";
    EXPECT_EQ(converted(deep + "\xe4"), "(no)");
}

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += text[i];
        } else if (text.substr(i, 3) == "=\r\n") {
            i += 2;
        } else {
            out += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
            i += 2;
        }
    }
    return out;
}

TEST(QuotedPrintable, DecodesToTheSameInShortLines)
{
    std::string every;
    for (int octet = 0; octet < 256; ++octet) every += static_cast<char>(octet);
    const std::vector<std::string> texts{"",
                                         every,
                                         every + "\r\n" + every,
                                         std::string(200, 'x'),
                                         std::string(75, 'x') + "\xe4",
                                         std::string(76, 'x'),
                                         std::string(76, 'x') + "\r\n",
                                         std::string(75, 'x') + " \r\n",
                                         "a \r\nb\t\r\n",
                                         "bare\rbare\n",
                                         std::string(73, 'x') + "==\r\n",
                                         "\r\n\r\n"};
    for (const auto& text : texts) {
        std::string out;
        append_quoted_printable(text, out);
        EXPECT_EQ(decoded(out), text);
        EXPECT_FALSE(mail::has_8bit(out));
        std::size_t start = 0;
        while (start < out.size()) {
            const auto end = std::min(out.find("\r\n", start), out.size());
            EXPECT_LE(end - start, 76U);
            start = end + 2;
        }
    }
}

}  // namespace
}  // namespace hermetic::smtp
