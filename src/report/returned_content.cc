#include "report/returned_content.h"

#include "core/text.h"
#include "report/mime_writer.h"

#include <utility>

namespace hermetic::report {

namespace {

constexpr std::size_t kMaxHeaders = 64U << 10;

bool may_return_whole(const NoticeInput& input, const NoticeDecision& decision, Content content,
                      Form form)
{
    if (!input.message || content != Content::AsAsked) return false;
    if (decision.kind != Action::Failed || !decision.own_sender) return false;
    if (input.about->ret == mail::Ret::Headers) return false;
    const std::string_view whole = input.message->view();
    if (whole.size() > input.max_returned) return false;
    // message/global may be encoded (RFC 6532 §3.7); message/rfc822 may not (RFC 2046 §5.2.1), and
    // goes back only as it could have been sent.
    return form == Form::Global ||
           (has_short_lines(whole) && whole.find('\0') == std::string_view::npos);
}

ReturnedContent whole_message(std::string_view whole, Form form)
{
    ReturnedContent content;
    const bool plain = is_seven_bit(whole);
    content.type = form == Form::Global ? "message/global" : "message/rfc822";
    if (plain) {
        content.encoding = "7bit";
        content.body = whole;
    } else if (form == Form::Global) {
        content.encoding = "base64";
        content.body = encode_base64_lines(whole);
    } else {
        content.encoding = "8bit";
        content.body = whole;
        content.eight_bit = true;
    }
    if (!content.body.ends_with("\r\n")) content.body += "\r\n";
    return content;
}

// As many whole lines as fit.
std::string_view bounded(std::string_view headers)
{
    if (headers.size() <= kMaxHeaders) return headers;
    const std::size_t end = headers.rfind('\n', kMaxHeaders - 1);
    return headers.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::size_t end_of_field(std::string_view headers, std::size_t at)
{
    for (;;) {
        const std::size_t end = headers.find('\n', at);
        if (end == std::string_view::npos) return headers.size();
        at = end + 1;
        if (at == headers.size() || (headers[at] != ' ' && headers[at] != '\t')) return at;
    }
}

// Specification §6.2: what tells the sender which message it was, and nothing of what it says.
std::string withhold(std::string_view headers)
{
    std::string kept;
    for (std::size_t at = 0; at < headers.size();) {
        const std::size_t end = end_of_field(headers, at);
        const std::string_view field = headers.substr(at, end - at);
        at = end;
        const std::string_view name = trim(field.substr(0, field.find(':')));
        for (const std::string_view shown : {"From", "To", "Date", "Message-ID"}) {
            if (field.size() > name.size() && iequals(name, shown)) kept += field;
        }
    }
    return kept;
}

}  // namespace

std::string find_field(std::string_view headers, std::string_view name)
{
    for (std::size_t at = 0; at < headers.size();) {
        const std::size_t end = end_of_field(headers, at);
        const std::string_view field = headers.substr(at, end - at);
        at = end;
        if (field.size() <= name.size() || field[name.size()] != ':') continue;
        if (!istarts_with(field, name)) continue;
        std::string value{field.substr(name.size() + 1)};
        std::erase(value, '\r');
        std::erase(value, '\n');
        return std::string{trim(value)};
    }
    return {};
}

ReturnedContent return_content(const NoticeInput& input, const NoticeDecision& decision,
                               Content content, Form form)
{
    if (may_return_whole(input, decision, content, form))
        return whole_message(input.message->view(), form);
    ReturnedContent returned;
    std::string headers{bounded(input.headers)};
    if (content == Content::Withheld) headers = withhold(headers);
    returned.type = form == Form::Global ? "message/global-headers" : "text/rfc822-headers";
    const bool plain = is_seven_bit(headers);
    returned.encoding = plain ? "7bit" : "quoted-printable";
    returned.body = plain ? std::move(headers) : encode_quoted_printable(headers);
    if (!returned.body.ends_with("\r\n")) returned.body += "\r\n";
    return returned;
}

}  // namespace hermetic::report
