// The part of a dialogue in which the message itself comes: DATA, BDAT and their end.
#include "core/text.h"
#include "lab/dialogue.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::lab {
namespace {

// Above every SIZE limit of the table: the lab never reads on without end.
constexpr std::uint64_t kBiggestMessage = 512ULL << 20;

bool is_accepted(const RecipientRecord& recipient)
{
    return recipient.code == 250;
}

}  // namespace

Task<Dialogue::Then> Dialogue::on_data()
{
    if (sink_) {
        violated("DATA after BDAT");
        co_return co_await reply(503, "5.5.1", "Out of order");
    }
    if (!has_mail_) co_return co_await reply(503, "5.5.1", "MAIL first");
    if (std::ranges::none_of(message_.recipients, is_accepted)) {
        co_return co_await reply(554, "5.5.1", "No valid recipients");
    }
    const Reaction reaction = co_await react(Moment::Data);
    if (reaction != Reaction::Honest) co_return co_await after_own_words(reaction);
    const Then asked = co_await send("354 Go on\r\n");
    if (asked == Then::End) co_return Then::End;
    co_return co_await receive_dotted();
}

Task<Dialogue::Then> Dialogue::receive_dotted()
{
    begin_message("DATA");
    DotReader reader{*sink_};
    while (!reader.is_done()) {
        auto octets = co_await channel_.read_some(64 * 1024);
        if (!octets) co_return end(describe(octets.error()));
        const std::size_t used = reader.feed(*octets);
        if (used < octets->size()) channel_.unread(octets->substr(used));
        const Reaction reaction = co_await react(Moment::InData);
        if (reaction == Reaction::Ended) co_return Then::End;
        if (sink_->size() > kBiggestMessage) co_return end("message without an end");
    }
    note(TranscriptLine::From::Client, fmt::format("[message of {} octets]", sink_->size()));
    check_turn("the end of DATA");
    co_return co_await end_message();
}

Task<Dialogue::Then> Dialogue::on_bdat(std::string argument)
{
    const auto parts = split(argument, ' ');
    const auto octets = parse_decimal<std::uint64_t>(parts[0]);
    const bool last = parts.size() == 2 && iequals(parts[1], "LAST");
    if (!octets || *octets > kBiggestMessage || parts.size() > 2 || (parts.size() == 2 && !last)) {
        violated("syntax of BDAT");
        co_return end("chunk of unknown size");  // where the next command begins is unknown too
    }
    if (!behaviour_.extensions.chunking || !extended_) violated("BDAT was not offered");

    // A chunk follows whatever the answer will be (RFC 3030 §2): refusing means to read it away.
    const bool wanted = has_mail_ && std::ranges::any_of(message_.recipients, is_accepted) &&
                        behaviour_.extensions.chunking;
    const Deviation* const deviation = wanted ? find_deviation(Moment::Data, "") : nullptr;
    if (wanted && deviation == nullptr && !sink_) begin_message("BDAT");
    const bool refused = !wanted || deviation != nullptr;
    const Then received = co_await receive_chunk(static_cast<std::size_t>(*octets), refused);
    if (received == Then::End) co_return Then::End;
    if (!wanted) co_return co_await reply(554, "5.5.1", "No valid recipients");
    if (deviation != nullptr) {
        const Reaction reaction = co_await act_out(*deviation);
        co_return co_await after_own_words(reaction);
    }
    if (!last) co_return co_await reply(250, "2.0.0", fmt::format("{} octets", *octets));
    co_return co_await end_message();
}

Task<Dialogue::Then> Dialogue::receive_chunk(std::size_t octets, bool refused)
{
    std::size_t missing = octets;
    while (missing > 0) {
        const auto some = co_await channel_.read_some(std::min<std::size_t>(missing, 64 * 1024));
        if (!some) co_return end(describe(some.error()));
        missing -= some->size();
        if (refused) continue;
        sink_->append(*some);
        const Reaction reaction = co_await react(Moment::InData);
        if (reaction == Reaction::Ended) co_return Then::End;
        if (sink_->size() > kBiggestMessage) co_return end("message without an end");
    }
    note(TranscriptLine::From::Client, fmt::format("[chunk of {} octets]", octets));
    co_return Then::Continue;
}

Task<Dialogue::Then> Dialogue::end_message()
{
    check_content();
    ++record_.messages;
    const Deviation* const deviation = find_deviation(Moment::EndOfData, "");
    if (deviation != nullptr) {
        store_message(deviation->act == Act::Reply ? deviation->code : 0, true);
        forget_transaction();
        const Reaction reaction = co_await act_out(*deviation);
        co_return co_await after_own_words(reaction);
    }
    if (sink_->size() > behaviour_.extensions.size_limit) {
        store_message(552, true);
        forget_transaction();
        co_return co_await reply(552, "5.3.4", "Message too big");
    }
    if (behaviour_.protocol == Protocol::Lmtp) co_return co_await end_lmtp_message();
    // Stored first: who sees the 250 finds the record.
    store_message(250, true);
    forget_transaction();
    co_return co_await reply(250, "2.0.0", "Taken");
}

// One reply for each recipient that was accepted, in their order (RFC 2033 §4.2).
Task<Dialogue::Then> Dialogue::end_lmtp_message()
{
    std::vector<bool> taken;
    for (auto& recipient : message_.recipients) {
        if (!is_accepted(recipient)) continue;
        const bool over = local_part(recipient.path).starts_with("quota");
        if (over) recipient.code = 552;
        taken.push_back(!over);
    }
    store_message(250, true);
    forget_transaction();
    for (const bool ok : taken) {
        const auto* const enhanced = ok ? "2.0.0" : "5.2.2";
        const auto* const text = ok ? "Taken" : "Over quota";
        const Then sent = co_await reply(ok ? 250 : 552, enhanced, text);
        if (sent == Then::End) co_return Then::End;
    }
    co_return Then::Continue;
}

void Dialogue::begin_message(std::string_view command)
{
    sink_ = std::make_unique<MessageSink>(state_.keep_body);
    message_.command = std::string{command};
    message_.data_in_clear = !channel_.is_tls();
}

void Dialogue::check_content()
{
    if (sink_->has_8bit() && !eight_bit_) violated("8-bit octets without BODY=8BITMIME");
    if (sink_->has_bare_newline()) violated("bare CR or LF in the message");
    if (sink_->has_long_line()) violated("line of over 998 octets in the message");
    if (!sink_->ends_in_newline()) violated("message does not end in CRLF");
}

void Dialogue::store_message(int code, bool complete)
{
    message_.partner = record_.partner;
    message_.connection = record_.number;
    message_.ehlo = record_.ehlo.empty() ? std::string{} : record_.ehlo.back();
    message_.size = sink_->size();
    message_.body_kept = sink_->is_kept();
    message_.body = sink_->take_body();
    message_.sha256 = sink_->sha256_hex();
    message_.tls = record_.tls;
    message_.complete = complete;
    message_.code = code;
    state_.book.add(std::move(message_));
    message_ = MessageRecord{};
    sink_.reset();
}

}  // namespace hermetic::lab
