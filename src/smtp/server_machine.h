// ServerMachine: the server's side of SMTP and LMTP, without a socket, a clock or a policy.
//
// Lines and facts in; replies out, and what to do next. RFC 5321, RFC 2033 (LMTP), RFC 2920
// (PIPELINING), RFC 1870, RFC 6152, RFC 6531, RFC 3207, RFC 3461, RFC 3030, RFC 9422, Postfix's
// XCLIENT. The refusals are smtp/refusals.h and docs/policy/receiving.md.
//
// Replies gather in output(): a session writes them when no complete command is left buffered, so
// that pipelined replies leave together. After each call, do what the returned Next says:
//
//   ReadCommand     read a line, then on_command()
//   CheckSender     judge candidate(), then on_sender_accepted() or on_sender_refused()
//   CheckRecipient  judge pending_recipient(), then on_recipient_accepted() or …_refused()
//   ReadMessage     give what arrives to take() until it is finished, then on_message_read()
//   StoreMessage    store what take() handed out and message_tail(); then on_stored() or
//   …not_stored() StartTls        write output(), shake hands, then on_tls_started() Close write
//   output(), close; ended_by() says why
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "mail/trace.h"
#include "smtp/command.h"
#include "smtp/transaction.h"
#include "smtp/xclient.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::smtp {

enum class Next : std::uint8_t {
    ReadCommand,
    CheckSender,
    CheckRecipient,
    ReadMessage,
    StoreMessage,
    StartTls,
    Close,
};

enum class ServerProtocol : std::uint8_t { Smtp, Lmtp };

// One listener's; shared by its sessions, outlives them.
struct ServerSettings {
    std::string hostname;
    ServerProtocol protocol = ServerProtocol::Smtp;
    config::LimitOptions limits;
};

// How a session begins.
struct ServerStart {
    SessionId session;
    Endpoint client;
    bool in_tls = false;  // implicit TLS
    bool offers_starttls = false;
    bool may_xclient = false;
    bool requires_tls = false;  // no mail is taken in clear
};

class ServerMachine {
public:
    ServerMachine(const ServerSettings& settings, const ServerStart& start);

    [[nodiscard]] Next greet();
    [[nodiscard]] Next on_command(const CommandLine& line, WallTime now);
    // `start` is how the line began.
    [[nodiscard]] Next on_line_too_long(std::string_view start, WallTime now);
    // A line ended in LF alone: ends the session, for where its next line begins is not known.
    [[nodiscard]] Next on_bare_line_feed(WallTime now);
    // The client sent something before its banner, or behind DATA or STARTTLS before their reply
    // (ends_turn() of command.h): takes that reply back and ends the session. Before output() has
    // been written.
    [[nodiscard]] Next on_early_input(WallTime now);

    [[nodiscard]] const Transaction& candidate() const { return *candidate_; }
    [[nodiscard]] Next on_sender_accepted();
    [[nodiscard]] Next on_sender_refused(const Refusal& refusal, WallTime now);

    [[nodiscard]] const command::Rcpt& pending_recipient() const { return *pending_recipient_; }
    // `mailbox` is the recipient, or whom "<postmaster>" means.
    [[nodiscard]] Next on_recipient_accepted(mail::Mailbox mailbox);
    [[nodiscard]] Next on_recipient_refused(const Refusal& refusal, WallTime now);

    // See MessageIntake::next().
    [[nodiscard]] MessageIntake::Piece take(std::string_view input);
    [[nodiscard]] Next on_message_read(WallTime now);
    [[nodiscard]] Next on_cut_off(WallTime now);
    // The message cannot be kept (disk full …); its rest will be swallowed. During ReadMessage.
    void fail_message(const RefusalKind& why);
    [[nodiscard]] std::string_view message_tail() const { return message_tail_; }
    [[nodiscard]] Next on_stored(std::string_view id);
    [[nodiscard]] Next on_not_stored(const RefusalKind& why, WallTime now);

    [[nodiscard]] Next on_tls_started();
    // Instead, before output() has been written: takes the 220 back (RFC 3207 §4, 454).
    [[nodiscard]] Next on_tls_unavailable(WallTime now);
    // Ends the session with a 421 or 554: timeouts, limits, stop.
    [[nodiscard]] Next end(const RefusalKind& why, WallTime now);

    // How long to wait before the next command is read, after the replies have been written: who
    // only makes work gets little done.
    [[nodiscard]] Duration pause() const;

    // Replies that have not been written yet. The session takes them out.
    [[nodiscard]] std::string& output() { return output_; }

    [[nodiscard]] const Transaction* transaction() const { return transaction_.get(); }
    // What the end of a message has refused by itself, for the log; once. Its intake has the
    // refusal. Null: nothing.
    [[nodiscard]] std::unique_ptr<Transaction> take_refused_message()
    {
        return std::exchange(refused_message_, nullptr);
    }
    // Between the first BDAT of a message and its end.
    [[nodiscard]] bool in_message() const { return transaction_ && transaction_->intake; }
    // The message is refused already: nothing of it need be kept.
    [[nodiscard]] bool message_refused() const
    {
        return in_message() && transaction_->intake->refusal() != nullptr;
    }
    // The message that take() hands out is to be kept (not a chunk out of its place).
    [[nodiscard]] bool wants_message() const { return in_message() && !discard_; }
    [[nodiscard]] bool is_idle() const { return !transaction_; }

    [[nodiscard]] const Endpoint& client() const { return client_; }
    [[nodiscard]] const std::string& client_name() const { return client_name_; }  // XCLIENT NAME
    // Who has logged in at the proxy, as XCLIENT LOGIN says; empty: nobody.
    [[nodiscard]] const std::string& client_login() const { return client_login_; }
    // False once XCLIENT was used: certificate and TLS are the proxy's then.
    [[nodiscard]] bool tls_is_the_clients() const { return !xclient_used_; }
    [[nodiscard]] const std::string& helo() const { return helo_; }
    [[nodiscard]] mail::MailProtocol mail_protocol() const;
    [[nodiscard]] bool in_tls() const { return in_tls_; }

    [[nodiscard]] std::uint32_t messages() const { return messages_; }
    [[nodiscard]] std::uint32_t refused() const { return refused_; }
    struct Refusals {
        const RefusalKind* kind = nullptr;
        std::uint32_t count = 0;
    };
    // Of all commands so far, by kind.
    [[nodiscard]] const std::vector<Refusals>& refusals() const { return refusals_; }
    [[nodiscard]] const RefusalKind* last_refusal() const { return last_refusal_; }
    // "quit", or the id of the refusal that ended the session; empty while it lasts.
    [[nodiscard]] std::string_view ended_by() const { return ended_by_; }

private:
    enum class Hello : std::uint8_t { None, Helo, Ehlo, Lhlo };
    struct Discard {
        std::uint64_t left = 0;
        const RefusalKind* why = nullptr;
    };

    // server_hello.cc
    Next on(const command::Hello& hello, WallTime now);
    Next on(const command::StartTls& starttls, WallTime now);
    Next on(const command::Xclient& xclient, WallTime now);
    void append_greeting();
    void append_extensions();
    void forget_hello();

    // server_transaction.cc
    Next on(command::Mail& mail, WallTime now);
    Next on(command::Rcpt& rcpt, WallTime now);
    Next on(const command::Rset& rset, WallTime now);
    void end_transaction();

    // server_message.cc
    Next on(const command::Data& data, WallTime now);
    Next on(const command::Bdat& bdat, WallTime now);
    [[nodiscard]] const RefusalKind* obstacle_to_message() const;
    Next refuse_message(const RefusalKind& why, WallTime now);

    // server_machine.cc
    Next on(const command::Noop& noop, WallTime now);
    Next on(const command::Help& help, WallTime now);
    Next on(const command::Vrfy& vrfy, WallTime now);
    Next on(const command::Quit& quit, WallTime now);
    Next on(const command::NotOffered& not_offered, WallTime now);
    Next on(const command::Http& http, WallTime now);
    Next reply(int code, const facts::EnhancedStatus& enhanced, std::string_view text);
    Next refuse(const RefusalKind& kind, std::string_view subject, WallTime now);
    [[nodiscard]] bool is_flood();
    void append(const RefusalKind& kind, std::string_view subject, WallTime now);
    [[nodiscard]] bool is_lmtp() const { return settings_.protocol == ServerProtocol::Lmtp; }

    const ServerSettings& settings_;
    SessionId session_;
    Endpoint client_;
    std::string client_name_;
    std::string client_login_;
    std::string helo_;
    std::string xclient_helo_;
    std::string output_;
    std::size_t reply_start_ = 0;  // in output_, of the last command's reply
    std::unique_ptr<Transaction> candidate_;
    std::unique_ptr<command::Rcpt> pending_recipient_;
    std::unique_ptr<Transaction> transaction_;
    std::unique_ptr<Transaction> refused_message_;
    std::optional<Discard> discard_;
    std::string_view message_tail_;
    std::string_view ended_by_;
    const RefusalKind* last_refusal_ = nullptr;
    std::vector<Refusals> refusals_;
    std::uint32_t messages_ = 0;
    std::uint32_t refused_ = 0;
    std::uint32_t errors_ = 0;
    std::uint32_t idle_commands_ = 0;  // since the last message, or octet of one
    Hello hello_ = Hello::None;
    bool in_tls_;
    bool offers_starttls_;
    bool may_xclient_;
    bool requires_tls_;
    bool xclient_used_ = false;
};

}  // namespace hermetic::smtp
