#include "smtp/server_machine.h"

#include "smtp/refusals.h"

#include <algorithm>

namespace hermetic::smtp {

ServerMachine::ServerMachine(const ServerSettings& settings, const ServerStart& start)
    : settings_{settings},
      session_{start.session},
      client_{start.client},
      in_tls_{start.in_tls},
      offers_starttls_{start.offers_starttls},
      may_xclient_{start.may_xclient},
      requires_tls_{start.requires_tls}
{
}

Next ServerMachine::greet()
{
    append_greeting();
    return Next::ReadCommand;
}

Next ServerMachine::on_command(const CommandLine& line, WallTime now)
{
    reply_start_ = output_.size();
    if (is_flood()) return end(refusal::kLimitCommands, now);
    const bool utf8 = transaction_ && transaction_->smtputf8;
    auto parsed = parse_command(line, utf8 ? Utf8Transaction::Yes : Utf8Transaction::No);
    if (!parsed) return refuse(*parsed.error().kind, parsed.error().subject, now);
    return std::visit([this, now](auto& command) { return on(command, now); }, *parsed);
}

// Commands that lead to no message are few with every client that has mail.
bool ServerMachine::is_flood()
{
    const config::LimitOptions& limits = settings_.limits;
    return ++idle_commands_ > std::uint64_t{limits.commands_per_message} + limits.recipients;
}

Duration ServerMachine::pause() const
{
    constexpr std::uint32_t kSpareErrors = 5;
    constexpr std::size_t kSpareCommands = 50;
    const std::size_t recipients = transaction_ ? transaction_->recipients.size() : 0;
    const bool misused = errors_ > kSpareErrors || idle_commands_ > kSpareCommands + recipients;
    return misused ? settings_.limits.misuse_delay : Duration{};
}

Next ServerMachine::on_line_too_long(std::string_view start, WallTime now)
{
    reply_start_ = output_.size();
    if (is_bdat(start)) return end(refusal::kChunkSyntax, now);
    return refuse(refusal::kCommandTooLong, {}, now);
}

Next ServerMachine::on_bare_line_feed(WallTime now)
{
    reply_start_ = output_.size();
    return end(refusal::kCommandBareLineFeed, now);
}

Next ServerMachine::on_early_input(WallTime now)
{
    output_.resize(reply_start_);
    return end(refusal::kSequenceEarlyInput, now);
}

Next ServerMachine::on(const command::Noop& /*noop*/, WallTime /*now*/)
{
    return reply(250, {2, 0, 0}, "ok");
}

Next ServerMachine::on(const command::Help& /*help*/, WallTime /*now*/)
{
    constexpr std::string_view kSmtp =
        "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS QUIT; "
        "MAIL FROM:<local-part@domain> and RCPT TO:<local-part@domain>; see RFC 5321";
    constexpr std::string_view kLmtp =
        "LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS QUIT; "
        "MAIL FROM:<local-part@domain> and RCPT TO:<local-part@domain>; see RFC 2033";
    return reply(214, {2, 0, 0}, is_lmtp() ? kLmtp : kSmtp);
}

Next ServerMachine::on(const command::Vrfy& /*vrfy*/, WallTime /*now*/)
{
    // RFC 5321 §3.5.3: who collects addresses learns nothing, who has mail may try.
    return reply(252, {2, 0, 0},
                 "cannot verify the user, but will accept mail for it if RCPT does");
}

Next ServerMachine::on(const command::Quit& /*quit*/, WallTime /*now*/)
{
    ended_by_ = "quit";
    append_reply(output_, 221, {2, 0, 0}, "goodbye");
    return Next::Close;
}

Next ServerMachine::on(const command::NotOffered& /*not_offered*/, WallTime now)
{
    return refuse(refusal::kCommandNotOffered, {}, now);
}

Next ServerMachine::on(const command::Http& /*http*/, WallTime now)
{
    return end(refusal::kCommandHttp, now);
}

Next ServerMachine::reply(int code, const facts::EnhancedStatus& enhanced, std::string_view text)
{
    append_reply(output_, code, enhanced, text);
    return Next::ReadCommand;
}

void ServerMachine::append(const RefusalKind& kind, std::string_view subject, WallTime now)
{
    last_refusal_ = &kind;
    ++refused_;
    const auto counted = std::ranges::find(refusals_, &kind, &Refusals::kind);
    ++(counted != refusals_.end() ? *counted : refusals_.emplace_back(Refusals{&kind, 0})).count;
    append_refusal(output_, kind, subject, {settings_.hostname, now, session_});
}

Next ServerMachine::refuse(const RefusalKind& kind, std::string_view subject, WallTime now)
{
    // RFC 5321 §3.8: 421 says that the connection ends.
    if (kind.code == 421) {
        append(kind, subject, now);
        ended_by_ = facts::name(kind.reason);
        return Next::Close;
    }
    if (kind.code >= 500 && ++errors_ > settings_.limits.errors_per_session) {
        return end(refusal::kLimitErrors, now);
    }
    append(kind, subject, now);
    return Next::ReadCommand;
}

Next ServerMachine::end(const RefusalKind& why, WallTime now)
{
    append(why, {}, now);
    ended_by_ = facts::name(why.reason);
    return Next::Close;
}

}  // namespace hermetic::smtp
