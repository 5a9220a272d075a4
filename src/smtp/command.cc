#include "smtp/command.h"

#include "core/text.h"
#include "mail/path.h"
#include "smtp/command_parameters.h"
#include "smtp/refusals.h"

#include <algorithm>
#include <array>

namespace hermetic::smtp {
namespace {

using Parsed = Result<Command, Refusal>;

auto refuse(const RefusalKind& kind, std::string_view subject = {})
{
    return failure(Refusal{&kind, std::string{subject}});
}

bool has_control(std::string_view text)
{
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Parsed parse_hello(command::Hello::Verb verb, std::string_view argument)
{
    // RFC 5321 §4.1.4: a name that does not fit the client is no reason to refuse it; one that is
    // no name at all is.
    if (argument.empty() || argument.size() > 255 || argument.find(' ') != std::string_view::npos) {
        return refuse(refusal::kHelloSyntax, argument);
    }
    return command::Hello{verb, argument};
}

std::string_view skip_blanks(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return text;
}

// "the path" of a refusal: what stands before the parameters, at most.
std::string_view path_words(std::string_view text)
{
    return text.substr(0, std::min(text.find('>'), text.size() - 1) + 1);
}

// "a@b SIZE=100", as controllers and printers say it. The path is the first word.
std::optional<mail::ParsedPath> parse_bare_path(std::string_view text, mail::AllowUtf8 allow_utf8)
{
    mail::ParsedPath path;
    path.length = std::min(text.find(' '), text.size());
    auto mailbox = mail::parse_mailbox(text.substr(0, path.length), allow_utf8);
    if (!mailbox) return std::nullopt;
    path.mailbox = std::move(*mailbox);
    return path;
}

bool is_path_utf8(std::string_view text, const mail::ParsedPath& path)
{
    return !is_ascii(text.substr(0, path.length));
}

Parsed parse_mail(std::string_view argument)
{
    constexpr std::string_view kFrom = "FROM:";
    if (!istarts_with(argument, kFrom)) return refuse(refusal::kMailSyntax, argument);
    const std::string_view text = skip_blanks(argument.substr(kFrom.size()));
    if (text.empty()) return refuse(refusal::kMailSyntax);
    command::Mail mail;
    auto path = mail::parse_path(text, mail::AllowUtf8::Yes);
    if (!path) {
        auto bare = parse_bare_path(text, mail::AllowUtf8::Yes);
        if (!bare) return refuse(refusal::kMailSyntax, path_words(text));
        path = std::move(*bare);
        mail.in_brackets = false;
    }
    if (!path->bare_name.empty()) return refuse(refusal::kMailSyntax, path_words(text));
    const auto parameters = parse_parameters(text.substr(path->length), mail);
    if (!parameters) return failure(parameters.error());
    if (!mail.smtputf8 && is_path_utf8(text, *path)) {
        return refuse(refusal::kAddressNeedsSmtputf8, path_words(text));
    }
    mail.sender = std::move(path->mailbox);
    return mail;
}

Parsed parse_rcpt(std::string_view argument, Utf8Transaction utf8_transaction)
{
    constexpr std::string_view kTo = "TO:";
    const auto allow_utf8 =
        utf8_transaction == Utf8Transaction::Yes ? mail::AllowUtf8::Yes : mail::AllowUtf8::No;
    if (!istarts_with(argument, kTo)) return refuse(refusal::kRcptSyntax, argument);
    const std::string_view text = skip_blanks(argument.substr(kTo.size()));
    if (text.empty()) return refuse(refusal::kRcptSyntax);
    command::Rcpt rcpt;
    auto path = mail::parse_path(text, allow_utf8);
    if (!path && path.error().error == mail::PathError::NoBrackets) {
        if (auto bare = parse_bare_path(text, allow_utf8)) {
            path = std::move(*bare);
            rcpt.in_brackets = false;
        }
    }
    if (!path) {
        const bool not_ascii = path.error().address == mail::AddressError::NotAscii;
        return refuse(not_ascii ? refusal::kAddressNeedsSmtputf8 : refusal::kRcptSyntax,
                      path_words(text));
    }
    if (!path->mailbox && !iequals(mail::canonical_local_part(path->bare_name), "postmaster")) {
        return refuse(refusal::kRcptSyntax, path_words(text));
    }
    if (utf8_transaction == Utf8Transaction::No && is_path_utf8(text, *path)) {
        return refuse(refusal::kAddressNeedsSmtputf8, path_words(text));
    }
    const auto parameters = parse_parameters(text.substr(path->length), rcpt, allow_utf8);
    if (!parameters) return failure(parameters.error());
    rcpt.mailbox = std::move(path->mailbox);
    return rcpt;
}

Parsed parse_bdat(std::string_view argument)
{
    const auto space = argument.find(' ');
    const auto octets = parse_decimal<std::uint64_t>(argument.substr(0, space));
    if (!octets) return refuse(refusal::kChunkSyntax, argument);
    if (space == std::string_view::npos) return command::Bdat{*octets, false};
    if (!iequals(argument.substr(space + 1), "LAST"))
        return refuse(refusal::kChunkSyntax, argument);
    return command::Bdat{*octets, true};
}

template <typename T>
Parsed without_argument(std::string_view argument)
{
    if (!argument.empty()) return refuse(refusal::kCommandNoArgument, argument);
    return T{};
}

template <typename T>
Parsed with_argument(std::string_view argument)
{
    if (argument.empty()) return refuse(refusal::kCommandSyntax);
    return T{};
}

template <typename T>
Parsed any_argument(std::string_view /*argument*/)
{
    return T{};
}

using Parse = Parsed (*)(std::string_view argument);

constexpr std::string_view kBdat = "BDAT";

struct Verb {
    std::string_view name;
    Parse parse;
};

// In the order of their frequency. MAIL and RCPT are taken care of before.
constexpr std::array kVerbs{
    Verb{"EHLO", [](std::string_view a) { return parse_hello(command::Hello::Verb::Ehlo, a); }},
    Verb{"QUIT", without_argument<command::Quit>},
    Verb{"DATA", without_argument<command::Data>},
    Verb{"STARTTLS", without_argument<command::StartTls>},
    Verb{kBdat, parse_bdat},
    Verb{"RSET", without_argument<command::Rset>},
    Verb{"HELO", [](std::string_view a) { return parse_hello(command::Hello::Verb::Helo, a); }},
    Verb{"LHLO", [](std::string_view a) { return parse_hello(command::Hello::Verb::Lhlo, a); }},
    Verb{"NOOP", any_argument<command::Noop>},
    Verb{"XCLIENT", [](std::string_view a) -> Parsed { return command::Xclient{a}; }},
    Verb{"HELP", any_argument<command::Help>},
    Verb{"VRFY", with_argument<command::Vrfy>},
    Verb{"EXPN", any_argument<command::NotOffered>},
    Verb{"TURN", any_argument<command::NotOffered>},
    Verb{"ETRN", any_argument<command::NotOffered>},
    Verb{"ATRN", any_argument<command::NotOffered>},
    Verb{"AUTH", any_argument<command::NotOffered>},
    Verb{"BURL", any_argument<command::NotOffered>},
    Verb{"XFORWARD", any_argument<command::NotOffered>},
    Verb{"SEND", any_argument<command::NotOffered>},
    Verb{"SAML", any_argument<command::NotOffered>},
    Verb{"SOML", any_argument<command::NotOffered>},
    Verb{"GET", any_argument<command::Http>},
    Verb{"POST", any_argument<command::Http>},
    Verb{"PUT", any_argument<command::Http>},
    Verb{"HEAD", any_argument<command::Http>},
    Verb{"OPTIONS", any_argument<command::Http>},
    Verb{"CONNECT", any_argument<command::Http>},
    Verb{"DELETE", any_argument<command::Http>},
    Verb{"PATCH", any_argument<command::Http>},
    Verb{"TRACE", any_argument<command::Http>},
    Verb{"PRI", any_argument<command::Http>},
};

struct Words {
    std::string_view verb;
    std::string_view argument;
};

Words split_verb(std::string_view text)
{
    // RFC 5321 §4.1.1: trailing white space is tolerated.
    text = text.substr(0, text.find_last_not_of(" \t") + 1);
    const auto space = text.find(' ');
    if (space == std::string_view::npos) return {text, {}};
    return {text.substr(0, space), text.substr(space + 1)};
}

bool is_hello(std::string_view verb)
{
    return iequals(verb, "EHLO") || iequals(verb, "HELO") || iequals(verb, "LHLO");
}

}  // namespace

Result<Command, Refusal> parse_command(const CommandLine& line, Utf8Transaction utf8_transaction)
{
    const bool chunk = is_bdat(line.text);
    if (line.bare_cr)
        return refuse(chunk ? refusal::kChunkSyntax : refusal::kCommandBareCarriageReturn);
    const auto [verb, argument] = split_verb(line.text);
    if (chunk && (!iequals(verb, kBdat) || has_control(argument)))
        return refuse(refusal::kChunkSyntax, line.text);
    const bool readable = is_ascii(argument) || is_valid_utf8(argument) || is_hello(verb);
    if (has_control(verb) || has_control(argument) || !readable)
        return refuse(chunk ? refusal::kChunkSyntax : refusal::kCommandBadOctets);
    if (iequals(verb, "MAIL")) return parse_mail(argument);
    if (iequals(verb, "RCPT")) return parse_rcpt(argument, utf8_transaction);
    for (const Verb& known : kVerbs) {
        if (iequals(verb, known.name)) return known.parse(argument);
    }
    return refuse(refusal::kCommandUnknown, verb.substr(0, 40));
}

bool is_bdat(std::string_view line)
{
    if (!istarts_with(line, kBdat)) return false;
    if (line.size() == kBdat.size()) return true;
    const char next = ascii_lower(line[kBdat.size()]);
    return next < 'a' || next > 'z';
}

bool ends_turn(std::string_view line)
{
    const std::string_view verb = split_verb(line).verb;
    return iequals(verb, "DATA") || iequals(verb, "STARTTLS");
}

}  // namespace hermetic::smtp
