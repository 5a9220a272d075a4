// MAIL, RCPT and RSET.
#include "smtp/refusals.h"
#include "smtp/server_machine.h"

#include <algorithm>

namespace hermetic::smtp {

Next ServerMachine::on(command::Mail& mail, WallTime now)
{
    const config::LimitOptions& limits = settings_.limits;
    if (hello_ == Hello::None) return refuse(refusal::kSequenceHelloFirst, {}, now);
    if (transaction_) return refuse(refusal::kSequenceNestedMail, {}, now);
    if (messages_ >= limits.messages_per_session) return refuse(refusal::kLimitMessages, {}, now);
    if (requires_tls_ && !in_tls_) {  // RFC 3207 §4
        return refuse(offers_starttls_ ? refusal::kListenerTlsRequired : refusal::kTlsUnavailable,
                      {}, now);
    }
    // What came in clear could not be kept from anybody any more.
    if (mail.requiretls && !in_tls_) return refuse(refusal::kRequiretlsInClear, {}, now);
    if (mail.size && *mail.size > limits.message_size) {
        const std::string subject =
            "SIZE=" + std::to_string(*mail.size) + ", limit " + std::to_string(limits.message_size);
        return refuse(refusal::kLimitDeclaredSize, subject, now);
    }
    candidate_ = std::make_unique<Transaction>();
    candidate_->sender = std::move(mail.sender);
    candidate_->in_brackets = mail.in_brackets;
    candidate_->declared_size = mail.size;
    candidate_->declared_eight_bit = mail.eight_bit;
    candidate_->smtputf8 = mail.smtputf8;
    candidate_->requiretls = mail.requiretls;
    candidate_->ret = mail.ret;
    candidate_->envid = std::move(mail.envid);
    return Next::CheckSender;
}

Next ServerMachine::on_sender_accepted()
{
    transaction_ = std::move(candidate_);
    return reply(250, {2, 1, 0}, "sender ok");
}

Next ServerMachine::on_sender_refused(const Refusal& refusal, WallTime now)
{
    candidate_.reset();
    return refuse(*refusal.kind, refusal.subject, now);
}

Next ServerMachine::on(command::Rcpt& rcpt, WallTime now)
{
    if (!transaction_) {
        return refuse(
            hello_ == Hello::None ? refusal::kSequenceHelloFirst : refusal::kSequenceMailFirst, {},
            now);
    }
    if (transaction_->intake) return refuse(refusal::kSequenceChunksBegun, {}, now);
    if (transaction_->recipients.size() >= settings_.limits.recipients) {
        transaction_->any_recipient_refused = true;
        return refuse(refusal::kLimitRecipients, {}, now);
    }
    pending_recipient_ = std::make_unique<command::Rcpt>(std::move(rcpt));
    return Next::CheckRecipient;
}

Next ServerMachine::on_recipient_accepted(mail::Mailbox mailbox)
{
    auto& recipients = transaction_->recipients;
    const bool repeated = std::any_of(recipients.begin(), recipients.end(),
                                      [&](const auto& other) { return other.address == mailbox; });
    // Twice the same is one delivery; but LMTP answers for each RCPT (RFC 2033 §4.2).
    if (!repeated || is_lmtp()) {
        recipients.push_back(
            {std::move(mailbox), pending_recipient_->notify, std::move(pending_recipient_->orcpt)});
    }
    pending_recipient_.reset();
    return reply(250, {2, 1, 5}, "recipient ok");
}

Next ServerMachine::on_recipient_refused(const Refusal& refusal, WallTime now)
{
    transaction_->any_recipient_refused = true;
    pending_recipient_.reset();
    return refuse(*refusal.kind, refusal.subject, now);
}

Next ServerMachine::on(const command::Rset& /*rset*/, WallTime /*now*/)
{
    end_transaction();
    return reply(250, {2, 0, 0}, "ok");
}

void ServerMachine::end_transaction()
{
    transaction_.reset();
    candidate_.reset();
    pending_recipient_.reset();
    message_tail_ = {};
}

}  // namespace hermetic::smtp
