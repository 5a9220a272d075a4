// The DSN parameters of MAIL and RCPT as the client writes them: RFC 3461 §4. Pure.
#pragma once

#include "mail/envelope.h"

#include <string>

namespace hermetic::smtp {

// Appends " NOTIFY=SUCCESS,DELAY ORCPT=…"; nothing where the sender asked for nothing. A utf-8
// ORCPT is written in its 7-bit form, which is right with and without SMTPUTF8 (RFC 6533 §3).
void append_recipient_dsn(const mail::Recipient& recipient, std::string& out);

// Appends " RET=HDRS ENVID=…".
void append_sender_dsn(const mail::Envelope& envelope, std::string& out);

}  // namespace hermetic::smtp
