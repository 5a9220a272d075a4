// Greeting, EHLO, STARTTLS and XCLIENT: who the client is, and what it is offered.
#include "core/assert.h"
#include "core/text.h"
#include "smtp/refusals.h"
#include "smtp/server_machine.h"

namespace hermetic::smtp {

void ServerMachine::append_greeting()
{
    append_reply(output_, 220, {},
                 settings_.hostname + (is_lmtp() ? " LMTP" : " ESMTP") + " Hermetic");
}

Next ServerMachine::on(const command::Hello& hello, WallTime now)
{
    using Verb = command::Hello::Verb;
    // RFC 2033 §4.1: LMTP has LHLO instead of the others.
    if (is_lmtp() && hello.verb != Verb::Lhlo) return refuse(refusal::kCommandSpeakLhlo, {}, now);
    if (!is_lmtp() && hello.verb == Verb::Lhlo) return refuse(refusal::kCommandSpeakEhlo, {}, now);

    end_transaction();  // RFC 5321 §4.1.4
    // RFC 5321 §4.1.4: a name that is none is no reason to refuse mail; what stands in Received and
    // log is printable.
    helo_ = is_ascii(hello.name) ? std::string{hello.name} : printable_ascii(hello.name, 255);
    if (!xclient_helo_.empty()) helo_ = xclient_helo_;
    switch (hello.verb) {
    case Verb::Helo:
        hello_ = Hello::Helo;
        return reply(250, {}, settings_.hostname);
    case Verb::Ehlo:
        hello_ = Hello::Ehlo;
        break;
    case Verb::Lhlo:
        hello_ = Hello::Lhlo;
        break;
    }
    append_extensions();
    return Next::ReadCommand;
}

void ServerMachine::append_extensions()
{
    const config::LimitOptions& limits = settings_.limits;
    const auto line = [this](std::string_view text) { (output_ += "250-").append(text) += "\r\n"; };
    line(settings_.hostname);
    line("PIPELINING");
    line("SIZE " + std::to_string(limits.message_size));
    line("8BITMIME");
    line("SMTPUTF8");
    line("DSN");
    line("CHUNKING");
    // RFC 9422 §4: 0 would mean that nothing is allowed.
    line("LIMITS MAILMAX=" + std::to_string(limits.messages_per_session) +
         " RCPTMAX=" + std::to_string(limits.recipients));
    if (offers_starttls_ && !in_tls_) line("STARTTLS");
    if (in_tls_) line("REQUIRETLS");  // RFC 8689 §2
    if (may_xclient_) line(kXclientOffer);
    append_reply(output_, 250, {}, "ENHANCEDSTATUSCODES");
}

Next ServerMachine::on(const command::StartTls& /*starttls*/, WallTime now)
{
    if (in_tls_) return refuse(refusal::kSequenceTlsAlready, {}, now);
    if (!offers_starttls_) return refuse(refusal::kCommandNotOffered, {}, now);
    append_reply(output_, 220, {2, 0, 0}, "ready for TLS");
    return Next::StartTls;
}

Next ServerMachine::on_tls_started()
{
    // RFC 3207 §4.2: nothing said in clear is believed.
    in_tls_ = true;
    forget_hello();
    return Next::ReadCommand;
}

Next ServerMachine::on_tls_unavailable(WallTime now)
{
    output_.resize(reply_start_);
    return refuse(refusal::kTlsUnavailable, {}, now);
}

void ServerMachine::forget_hello()
{
    end_transaction();
    helo_.clear();
    hello_ = Hello::None;
}

Next ServerMachine::on(const command::Xclient& xclient, WallTime now)
{
    if (!may_xclient_) return refuse(refusal::kXclientDenied, {}, now);
    if (transaction_) return refuse(refusal::kSequenceXclientInMail, {}, now);
    auto attributes = parse_xclient(xclient.attributes);
    if (!attributes) return refuse(*attributes.error().kind, attributes.error().subject, now);
    if (attributes->address) client_ = {*attributes->address, 0};
    if (attributes->port) client_.port = *attributes->port;
    if (attributes->name) client_name_ = std::move(*attributes->name);
    if (attributes->login) client_login_ = std::move(*attributes->login);
    if (attributes->helo) xclient_helo_ = std::move(*attributes->helo);
    xclient_used_ = true;
    // XCLIENT_README: the session begins anew, with another greeting.
    forget_hello();
    append_greeting();
    return Next::ReadCommand;
}

mail::MailProtocol ServerMachine::mail_protocol() const
{
    switch (hello_) {
    case Hello::None:
    case Hello::Helo:
        return mail::MailProtocol::Smtp;
    case Hello::Ehlo:
        return mail::MailProtocol::Esmtp;
    case Hello::Lhlo:
        return mail::MailProtocol::Lmtp;
    }
    unreachable("every Hello is a protocol");
}

}  // namespace hermetic::smtp
