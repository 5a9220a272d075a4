// Transaction: what MAIL, RCPT and the message's own bytes have said so far.
//
// Values; the server's machine fills them in, the session makes envelopes of them.
#pragma once

#include "mail/envelope.h"
#include "smtp/message_intake.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::smtp {

struct Transaction {
    mail::ReversePath sender;
    bool in_brackets = true;  // the sender stood in them (RFC 5321 §4.1.2)
    std::optional<std::uint64_t> declared_size;
    bool declared_eight_bit = false;
    bool smtputf8 = false;    // declared with MAIL
    bool requiretls = false;  // the same (RFC 8689 §2), in TLS
    mail::Ret ret = mail::Ret::Unset;
    std::string envid;

    std::vector<mail::Recipient> recipients;  // accepted ones
    bool any_recipient_refused = false;

    // Null until DATA or the first BDAT.
    std::unique_ptr<MessageIntake> intake;
};

}  // namespace hermetic::smtp
