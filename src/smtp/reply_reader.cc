#include "smtp/reply_reader.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"

#include <utility>

namespace hermetic::smtp {
namespace {

using facts::Reason;

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::optional<int> parse_code(std::string_view line)
{
    if (line.size() < 3 || line[0] < '2' || line[0] > '5') return std::nullopt;
    if (!is_digit(line[1]) || !is_digit(line[2])) return std::nullopt;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

// Takes "123" and the separator behind it; at most three digits (RFC 3463 §2).
std::optional<std::uint16_t> take_number(std::string_view& text)
{
    std::size_t digits = 0;
    while (digits < text.size() && digits < 4 && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits == 4) return std::nullopt;
    const auto number = parse_decimal<std::uint16_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    return number;
}

// One outcome for each of a thousand recipients: more than this of a reply helps nobody.
constexpr std::size_t kMaxWords = 4096;

enum class Said : std::uint8_t { Deferred, Refused };

// At the other stages nothing is asked that a reply could answer.
Reason reason_of(facts::Stage stage, Said said)
{
    const bool refused = said == Said::Refused;
    switch (stage) {
    case facts::Stage::Greeting:
        return refused ? Reason::GreetingRefused : Reason::GreetingDeferred;
    case facts::Stage::Ehlo:
        return refused ? Reason::EhloRefused : Reason::EhloDeferred;
    case facts::Stage::StartTls:
        return Reason::StarttlsRefused;
    case facts::Stage::Auth:
        return refused ? Reason::AuthRefused : Reason::AuthDeferred;
    case facts::Stage::Mail:
        return refused ? Reason::MailRefused : Reason::MailDeferred;
    case facts::Stage::Rcpt:
        return refused ? Reason::RcptRefused : Reason::RcptDeferred;
    case facts::Stage::Data:
        return refused ? Reason::DataRefused : Reason::DataDeferred;
    case facts::Stage::EndOfData:
        return refused ? Reason::EndOfDataRefused : Reason::EndOfDataDeferred;
    case facts::Stage::Route:
    case facts::Stage::Dns:
    case facts::Stage::Connect:
    case facts::Stage::Handshake:
    case facts::Stage::Verify:
    case facts::Stage::Local:
    case facts::Stage::Done:
        return Reason::ReplyUnexpected;
    }
    unreachable("every Stage is handled above");
}

}  // namespace

facts::EnhancedStatus enhanced_status(const PeerReply& reply)
{
    const auto code_class = static_cast<std::uint8_t>(reply.code / 100);
    const facts::EnhancedStatus bare{code_class, 0, 0};
    std::string_view text = reply.text;
    if (text.size() < 5 || text[0] != static_cast<char>('0' + code_class) || text[1] != '.') {
        return bare;
    }
    text.remove_prefix(2);
    const auto subject = take_number(text);
    if (!subject || text.empty() || text[0] != '.') return bare;
    text.remove_prefix(1);
    const auto detail = take_number(text);
    if (!detail || (!text.empty() && text[0] != ' ' && text[0] != '\n')) return bare;
    return {code_class, *subject, *detail};
}

std::string_view describe(ReplyError error)
{
    switch (error) {
    case ReplyError::LineTooLong:
        return "a line of the reply is too long";
    case ReplyError::BadCode:
        return "the reply does not begin with a reply code";
    case ReplyError::BadSeparator:
        return "the reply code is followed by neither a space nor '-'";
    case ReplyError::BareNewline:
        return "a line of the reply has a bare CR or LF in it";
    case ReplyError::CodeChanged:
        return "the lines of the reply have different codes";
    case ReplyError::TooManyLines:
        return "the reply has too many lines";
    }
    unreachable("every ReplyError is described above");
}

Result<std::optional<PeerReply>, ReplyError> ReplyReader::feed(std::string_view line)
{
    if (line.size() > kMaxLineOctets) return failure(ReplyError::LineTooLong);
    if (lines_ == kMaxLines || partial_.text.size() > kMaxTextOctets) {
        return failure(ReplyError::TooManyLines);
    }
    const auto code = parse_code(line);
    if (!code) return failure(ReplyError::BadCode);
    if (lines_ != 0 && *code != partial_.code) return failure(ReplyError::CodeChanged);

    // A bare code is a complete last line: Reply-code [ SP textstring ] CRLF.
    const char separator = line.size() == 3 ? ' ' : line[3];
    if (separator != ' ' && separator != '-') return failure(ReplyError::BadSeparator);
    if (line.find_first_of("\r\n") != std::string_view::npos) {
        return failure(ReplyError::BareNewline);
    }

    partial_.code = *code;
    if (lines_ != 0) partial_.text += '\n';
    if (line.size() > 4) partial_.text += line.substr(4);
    ++lines_;

    if (separator == '-') return std::nullopt;
    lines_ = 0;
    return std::exchange(partial_, PeerReply{});
}

bool speaks_unasked(std::string_view input, std::size_t due)
{
    while (due != 0) {
        const auto end = input.find('\n');
        if (end == std::string_view::npos) return false;
        if (end < 4 || input[3] != '-') --due;
        input.remove_prefix(end + 1);
    }
    return !input.empty() && !input.starts_with("421");
}

facts::Outcome outcome_of_reply(facts::Stage stage, const PeerReply& reply)
{
    facts::Outcome outcome;
    outcome.stage = stage;
    outcome.origin = facts::Origin::Remote;
    outcome.code = reply.code;
    outcome.enhanced = enhanced_status(reply);
    outcome.text = reply.text.substr(0, kMaxWords);
    if (reply.text.size() > kMaxWords) outcome.text += " ...";
    if (reply.positive()) {
        outcome.result = facts::OutcomeClass::Delivered;
        outcome.stage = facts::Stage::Done;
        outcome.reason = Reason::DoneAccepted;
    } else if (reply.permanent()) {
        outcome.result = facts::OutcomeClass::Failed;
        outcome.reason = reason_of(stage, Said::Refused);
    } else {
        outcome.result = facts::OutcomeClass::Deferred;
        // 421 answers no command: TLS may be had there another time.
        const bool closes = stage == facts::Stage::StartTls && facts::closes_session(outcome);
        outcome.reason = closes ? Reason::StarttlsDeferred : reason_of(stage, Said::Deferred);
    }
    return outcome;
}

}  // namespace hermetic::smtp
