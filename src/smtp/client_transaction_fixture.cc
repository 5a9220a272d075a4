#include "smtp/client_transaction_fixture.h"

#include <utility>

namespace hermetic::smtp {
namespace {

mail::Mailbox mailbox(std::string_view text)
{
    const auto at = text.rfind('@');
    return {std::string{text.substr(0, at)}, *mail::Domain::parse(text.substr(at + 1))};
}

}  // namespace

TransactionTest::TransactionTest()
{
    envelope.sender = mailbox("a@sender.test");
    to("b@example.org");
    peer.pipelining = true;
}

TransactionTest::~TransactionTest() = default;

void TransactionTest::to(std::string_view address)
{
    envelope.recipients.push_back({.address = mailbox(address), .orcpt = ""});
}

void TransactionTest::begin()
{
    TransactionInput input;
    input.dialect = dialect;
    input.peer = &peer;
    input.envelope = &envelope;
    for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) input.recipients.push_back(i);
    input.body_size = size != 0 ? size : body.size();
    if (size == 0) input.body = Bytes{body};
    input.needs = needs;
    input.reset_first = reset_first;
    transaction = std::make_unique<ClientTransaction>(std::move(input));
    take(transaction->start());
}

void TransactionTest::take(ClientTransaction::Step step)
{
    if (!step.write.empty()) {
        transcript += "C: ";
        std::string_view rest = step.write;
        for (std::size_t end = rest.find("\r\n"); end != std::string_view::npos;
             end = rest.find("\r\n")) {
            transcript.append(rest.substr(0, end)).append("|");
            rest.remove_prefix(end + 2);
        }
        transcript.append(rest).append("\n");
    }
    last = step.next;
    due = step.due;
    if (step.next != Next::SendBody) return;
    transcript += transaction->body_is_dotted() ? "C: (body, dotted)\n" : "C: (body)\n";
    take(transaction->on_body_sent());
}

void TransactionTest::hear(int code, std::string text)
{
    transcript += "S: " + std::to_string(code) + "\n";
    take(transaction->on_reply(PeerReply{code, std::move(text)}));
}

void TransactionTest::talk(const std::vector<int>& codes)
{
    begin();
    for (const int code : codes) hear(code);
}

const facts::Outcome& TransactionTest::outcome(std::size_t at)
{
    EXPECT_EQ(transaction->results()[at].state, RecipientResult::State::Resolved);
    return transaction->results()[at].outcome;
}

}  // namespace hermetic::smtp
