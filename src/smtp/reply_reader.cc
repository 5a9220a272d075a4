#include "smtp/reply_reader.h"

#include "core/assert.h"
#include "core/text.h"

#include <utility>

namespace hermetic::smtp {
namespace {

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

}  // namespace hermetic::smtp
