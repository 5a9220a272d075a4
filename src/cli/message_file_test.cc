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

}  // namespace
}  // namespace hermetic::cli
