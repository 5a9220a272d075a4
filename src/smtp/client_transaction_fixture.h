// One transaction of ours against a scripted peer. For tests only.
#pragma once

#include "smtp/client_transaction.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::smtp {

// From a@sender.test to b@example.org, and to whom a test adds. The transcript has a line per write
// and reply: "C: " what went out ('|' for CRLF), "S: " what came, "C: (body)" for the message.
class TransactionTest : public testing::Test {
protected:
    using Next = ClientTransaction::Next;

    TransactionTest();
    ~TransactionTest() override;

    void to(std::string_view address);
    void begin();
    void take(ClientTransaction::Step step);
    void hear(int code, std::string text = "x");
    void talk(const std::vector<int>& codes);
    const facts::Outcome& outcome(std::size_t at = 0);

    Dialect dialect = Dialect::Smtp;
    Capabilities peer;
    mail::Envelope envelope;
    std::string body = "Subject: x\r\n\r\nhello\r\n";
    std::uint64_t size = 0;
    ContentNeeds needs;
    bool reset_first = false;
    std::unique_ptr<ClientTransaction> transaction;
    std::string transcript;
    Next last = Next::Done;
    std::size_t due = 0;  // of the last step
};

}  // namespace hermetic::smtp
