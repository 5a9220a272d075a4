#include "smtp/message_needs.h"

#include "facts/reasons.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::smtp {

using facts::local_outcome;
using facts::Reason;

MessageNeeds needs_of(const mail::Envelope& envelope, std::uint64_t size, ContentNeeds content)
{
    MessageNeeds needs;
    needs.size = size;
    needs.eight_bit = content.eight_bit && envelope.body_type == mail::BodyType::EightBitMime;
    // The flag alone binds nobody: only what really is UTF-8 counts (RFC 6531 §3.6).
    needs.smtputf8 = content.utf8_header || (envelope.sender && envelope.sender->needs_smtputf8());
    return needs;
}

Offer offer_of(const Capabilities& peer)
{
    return {peer.max_size, peer.eight_bit_mime, peer.smtputf8};
}

Offer most_of(const Offer& one, const Offer& other)
{
    const bool unlimited = one.max_size == 0 || other.max_size == 0;
    return {unlimited ? 0 : std::max(one.max_size, other.max_size),
            one.eight_bit_mime || other.eight_bit_mime, one.smtputf8 || other.smtputf8};
}

std::optional<facts::Outcome> judge_offer(const Offer& offer, const MessageNeeds& needs)
{
    const bool lacks_eight_bit = needs.eight_bit && !offer.eight_bit_mime;
    const bool converted = lacks_eight_bit && needs.seven_bit_size;
    const std::uint64_t size = converted ? *needs.seven_bit_size : needs.size;
    if (offer.max_size != 0 && size > offer.max_size) {
        return local_outcome(Reason::SizeExceedsPeer,
                             fmt::format("the message has {} octets, the server accepts at most {}",
                                         size, offer.max_size));
    }
    if (lacks_eight_bit && !converted) {
        return local_outcome(Reason::ContentNeeds8bitmime,
                             "the message has 8-bit text, and the server does not offer 8BITMIME");
    }
    if (needs.smtputf8 && !offer.smtputf8) {
        return local_outcome(Reason::ContentNeedsSmtputf8,
                             "the message has an internationalised sender or header, and the "
                             "server does not offer SMTPUTF8");
    }
    return std::nullopt;
}

std::optional<facts::Outcome> judge_offer(const Offer& offer, const mail::Mailbox& recipient)
{
    if (offer.smtputf8 || !recipient.needs_smtputf8()) return std::nullopt;
    return local_outcome(Reason::ContentNeedsSmtputf8,
                         "the recipient's address is internationalised, and the server does not "
                         "offer SMTPUTF8");
}

}  // namespace hermetic::smtp
