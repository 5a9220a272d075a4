// The client machine against any peer: it always ends, every recipient has exactly one outcome, and
// nothing is delivered that no positive reply to the data confirms.
#include "core/assert.h"
#include "smtp/client_session.h"
#include "smtp/client_transaction.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace hermetic;

// Choices from the input; zeros when it is used up.
struct Choices {
    const std::uint8_t* data;
    std::size_t left;
    std::uint8_t next()
    {
        if (left == 0) return 0;
        --left;
        return *data++;
    }
};

smtp::PeerReply reply_from(Choices& choices)
{
    static constexpr int kCodes[] = {250, 354, 220, 421, 450, 452, 550, 552, 503, 235, 334, 251};
    smtp::PeerReply reply;
    reply.code = kCodes[choices.next() % std::size(kCodes)];
    for (std::uint8_t length = choices.next() % 40; length != 0; --length) {
        reply.text += static_cast<char>(choices.next());
    }
    return reply;
}

bool run_session(Choices& choices, smtp::ClientSession& session)
{
    using Next = smtp::ClientSession::Next;
    auto step = session.start();
    for (int i = 0; i < 20; ++i) {
        switch (step.next) {
        case Next::ReadReply: {
            const auto reply = reply_from(choices);
            step = session.on_reply(reply);
            break;
        }
        case Next::Handshake:
            step = session.on_tls();
            break;
        case Next::Ready:
            if (session.in_tls() || !session.capabilities().starttls) return true;
            step = session.start_tls();
            break;
        case Next::Failed:
            HERMETIC_ASSERT(session.failure().has_value());
            return false;
        }
    }
    unreachable("a session has few steps");
}

mail::Envelope envelope_from(Choices& choices)
{
    mail::Envelope envelope;
    const auto domain = *mail::Domain::parse("example.org");
    if (choices.next() % 4 != 0) envelope.sender = mail::Mailbox{"a", domain};
    const std::size_t count = 1 + choices.next() % 130;
    for (std::size_t i = 0; i < count; ++i) {
        const bool utf8 = i == 3;
        envelope.recipients.push_back({.address = {utf8 ? "\xc3\xa4" : "b", domain}, .orcpt = ""});
    }
    if (choices.next() % 2 != 0) envelope.body_type = mail::BodyType::EightBitMime;
    return envelope;
}

void run_transaction(Choices& choices, const smtp::Capabilities& peer, smtp::Dialect dialect)
{
    using Next = smtp::ClientTransaction::Next;
    const auto envelope = envelope_from(choices);
    smtp::TransactionInput input;
    input.dialect = dialect;
    input.peer = &peer;
    input.envelope = &envelope;
    for (std::uint32_t i = 0; i < envelope.recipients.size(); ++i) input.recipients.push_back(i);
    input.body = Bytes{"x\r\n"};
    input.body_size = choices.next() % 2 != 0 ? 3 : 1U << 20;
    if (input.body_size != 3) input.body = {};
    input.needs.eight_bit = choices.next() % 4 == 0;
    input.reset_first = choices.next() % 4 == 0;
    smtp::ClientTransaction transaction{std::move(input)};
    auto step = transaction.start();
    bool confirmed = false;
    for (int i = 0; step.next != Next::Done && step.next != Next::Close; ++i) {
        HERMETIC_ASSERT(i < 1000);
        if (step.next == Next::SendBody) {
            step = transaction.on_body_sent();
            continue;
        }
        const bool at_end = transaction.stage() == facts::Stage::EndOfData;
        const auto reply = reply_from(choices);
        confirmed = confirmed || (at_end && reply.positive());
        step = transaction.on_reply(reply);
    }
    if (step.next == Next::Close) transaction.on_lost(facts::Outcome{});
    for (const auto& result : transaction.results()) {
        HERMETIC_ASSERT(result.state == smtp::RecipientResult::State::Resolved);
        HERMETIC_ASSERT(confirmed || result.outcome.result != facts::OutcomeClass::Delivered);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    Choices choices{data, size};
    const auto dialect = choices.next() % 4 == 0 ? smtp::Dialect::Lmtp : smtp::Dialect::Smtp;
    smtp::ClientSession session{dialect, "client.example"};
    run_session(choices, session);
    smtp::Capabilities peer = session.capabilities();
    const auto bits = choices.next();
    peer.pipelining = (bits & 1) != 0;
    peer.chunking = (bits & 2) != 0;
    peer.eight_bit_mime = (bits & 4) != 0;
    peer.smtputf8 = (bits & 8) != 0;
    run_transaction(choices, peer, dialect);
    return 0;
}
