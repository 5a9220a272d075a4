// The ways in which the server's machine refuses, each with its public name.
//
// docs/policy/receiving.md has one row for each.
#pragma once

#include "smtp/reply.h"

namespace hermetic::smtp::refusal {

using Kind = RefusalKind;

// clang-format off

// Commands.
inline constexpr Kind kBareCarriageReturn{"command.bare-carriage-return", 500, {5, 5, 2}, "a bare CR stands in the command; lines end in CRLF and nothing else"};
inline constexpr Kind kBareLineFeed{"command.bare-line-feed", 500, {5, 5, 2}, "the line ends in LF alone; lines end in CRLF and nothing else; closing"};
inline constexpr Kind kBadOctets{"command.bad-octets", 500, {5, 5, 2}, "the command has control characters or is not valid UTF-8; send printable text"};
inline constexpr Kind kLineTooLong{"command.too-long", 500, {5, 5, 2}, "the command line is longer than 4096 octets"};
inline constexpr Kind kUnknown{"command.unknown", 500, {5, 5, 1}, "the command is not known; HELP lists those that are"};
inline constexpr Kind kNotOffered{"command.not-offered", 502, {5, 5, 1}, "the command is not offered here"};
inline constexpr Kind kBadSyntax{"command.syntax", 501, {5, 5, 4}, "the argument is wrong; HELP shows the right form"};
inline constexpr Kind kNoArgument{"command.no-argument", 501, {5, 5, 4}, "the command takes no argument"};
inline constexpr Kind kHttp{"command.http", 421, {4, 7, 0}, "this is a mail server, it does not speak HTTP; closing"};
inline constexpr Kind kSpeakLhlo{"command.speak-lhlo", 500, {5, 5, 1}, "this is LMTP; say LHLO (RFC 2033)"};
inline constexpr Kind kSpeakEhlo{"command.speak-ehlo", 500, {5, 5, 1}, "this is SMTP; say EHLO"};
inline constexpr Kind kBadHello{"hello.syntax", 501, {5, 5, 4}, "give one name: a domain or an address literal"};

// Sequence.
inline constexpr Kind kHelloFirst{"sequence.hello-first", 503, {5, 5, 1}, "say hello first: EHLO, HELO or (LMTP) LHLO with your name"};
inline constexpr Kind kNestedMail{"sequence.nested-mail", 503, {5, 5, 1}, "a transaction is open already; end it or say RSET"};
inline constexpr Kind kMailFirst{"sequence.mail-first", 503, {5, 5, 1}, "no transaction is open; say MAIL FROM first"};
inline constexpr Kind kRecipientFirst{"sequence.recipient-first", 503, {5, 5, 1}, "no recipient has been given; say RCPT TO first"};
inline constexpr Kind kNoRecipients{"sequence.no-recipients", 554, {5, 5, 1}, "no valid recipients: every one was refused"};
inline constexpr Kind kChunksBegun{"sequence.chunks-begun", 503, {5, 5, 1}, "the message began with BDAT; send its rest by BDAT or say RSET"};
inline constexpr Kind kTlsAlready{"sequence.tls-already", 503, {5, 5, 1}, "TLS is in use already"};
inline constexpr Kind kXclientInMail{"sequence.xclient-in-mail", 503, {5, 5, 1}, "a transaction is open; XCLIENT stands outside of one"};
inline constexpr Kind kXclientDenied{"xclient.denied", 550, {5, 7, 0}, "your network may not use XCLIENT"};
inline constexpr Kind kXclientSyntax{"xclient.syntax", 501, {5, 5, 4}, "give NAME, ADDR, PORT, PROTO, HELO, DESTADDR or DESTPORT as name=value in xtext"};
inline constexpr Kind kEarlyInput{"sequence.early-input", 554, {5, 5, 0}, "you spoke before your turn; wait for the reply; closing"};

// MAIL and RCPT.
inline constexpr Kind kBadSender{"mail.syntax", 501, {5, 1, 7}, "say MAIL FROM:<local-part@domain>, or <> for none"};
inline constexpr Kind kBadRecipient{"rcpt.syntax", 501, {5, 1, 3}, "say RCPT TO:<local-part@domain>"};
inline constexpr Kind kNeedsSmtputf8{"address.needs-smtputf8", 553, {5, 6, 7}, "the address is not ASCII; declare SMTPUTF8 with MAIL"};
inline constexpr Kind kUnknownParameter{"parameter.unknown", 555, {5, 5, 4}, "the parameter is not known here; EHLO lists the extensions"};
inline constexpr Kind kBadParameter{"parameter.syntax", 501, {5, 5, 4}, "the parameter's value is wrong"};
inline constexpr Kind kDuplicateParameter{"parameter.duplicate", 501, {5, 5, 4}, "the parameter is given twice"};
inline constexpr Kind kDeclaredTooBig{"limit.declared-size", 552, {5, 3, 4}, "the declared size is above this server's limit"};
inline constexpr Kind kTooManyRecipients{"limit.recipients", 452, {4, 5, 3}, "too many recipients for one transaction; send the others in another"};
inline constexpr Kind kTooManyMessages{"limit.messages", 421, {4, 7, 0}, "limit of messages per session reached; come again on a new connection"};
inline constexpr Kind kTooManyCommands{"limit.commands", 421, {4, 7, 0}, "limit of commands without a message per session reached; closing"};
inline constexpr Kind kTooManyErrors{"limit.errors", 421, {4, 7, 0}, "limit of errors per session reached; closing"};

// The message.
inline constexpr Kind kMessageBareNewline{"message.bare-newline", 550, {5, 5, 2}, "the message has a bare CR or LF; lines end in CRLF and nothing else"};
inline constexpr Kind kMessageNul{"message.nul", 550, {5, 6, 0}, "the message has a NUL octet; encode it (base64)"};
inline constexpr Kind kMessageTooBig{"limit.size", 552, {5, 3, 4}, "the message is above this server's size limit"};
inline constexpr Kind kHeaderTooBig{"limit.header-size", 552, {5, 3, 4}, "the message's header is above this server's size limit"};
inline constexpr Kind kLoop{"message.loop", 554, {5, 4, 6}, "too many Received fields: the message runs in a circle"};
inline constexpr Kind kBadChunkSize{"chunk.syntax", 421, {4, 5, 4}, "the size of the BDAT chunk is wrong, so its end is not known; closing"};

// Storing it.
inline constexpr Kind kNotStored{"store.refused", 452, {4, 3, 1}, "the message could not be stored now; try again later"};
inline constexpr Kind kStoreUnknown{"store.unknown", 451, {4, 3, 0}, "it is not known whether the message was stored; try again later"};

// The session.
inline constexpr Kind kTlsUnavailable{"tls.unavailable", 454, {4, 7, 0}, "TLS is not available now; try again later"};
inline constexpr Kind kTimedOut{"session.timed-out", 421, {4, 4, 2}, "nothing came in time; closing"};
inline constexpr Kind kSessionTooLong{"limit.session-time", 421, {4, 4, 2}, "limit of time per session reached; closing"};
inline constexpr Kind kStopping{"session.stopping", 421, {4, 3, 2}, "the server is being stopped; try again later"};

// clang-format on

}  // namespace hermetic::smtp::refusal
