// The client's side of one mail transaction: MAIL, RCPT, DATA or BDAT, and what each reply means
// for each recipient.
//
// Pure. RFC 5321 §3.3; RFC 2920 (what may go out in one write, and which reply belongs to what);
// RFC 3030 (BDAT); RFC 2033 (LMTP: a reply per recipient after the data); RFC 1870, 3461, 6152,
// 6531 (parameters, and what to do where the peer lacks them). LMTP always uses DATA: how many
// replies follow a refused BDAT is nowhere defined.
#pragma once

#include "core/bytes.h"
#include "facts/attempt.h"
#include "mail/envelope.h"
#include "smtp/client_session.h"
#include "smtp/message_needs.h"
#include "smtp/reply_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::smtp {

// Finds what a message needs by its octets, in a message that may come in pieces.
class ContentScanner {
public:
    void feed(std::string_view chunk);
    [[nodiscard]] ContentNeeds needs() const { return needs_; }

private:
    ContentNeeds needs_;
    bool in_header_ = true;
    std::size_t line_length_ = 0;  // of the header line under way, without CR
};

struct TransactionInput {
    Dialect dialect = Dialect::Smtp;
    const Capabilities* peer = nullptr;        // outlives the transaction
    const mail::Envelope* envelope = nullptr;  // outlives it
    std::vector<std::uint32_t> recipients;     // indexes into the envelope's, not empty
    std::uint64_t body_size = 0;
    Bytes body;  // where it is in memory
    ContentNeeds needs;
    bool reset_first = false;  // the transaction before left one open
};

struct RecipientResult {
    enum class State : std::uint8_t { Pending, Accepted, Resolved };
    std::uint32_t index = 0;  // into the envelope's recipients
    State state = State::Pending;
    bool too_many =
        false;  // refused only because of the number of recipients: RFC 5321 §4.5.3.1.10
    facts::Outcome outcome;  // where Resolved
};

class ClientTransaction {
public:
    enum class Next : std::uint8_t {
        ReadReply,
        SendBody,  // the message, then on_body_sent()
        Done,      // the connection may be used again
        Close,     // it may not
    };
    struct Step {
        Next next = Next::ReadReply;
        std::string_view write;  // first; valid until the next call
        std::size_t due = 0;     // replies to what was written before, still to come
    };

    // A message of up to so many octets goes out together with its envelope.
    static constexpr std::uint64_t kOneGoOctets = std::uint64_t{64} << 10;
    // Commands under way at a time: their replies must fit into what the kernel buffers, or both
    // sides wait for each other for ever (RFC 2920 §3.1).
    static constexpr std::size_t kMaxOutstanding = 100;

    explicit ClientTransaction(TransactionInput input);

    [[nodiscard]] Step start();
    [[nodiscard]] Step on_reply(const PeerReply& reply);
    [[nodiscard]] Step on_body_sent();
    // Done, and the peer has said more than it was asked: `surplus` has come behind the last reply
    // and is no 421. Which reply belonged to what is known no more: what the peer said counts for
    // nobody. But a reply that was awaited alone, all others being there, stands where what follows
    // says the same: the peer answers twice. The connection may not be used again.
    void on_surplus(std::string_view surplus);
    // For SendBody, before the whole message is sent: a reply that is neither 2xx nor 3xx. It is
    // the outcome at stage Data of all who were accepted, in LMTP too: of its replies, one for
    // each, no more would come. The connection may not be used again.
    void on_early_refusal(const PeerReply& reply);
    // The connection is gone or useless: every recipient without an outcome gets this one, with the
    // stage that the transaction had reached: EndOfData where the peer may have the whole message.
    // ReplyUnexpected: so does everybody about whom the peer has said something.
    // Part: what the last step wanted written was not all written.
    enum class Written : std::uint8_t { All, Part };
    void on_lost(facts::Outcome outcome, Written written = Written::All);

    [[nodiscard]] const TransactionInput& input() const { return input_; }
    // For SendBody: the dots of RFC 5321 §4.5.2 and the final one, or the bare octets after BDAT.
    [[nodiscard]] bool body_is_dotted() const { return dotted_; }
    [[nodiscard]] facts::Stage stage() const;
    // No reply has come yet but a 421: a kept connection that turned out dead (try another at
    // once).
    [[nodiscard]] bool untouched() const { return untouched_; }
    // The peer may have the whole message, though it has not said so: another may be a second one.
    [[nodiscard]] bool may_be_taken(Written written) const;
    [[nodiscard]] bool leaves_reset_due() const { return reset_due_; }
    [[nodiscard]] bool peer_is_busy() const { return busy_; }
    // It offered CHUNKING and does not know BDAT: nothing was taken, and what it makes of the
    // message's octets is unknown. On another connection DATA may do.
    [[nodiscard]] bool knows_no_bdat() const { return knows_no_bdat_; }
    [[nodiscard]] const std::vector<RecipientResult>& results() const { return results_; }
    [[nodiscard]] std::vector<RecipientResult>& results() { return results_; }

private:
    enum class Phase : std::uint8_t { Reset, Mail, Rcpt, Content, Body, Ended };
    enum class Command : std::uint8_t { Reset, Mail, Rcpt, Data, End };
    struct Expected {
        Command command;
        std::size_t recipient = 0;  // into results_, for Rcpt and (LMTP) End
    };

    void judge_before_sending();
    Step advance();
    bool may_send() const;
    // Returns false when nothing more can be sent before a reply.
    bool send_next();
    bool send_content();
    void write_mail();
    void write_recipient(const mail::Recipient& recipient);
    void expect(Command command, std::size_t recipient = 0);
    bool one_go() const;

    bool fits(Command command, const PeerReply& reply) const;
    void on_recipient_reply(std::size_t at, const PeerReply& reply);
    Step on_data_reply(const PeerReply& reply);
    void resolve_accepted(const facts::Outcome& outcome);
    void resolve_pending(const facts::Outcome& outcome);
    Step close_with(facts::Outcome outcome);
    Step close_in_doubt(std::string_view why, facts::Stage stage);
    void doubt(const facts::Outcome& outcome);
    facts::Stage stage_when_lost() const;
    bool sent_whole() const;
    std::size_t outstanding() const { return expected_.size() - answered_; }

    TransactionInput input_;
    std::vector<RecipientResult> results_;
    Phase phase_ = Phase::Mail;
    std::vector<Expected> expected_;
    std::size_t answered_ = 0;
    std::size_t next_recipient_ = 0;
    std::size_t accepted_ = 0;
    std::uint32_t replies_ = 0;
    int last_code_ = 0;          // of the last reply
    bool awaited_alone_ = true;  // the last command went out when all before it were answered
    bool untouched_ = true;
    bool filling_ = false;
    bool begins_anew_ = false;  // all is answered that went out before this write
    bool mail_refused_ = false;
    bool dotted_ = false;
    bool smtputf8_ = false;
    bool reset_due_ = false;
    bool busy_ = false;
    bool knows_no_bdat_ = false;
    bool discard_end_ = false;  // the lone dot after "354" to a transaction without recipients
    std::string out_;
};

}  // namespace hermetic::smtp
