// What a message needs of a server, and whether a server offers it: decided before MAIL, by one
// function for delivery and for what only asks about it (`hermetic explain`).
//
// Pure. RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 §3.6 (SMTPUTF8).
#pragma once

#include "facts/attempt.h"
#include "mail/envelope.h"
#include "smtp/client_session.h"

#include <cstdint>
#include <optional>

namespace hermetic::smtp {

// How a message's octets bear on a peer that offers less than they need.
struct ContentNeeds {
    bool eight_bit = false;    // octets above 127 in the body, of a message declared 8BITMIME
    bool utf8_header = false;  // octets above 127 in the header
};

struct MessageNeeds {
    std::uint64_t size = 0;  // octets
    bool eight_bit = false;
    // Its size where it is made 7-bit for a peer that needs it so; nullopt: it cannot be.
    std::optional<std::uint64_t> seven_bit_size{};
    bool smtputf8 = false;  // its sender or header is internationalised
};
[[nodiscard]] MessageNeeds needs_of(const mail::Envelope& envelope, std::uint64_t size,
                                    ContentNeeds content);

// What a server offers for messages.
struct Offer {
    std::uint64_t max_size = 0;  // octets; 0: no limit is known
    bool eight_bit_mime = false;
    bool smtputf8 = false;
    bool operator==(const Offer&) const = default;
};
[[nodiscard]] Offer offer_of(const Capabilities& peer);
// At least what each of them offers.
[[nodiscard]] Offer most_of(const Offer& one, const Offer& other);

// Why a message is not offered to such a server; nullopt: it is.
[[nodiscard]] std::optional<facts::Outcome> judge_offer(const Offer& offer,
                                                        const MessageNeeds& needs);
// Of a message that is: why not for this recipient.
[[nodiscard]] std::optional<facts::Outcome> judge_offer(const Offer& offer,
                                                        const mail::Mailbox& recipient);

}  // namespace hermetic::smtp
