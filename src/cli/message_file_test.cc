#include "cli/message_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hermetic::cli {
namespace {

TEST(MessageFile, CountsReceivedFields)
{
    const auto facts = read_header("Received: from a\r\n\tby b\r\nReceived: c\r\nSubject: x\r\n");
    EXPECT_EQ(facts.received_fields, 2U);
    EXPECT_FALSE(facts.tls_required_no);
}

TEST(MessageFile, TlsRequiredNoIsTheFieldAndTheValue)
{
    for (const auto* text : {"TLS-Required: No\r\n", "tls-required:no\n",
                             "A: b\r\nTLS-REQUIRED: NO", "TLS-Required:\r\n No\r\n"}) {
        EXPECT_TRUE(read_header(text).tls_required_no) << text;
    }
    for (const auto* text : {"TLS-Required: Yes\r\n", "TLS-Required: No\r\nTLS-Required: No\r\n",
                             "Subject: TLS-Required: No\r\n", "\r\nTLS-Required: No\r\n", ""}) {
        EXPECT_FALSE(read_header(text).tls_required_no) << text;
    }
}

TEST(MessageFile, AFileHasItsSizeToo)
{
    const auto file =
        std::filesystem::temp_directory_path() / ("hermetic-message-" + std::to_string(::getpid()));
    std::ofstream{file} << "Received: a\r\nTLS-Required: No\r\n\r\nbody\r\n";
    const auto facts = read_message_file(file);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->size, 39U);
    EXPECT_EQ(facts->received_fields, 1U);
    EXPECT_TRUE(facts->tls_required_no);
    std::filesystem::remove(file);
    EXPECT_FALSE(read_message_file(file));
}

TEST(MessageFile, WhatAMessageNeedsOfAServerIsInItsOctets)
{
    const auto plain = read_needs("Subject: x\r\n\r\nhello\r\n");
    EXPECT_EQ(plain.size, 21U);
    EXPECT_FALSE(plain.eight_bit);
    EXPECT_FALSE(plain.smtputf8);
    const auto text = read_needs(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
        "e\r\n");
    EXPECT_TRUE(text.eight_bit);
    EXPECT_FALSE(text.smtputf8);
    ASSERT_TRUE(text.seven_bit_size) << "it can be made 7-bit";
    EXPECT_GT(*text.seven_bit_size, text.size);
    const auto binary = read_needs(
        "MIME-Version: 1.0\r\nContent-Type: image/png\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n\xff\xfe\r\n");
    EXPECT_TRUE(binary.eight_bit);
    EXPECT_FALSE(binary.seven_bit_size);
    EXPECT_TRUE(read_needs("Subject: Gr\xc3\xbc\xc3\x9f\r\n\r\nx\r\n").smtputf8);
}

}  // namespace
}  // namespace hermetic::cli
