#include "smtp/client_transaction.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "smtp/client_parameters.h"
#include "smtp/reply_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace hermetic::smtp {
namespace {

using facts::Reason;
using facts::Stage;

constexpr std::string_view kUnexpected = "the server sent a reply that belongs to no command";
constexpr std::string_view kSurplus =
    "the server sent more replies than it was asked for, so that it is not known which was the "
    "answer to what";
constexpr std::string_view kTakenForNobody =
    "the server accepted the message, but none of the recipients before it";
constexpr std::string_view kMayBeTaken =
    "; the whole message had been sent, so it may have been accepted";

// RFC 5321 §4.5.3.1.10: 452, and 552 of old servers, is "too many recipients", unless an enhanced
// status tells of something else (a full mailbox is 5.2.2).
bool says_too_many(const PeerReply& reply)
{
    const auto status = enhanced_status(reply);
    const bool told = status.subject != 0 || status.detail != 0;
    if (told) return status.subject == 5 && status.detail == 3;
    return reply.code == 452 || reply.code == 552;
}

// RFC 5321 §4.2.4.
bool is_unknown_command(const PeerReply& reply)
{
    return reply.code == 500 || reply.code == 502;
}

}  // namespace

ClientTransaction::ClientTransaction(TransactionInput input) : input_{std::move(input)}
{
    HERMETIC_ASSERT(!input_.recipients.empty());
    results_.reserve(input_.recipients.size());
    for (const auto index : input_.recipients) {
        RecipientResult result;
        result.index = index;
        results_.push_back(std::move(result));
    }
    if (input_.reset_first) phase_ = Phase::Reset;
    reset_due_ = input_.reset_first;
    judge_before_sending();
}

void ClientTransaction::judge_before_sending()
{
    const auto& envelope = *input_.envelope;
    smtputf8_ = input_.peer->smtputf8 && envelope.smtputf8;
    const Offer offer = offer_of(*input_.peer);
    const auto lacking = judge_offer(offer, needs_of(envelope, input_.body_size, input_.needs));
    if (lacking) return resolve_pending(*lacking);
    for (auto& result : results_) {
        auto refused = judge_offer(offer, envelope.recipients[result.index].address);
        if (!refused) continue;
        result.state = RecipientResult::State::Resolved;
        result.outcome = *std::move(refused);
    }
}

ClientTransaction::Step ClientTransaction::start()
{
    bool anything = false;
    for (const auto& result : results_) {
        anything = anything || result.state == RecipientResult::State::Pending;
    }
    if (!anything) {
        phase_ = Phase::Ended;
        return {Next::Done, {}};
    }
    return advance();
}

ClientTransaction::Step ClientTransaction::advance()
{
    out_.clear();
    const std::size_t due = outstanding();
    begins_anew_ = due == 0;
    filling_ = may_send();
    while (may_send() && send_next()) {
    }
    filling_ = false;
    if (outstanding() != 0) return {Next::ReadReply, out_, due};
    if (phase_ == Phase::Body) return {Next::SendBody, out_};
    return {Next::Done, out_};
}

bool ClientTransaction::may_send() const
{
    if (!input_.peer->pipelining) return outstanding() == 0;
    // The next commands go out together when half of those before are answered.
    return outstanding() < (filling_ ? kMaxOutstanding : kMaxOutstanding / 2);
}

bool ClientTransaction::send_next()
{
    switch (phase_) {
    case Phase::Reset:
        out_ += "RSET\r\n";
        expect(Command::Reset);
        phase_ = Phase::Mail;
        return true;
    case Phase::Mail:
        write_mail();
        expect(Command::Mail);
        phase_ = Phase::Rcpt;
        return true;
    case Phase::Rcpt:
        while (next_recipient_ < results_.size() &&
               results_[next_recipient_].state == RecipientResult::State::Resolved) {
            ++next_recipient_;
        }
        if (mail_refused_) {
            phase_ = Phase::Ended;
        } else if (next_recipient_ == results_.size()) {
            phase_ = Phase::Content;
        } else {
            write_recipient(input_.envelope->recipients[results_[next_recipient_].index]);
            expect(Command::Rcpt, next_recipient_);
            ++next_recipient_;
        }
        return phase_ != Phase::Ended;
    case Phase::Content:
        return send_content();
    case Phase::Body:
    case Phase::Ended:
        return false;
    }
    unreachable("every Phase is handled above");
}

bool ClientTransaction::send_content()
{
    // Nobody is left to receive it, and all that is known.
    if (outstanding() == 0 && (accepted_ == 0 || mail_refused_)) {
        phase_ = Phase::Ended;
        return false;
    }
    if (!input_.peer->chunking || input_.dialect == Dialect::Lmtp) {
        out_ += "DATA\r\n";
        expect(Command::Data);
        dotted_ = true;
        phase_ = Phase::Ended;
        return false;
    }
    // RFC 3030 §2: the server reads the chunk also where it has refused the envelope. So a small
    // message goes along; a large one waits until somebody is known to receive it. So does one
    // behind so many recipients that replies are under way: only where none is can it be seen that
    // what answers the message has not come before it.
    const bool goes_along = one_go() && begins_anew_;
    if (!goes_along && outstanding() != 0) return false;
    fmt::format_to(std::back_inserter(out_), "BDAT {} LAST\r\n", input_.body_size);
    if (!one_go()) {
        phase_ = Phase::Body;
        return false;
    }
    out_ += input_.body.view();
    expect(Command::End);
    phase_ = Phase::Ended;
    return false;
}

// In clear, a server that offers STARTTLS may want it, and refuse every command until then unread
// (RFC 3207 §4): the octets of a chunk would be commands to it.
bool ClientTransaction::one_go() const
{
    if (input_.peer->starttls) return false;
    return input_.peer->pipelining && input_.body_size <= kOneGoOctets &&
           input_.body.size() == input_.body_size;
}

void ClientTransaction::write_mail()
{
    const auto& envelope = *input_.envelope;
    const auto& peer = *input_.peer;
    out_ += "MAIL FROM:";
    out_ += mail::format_path(envelope.sender);
    if (peer.size) fmt::format_to(std::back_inserter(out_), " SIZE={}", input_.body_size);
    if (peer.eight_bit_mime && envelope.body_type == mail::BodyType::EightBitMime) {
        out_ += " BODY=8BITMIME";
    }
    if (smtputf8_) out_ += " SMTPUTF8";
    // RFC 8689 §4.2.1. That a host which must offer it does is the policy's to ask.
    if (peer.require_tls && envelope.tls.requiretls) out_ += " REQUIRETLS";
    if (peer.dsn) append_sender_dsn(envelope, out_);
    out_ += "\r\n";
}

void ClientTransaction::write_recipient(const mail::Recipient& recipient)
{
    out_ += "RCPT TO:<";
    out_ += recipient.address.format();
    out_ += '>';
    if (input_.peer->dsn) append_recipient_dsn(recipient, out_);
    out_ += "\r\n";
}

void ClientTransaction::expect(Command command, std::size_t recipient)
{
    awaited_alone_ = outstanding() == 0;
    expected_.push_back({command, recipient});
}

ClientTransaction::Step ClientTransaction::on_body_sent()
{
    HERMETIC_ASSERT(phase_ == Phase::Body);
    phase_ = Phase::Ended;
    if (input_.dialect == Dialect::Smtp) {
        expect(Command::End);
    } else {
        for (std::size_t i = 0; i < results_.size(); ++i) {
            if (results_[i].state == RecipientResult::State::Accepted) expect(Command::End, i);
        }
    }
    return {Next::ReadReply, {}};
}

Stage ClientTransaction::stage() const
{
    if (outstanding() == 0) return phase_ == Phase::Body ? Stage::Data : Stage::Mail;
    switch (expected_[answered_].command) {
    case Command::Reset:
    case Command::Mail:
        return Stage::Mail;
    case Command::Rcpt:
        return Stage::Rcpt;
    case Command::Data:
        return Stage::Data;
    case Command::End:
        return Stage::EndOfData;
    }
    unreachable("every Command is handled above");
}

bool ClientTransaction::fits(Command command, const PeerReply& reply) const
{
    if (command == Command::Data) return !reply.positive();
    return !reply.intermediate();
}

ClientTransaction::Step ClientTransaction::on_reply(const PeerReply& reply)
{
    ++replies_;
    last_code_ = reply.code;
    untouched_ = replies_ == 1 && reply.code == 421;
    // A kept connection may have had a "421 idle too long" in its way: it answers everything.
    if (reply.code == 421) {
        busy_ = true;
        return close_with(outcome_of_reply(stage(), reply));
    }
    if (outstanding() == 0 || !fits(expected_[answered_].command, reply)) {
        return close_in_doubt(kUnexpected, stage_when_lost());
    }
    // Who has refused everybody takes no message: the refusals were not theirs.
    const bool to_nobody = accepted_ == 0 && input_.dialect == Dialect::Smtp && !discard_end_;
    if (expected_[answered_].command == Command::End && to_nobody && reply.positive()) {
        return close_in_doubt(kTakenForNobody, Stage::EndOfData);
    }
    const auto [command, recipient] = expected_[answered_];
    const auto at_stage = stage();
    ++answered_;
    switch (command) {
    case Command::Reset:
        if (!reply.positive()) return close_with(outcome_of_reply(at_stage, reply));
        reset_due_ = false;
        break;
    case Command::Mail:
        mail_refused_ = !reply.positive();
        if (mail_refused_) resolve_pending(outcome_of_reply(at_stage, reply));
        reset_due_ = !mail_refused_;
        break;
    case Command::Rcpt:
        on_recipient_reply(recipient, reply);
        break;
    case Command::Data:
        return on_data_reply(reply);
    case Command::End:
        if (!dotted_ && is_unknown_command(reply)) {
            knows_no_bdat_ = true;
            return close_with(outcome_of_reply(at_stage, reply));
        }
        reset_due_ = false;
        if (input_.dialect == Dialect::Lmtp) {
            results_[recipient].outcome = outcome_of_reply(at_stage, reply);
            results_[recipient].state = RecipientResult::State::Resolved;
        } else if (!discard_end_) {
            resolve_accepted(outcome_of_reply(at_stage, reply));
        }
        break;
    }
    return advance();
}

void ClientTransaction::on_recipient_reply(std::size_t at, const PeerReply& reply)
{
    auto& result = results_[at];
    if (result.state == RecipientResult::State::Resolved) return;  // MAIL was refused before
    if (reply.positive()) {
        result.state = RecipientResult::State::Accepted;
        ++accepted_;
        return;
    }
    result.state = RecipientResult::State::Resolved;
    result.outcome = outcome_of_reply(Stage::Rcpt, reply);
    if (says_too_many(reply)) {
        result.too_many = true;
        result.outcome.result = facts::OutcomeClass::Deferred;
        result.outcome.reason = Reason::RcptDeferred;
    }
}

ClientTransaction::Step ClientTransaction::on_data_reply(const PeerReply& reply)
{
    if (!reply.intermediate()) {
        resolve_accepted(outcome_of_reply(Stage::Data, reply));
        return advance();
    }
    if (accepted_ != 0) {
        phase_ = Phase::Body;
        return {Next::SendBody, {}};
    }
    // RFC 2920 §3.1: DATA was on its way before the last recipient was refused. An empty message
    // ends it; RFC 2033 §4.2 would have no reply to wait for.
    if (input_.dialect == Dialect::Lmtp) return {Next::Close, {}};
    discard_end_ = true;
    expect(Command::End);
    return {Next::ReadReply, ".\r\n"};
}

void ClientTransaction::resolve_accepted(const facts::Outcome& outcome)
{
    for (auto& result : results_) {
        if (result.state != RecipientResult::State::Accepted) continue;
        result.state = RecipientResult::State::Resolved;
        result.outcome = outcome;
    }
}

void ClientTransaction::resolve_pending(const facts::Outcome& outcome)
{
    for (auto& result : results_) {
        if (result.state == RecipientResult::State::Resolved) continue;
        result.state = RecipientResult::State::Resolved;
        result.outcome = outcome;
    }
}

ClientTransaction::Step ClientTransaction::close_with(facts::Outcome outcome)
{
    phase_ = Phase::Ended;
    resolve_pending(outcome);
    return {Next::Close, {}};
}

// The replies are not those of the commands.
ClientTransaction::Step ClientTransaction::close_in_doubt(std::string_view why, Stage stage)
{
    phase_ = Phase::Ended;
    doubt(facts::local_outcome(Reason::ReplyUnexpected, stage, std::string{why}));
    return {Next::Close, {}};
}

// What we refused ourselves nobody has answered.
void ClientTransaction::doubt(const facts::Outcome& outcome)
{
    for (auto& result : results_) {
        const bool resolved = result.state == RecipientResult::State::Resolved;
        if (resolved && result.outcome.origin != facts::Origin::Remote) continue;
        result.state = RecipientResult::State::Resolved;
        result.too_many = false;
        result.outcome = outcome;
    }
}

void ClientTransaction::on_early_refusal(const PeerReply& reply)
{
    HERMETIC_ASSERT(phase_ == Phase::Body && (reply.temporary() || reply.permanent()));
    busy_ = busy_ || reply.code == 421;
    knows_no_bdat_ = !dotted_ && is_unknown_command(reply);
    phase_ = Phase::Ended;
    resolve_pending(outcome_of_reply(Stage::Data, reply));
}

void ClientTransaction::on_surplus(std::string_view surplus)
{
    HERMETIC_ASSERT(outstanding() == 0 && !surplus.empty());
    phase_ = Phase::Ended;
    if (awaited_alone_ && surplus.front() == '0' + last_code_ / 100) return;
    const bool sent = sent_whole();
    std::string words{kSurplus};
    if (sent) words += kMayBeTaken;
    doubt(facts::local_outcome(Reason::ReplyUnexpected, sent ? Stage::EndOfData : Stage::Rcpt,
                               std::move(words)));
}

void ClientTransaction::on_lost(facts::Outcome outcome, Written written)
{
    outcome.stage = may_be_taken(written) ? Stage::EndOfData : stage();
    if (outcome.stage == Stage::EndOfData && outcome.origin == facts::Origin::Local) {
        outcome.text += kMayBeTaken;
    }
    phase_ = Phase::Ended;
    if (outcome.reason == Reason::ReplyUnexpected) return doubt(outcome);
    resolve_pending(outcome);
}

bool ClientTransaction::may_be_taken(Written written) const
{
    return written == Written::All && stage_when_lost() == Stage::EndOfData;
}

// The message's last octet may be on its way before MAIL is answered. Then the peer may have taken
// it: whoever sends it again has to know.
Stage ClientTransaction::stage_when_lost() const
{
    for (std::size_t i = answered_; i < expected_.size(); ++i) {
        if (expected_[i].command == Command::End) return Stage::EndOfData;
    }
    return stage();
}

// Somebody was to receive it.
bool ClientTransaction::sent_whole() const
{
    return !discard_end_ && std::ranges::any_of(expected_, [](const Expected& each) {
        return each.command == Command::End;
    });
}

}  // namespace hermetic::smtp
