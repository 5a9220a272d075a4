// DATA, BDAT, and the reply at the end of a message.
#include "smtp/refusals.h"
#include "smtp/server_machine.h"

#include <algorithm>

namespace hermetic::smtp {

const RefusalKind* ServerMachine::obstacle_to_message() const
{
    if (hello_ == Hello::None) return &refusal::kSequenceHelloFirst;
    if (!transaction_) return &refusal::kSequenceMailFirst;
    if (!transaction_->recipients.empty()) return nullptr;
    // RFC 2033 §4.2 wants 503 also where all were refused.
    const bool refused = transaction_->any_recipient_refused && !is_lmtp();
    return refused ? &refusal::kSequenceNoRecipients : &refusal::kSequenceRecipientFirst;
}

Next ServerMachine::on(const command::Data& /*data*/, WallTime now)
{
    if (const RefusalKind* obstacle = obstacle_to_message()) return refuse(*obstacle, {}, now);
    if (transaction_->intake) return refuse(refusal::kSequenceChunksBegun, {}, now);  // RFC 3030 §2
    transaction_->intake =
        std::make_unique<MessageIntake>(MessageIntake::Framing::Data, settings_.limits);
    append_reply(output_, 354, {}, "send the message; end it with <CRLF>.<CRLF>");
    return Next::ReadMessage;
}

Next ServerMachine::on(const command::Bdat& bdat, WallTime now)
{
    const RefusalKind* obstacle = obstacle_to_message();
    // More than is worth reading, and its end is far away: the only way out is to close.
    if (bdat.octets > swallow_limit(settings_.limits)) {
        return end(refusal::kLimitSize, now);
    }
    if (obstacle != nullptr) {
        // RFC 3030 §2: the octets come in any case, and are no commands.
        discard_ = Discard{bdat.octets, obstacle};
        return bdat.octets == 0 ? on_message_read(now) : Next::ReadMessage;
    }
    if (!transaction_->intake) {
        transaction_->intake =
            std::make_unique<MessageIntake>(MessageIntake::Framing::Chunks, settings_.limits);
    }
    transaction_->intake->begin_chunk(bdat.octets,
                                      bdat.last ? ChunkReader::Last::Yes : ChunkReader::Last::No);
    return bdat.octets == 0 ? on_message_read(now) : Next::ReadMessage;
}

MessageIntake::Piece ServerMachine::take(std::string_view input)
{
    if (!discard_) {
        if (!input.empty()) idle_commands_ = 0;
        return transaction_->intake->next(input);
    }
    const auto taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(discard_->left, input.size()));
    discard_->left -= taken;
    return {taken, {}, discard_->left == 0, false};
}

void ServerMachine::fail_message(const RefusalKind& why)
{
    if (wants_message()) transaction_->intake->refuse(why);
}

Next ServerMachine::on_message_read(WallTime now)
{
    if (discard_) {
        const RefusalKind& why = *discard_->why;
        discard_.reset();
        return refuse(why, {}, now);
    }
    MessageIntake& intake = *transaction_->intake;
    if (intake.is_last_chunk()) message_tail_ = intake.finish();
    if (intake.refusal() != nullptr) return refuse_message(*intake.refusal(), now);
    if (intake.is_last_chunk()) return Next::StoreMessage;
    return reply(250, {2, 0, 0}, std::to_string(intake.octets()) + " octets received so far");
}

Next ServerMachine::on_cut_off(WallTime now)
{
    const RefusalKind* why = in_message() ? transaction_->intake->refusal() : nullptr;
    return end(why != nullptr ? *why : refusal::kLimitSize, now);
}

Next ServerMachine::on_stored(std::string_view id)
{
    std::string text{id};
    text += " accepted";
    const std::size_t replies = is_lmtp() ? transaction_->recipients.size() : 1;
    for (std::size_t i = 0; i < replies; ++i) append_reply(output_, 250, {2, 0, 0}, text);
    ++messages_;
    end_transaction();
    return Next::ReadCommand;
}

Next ServerMachine::on_not_stored(const RefusalKind& why, WallTime now)
{
    const Next next = refuse_message(why, now);
    refused_message_.reset();  // whoever could not store it has logged that
    return next;
}

Next ServerMachine::refuse_message(const RefusalKind& why, WallTime now)
{
    // RFC 2033 §4.2: one reply for each recipient, but only at the end of the whole message.
    const bool each = is_lmtp() && transaction_->intake->is_last_chunk();
    const std::size_t replies = each ? transaction_->recipients.size() : 1;
    for (std::size_t i = 1; i < replies; ++i) append(why, {}, now);
    ++messages_;
    refused_message_ = std::move(transaction_);
    end_transaction();
    return refuse(why, {}, now);
}

}  // namespace hermetic::smtp
