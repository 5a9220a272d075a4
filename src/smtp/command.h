// Command: one line of a client, parsed.
//
// Pure. RFC 5321 §4.1.1 and the RFCs of the extensions. Strict, with courtesies: blanks at the end
// of a line (§4.1.1 asks for it), and blanks after "FROM:" and "TO:", which §3.3 forbids, many
// clients send, and nothing can be made of but the address that follows; addresses without brackets
// (controllers, printers) and names in EHLO that are no ASCII are parsed, and others decide.
#pragma once

#include "core/result.h"
#include "mail/envelope.h"
#include "smtp/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hermetic::smtp {

namespace command {

struct Hello {
    enum class Verb : std::uint8_t { Helo, Ehlo, Lhlo };
    Verb verb = Verb::Helo;
    std::string_view name;  // may have octets that are no ASCII, nor UTF-8
};
struct Mail {
    mail::ReversePath sender;
    std::optional<std::uint64_t> size;  // RFC 1870
    bool eight_bit = false;             // BODY=8BITMIME, RFC 6152
    bool smtputf8 = false;              // RFC 6531
    bool requiretls = false;            // RFC 8689
    mail::Ret ret = mail::Ret::Unset;   // RFC 3461
    std::string envid;                  // decoded
    bool in_brackets = true;            // false: "MAIL FROM:a@b", which not everybody may say
};
struct Rcpt {
    std::optional<mail::Mailbox> mailbox;  // nullopt: "<postmaster>" (RFC 5321 §4.5.1)
    std::uint8_t notify = mail::kNotifyUnset;
    std::string orcpt;  // decoded
    bool in_brackets = true;
};
struct Bdat {
    std::uint64_t octets = 0;
    bool last = false;
};
struct Xclient {
    std::string_view attributes;
};
struct Data {};
struct Rset {};
struct Noop {};
struct Help {};
struct Vrfy {};
struct StartTls {};
struct Quit {};
struct NotOffered {};  // EXPN, TURN, ETRN, AUTH and others that are known but never offered
struct Http {};        // a browser that was sent here to be confused (ALPACA)

}  // namespace command

using Command =
    std::variant<command::Hello, command::Mail, command::Rcpt, command::Bdat, command::Xclient,
                 command::Data, command::Rset, command::Noop, command::Help, command::Vrfy,
                 command::StartTls, command::Quit, command::NotOffered, command::Http>;

// SMTPUTF8 was declared with the MAIL of this transaction: RCPT may have UTF-8.
enum class Utf8Transaction : std::uint8_t { No, Yes };

struct CommandLine {
    std::string_view text;  // without CRLF
    bool bare_cr = false;
};

inline constexpr std::size_t kMaxCommandLine = 4096;  // 512 of RFC 5321, and its extensions' share

// Views in the result point into the line. A failure's kind is one of smtp/refusals.h.
[[nodiscard]] Result<Command, Refusal> parse_command(const CommandLine& line,
                                                     Utf8Transaction utf8_transaction);

// Whether the line, of which this is the beginning, is a BDAT: what is wrong with it makes its
// octets' end unknown, so that the session has to end.
[[nodiscard]] bool is_bdat(std::string_view line);

// True for the commands after which a client must be silent until it has its reply because what
// follows is read otherwise: DATA and STARTTLS, whatever they are answered.
[[nodiscard]] bool ends_turn(std::string_view line);

}  // namespace hermetic::smtp
