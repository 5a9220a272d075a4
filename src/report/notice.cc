#include "report/notice.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "report/content_decision.h"
#include "report/delivery_status.h"
#include "report/mime_writer.h"
#include "report/notice_limit.h"
#include "report/notice_text.h"
#include "report/returned_content.h"
#include "report/withheld_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::report {
namespace {

using facts::Reason;

// RFC 3461 §4.1: without NOTIFY it is ours to say; failures and delays are told.
bool is_asked_for(const NoticeInput& input, const RecipientReport& report)
{
    // Our own notices carry NOTIFY=NEVER for the next hop; the postmaster is to hear all the same.
    if (input.about->is_notice) return report.action == Action::Failed;
    const std::uint8_t notify = report.recipient.notify;
    const bool unset = notify == mail::kNotifyUnset;
    switch (report.action) {
    case Action::Failed:
        return unset || (notify & mail::kNotifyFailure) != 0;
    case Action::Delayed:
        return unset || (notify & mail::kNotifyDelay) != 0;
    case Action::Delivered:
    case Action::Relayed:
        return (notify & mail::kNotifySuccess) != 0;
    }
    unreachable("every Action is judged above");
}

std::optional<mail::Mailbox> postmaster(const NoticeInput& input)
{
    if (const auto& given = input.snapshot->organization(input.about->organization).postmaster)
        return given;
    auto made = mail::parse_mailbox("postmaster@" + std::string{input.hostname});
    if (!made) return std::nullopt;
    return std::move(*made);
}

Reason reason_of(Action kind)
{
    switch (kind) {
    case Action::Failed:
        return Reason::NoticeFailure;
    case Action::Delayed:
        return Reason::NoticeDelay;
    case Action::Relayed:
        return Reason::NoticeRelayed;
    case Action::Delivered:
        return Reason::NoticeDelivered;
    }
    unreachable("every Action has its reason above");
}

// RFC 5321 §6.1: never a notice about a message with a null reverse-path. What was to be said to
// its sender, the postmaster hears, but for the postmaster's own undeliverable mail: that would go
// on for ever.
NoticeDecision decide_double_bounce(const NoticeInput& input, NoticeDecision decision)
{
    std::erase_if(decision.reported,
                  [&](std::size_t i) { return input.recipients[i].action != Action::Failed; });
    if (decision.reported.empty()) {
        decision.reason = Reason::NoticeNullSender;
        return decision;
    }
    const auto to = postmaster(input);
    // Of those that failed: who has it can be told about the others.
    const bool circular = std::ranges::any_of(decision.reported, [&](std::size_t i) {
        return to && iequals(input.recipients[i].recipient.address.format(), to->format());
    });
    if (!to || circular) {
        decision.reported.clear();
        decision.reason = Reason::NoticePostmasterUnreachable;
        return decision;
    }
    decision.to = to;
    decision.to_postmaster = true;
    decision.own_sender = true;
    decision.kind = Action::Failed;
    decision.reason = Reason::NoticePostmaster;
    return decision;
}

constexpr std::size_t kMaxSubject = 200;

std::string subject(const NoticeInput& input, const NoticeDecision& decision, Content content)
{
    const std::string_view headline = headline_of(decision);
    if (content == Content::Withheld) return std::string{headline};
    const std::string original = find_field(input.headers, "Subject");
    // Encoded words of the original stay whole, hence nothing is cut: a long one is left out.
    if (original.empty() || original.size() > kMaxSubject) return std::string{headline};
    return fmt::format("{}: {}", headline, printable(original, 4 * kMaxSubject));
}

std::string reference(const NoticeInput& input)
{
    const std::string& id = input.about->message_id;
    const bool plain = id.size() > 4 && id.size() < 250 && id.front() == '<' && id.back() == '>' &&
                       id.find_first_of(" \t\r\n\"()") == std::string::npos && is_ascii(id) &&
                       id == printable_ascii(id, 250);
    if (!plain) return {};
    return format_structured("In-Reply-To", id) + format_structured("References", id);
}

std::string from(const NoticeInput& input)
{
    const auto& given = input.snapshot->organization(input.about->organization).postmaster;
    // An internationalised address in From would ask for SMTPUTF8 where the sender's side may lack
    // it.
    const std::string address = given && !given->needs_smtputf8()
                                    ? given->format()
                                    : "postmaster@" + std::string{input.hostname};
    return fmt::format("Mail Delivery System <{}>", address);
}

std::string part(std::string_view boundary, std::string_view type, std::string_view encoding,
                 std::string_view body)
{
    return fmt::format("--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}\r\n",
                       boundary, type, encoding, body);
}

std::string text_part(std::string_view boundary, std::string_view type, const std::string& text)
{
    const std::string full_type = fmt::format("{}; charset=utf-8", type);
    if (is_seven_bit(text)) return part(boundary, full_type, "7bit", text);
    return part(boundary, full_type, "quoted-printable", encode_quoted_printable(text));
}

std::string status_part(std::string_view boundary, const std::string& status, Form form)
{
    if (form == Form::Ascii) {
        return part(boundary, "message/delivery-status", "7bit", status);
    }
    // Encoded, it passes where SMTPUTF8 is not known (RFC 6533 §4).
    constexpr std::string_view kType = "message/global-delivery-status; charset=utf-8";
    if (is_seven_bit(status)) return part(boundary, kType, "7bit", status);
    return part(boundary, kType, "quoted-printable", encode_quoted_printable(status));
}

std::string header(const NoticeInput& input, const NoticeDecision& decision, Content content,
                   const std::string& message_id)
{
    std::string out = format_structured("Date", format_rfc5322(input.now));
    out += format_structured("From", from(input));
    out += format_structured("To", "<" + decision.to->format() + ">");
    out += format_unstructured("Subject", subject(input, decision, content));
    out += format_structured("Message-ID", message_id);
    out += reference(input);
    out += "Auto-Submitted: auto-replied\r\n";  // RFC 3834 §5: answered by no machine
    out += "MIME-Version: 1.0\r\n";
    return out;
}

struct Parts {
    std::string text;
    std::string html;
    std::string status;
    ReturnedContent returned;
};

std::string body(const Parts& parts, Form form, const std::string& seed)
{
    const std::string inner = choose_boundary(seed + "-2", parts.text + parts.html);
    std::string alternative = text_part(inner, "text/plain", parts.text);
    alternative += text_part(inner, "text/html", parts.html);
    alternative += "--" + inner + "--\r\n";

    const std::string outer =
        choose_boundary(seed + "-1", alternative + parts.status + parts.returned.body);
    // RFC 6522 §3: report-type is the subtype of the second part.
    const std::string_view report_type =
        form == Form::Global ? "global-delivery-status" : "delivery-status";
    std::string out = fmt::format(
        "Content-Type: multipart/report; report-type={};\r\n boundary=\"{}\"\r\n"
        "Content-Transfer-Encoding: {}\r\n\r\n"
        "This is a report on a message, in several parts (MIME).\r\n\r\n",
        report_type, outer, parts.returned.eight_bit ? "8bit" : "7bit");
    out += part(outer, fmt::format("multipart/alternative;\r\n boundary=\"{}\"", inner), "7bit",
                alternative);
    out += status_part(outer, parts.status, form);
    out += part(outer, parts.returned.type, parts.returned.encoding, parts.returned.body);
    return out + "--" + outer + "--\r\n";
}

}  // namespace

std::string_view name(Action action)
{
    switch (action) {
    case Action::Delivered:
        return "delivered";
    case Action::Relayed:
        return "relayed";
    case Action::Delayed:
        return "delayed";
    case Action::Failed:
        return "failed";
    }
    unreachable("every Action is named above");
}

std::string_view notice_kind(Action action)
{
    switch (action) {
    case Action::Delivered:
        return "delivered";
    case Action::Relayed:
        return "relayed";
    case Action::Delayed:
        return "delay";
    case Action::Failed:
        return "failure";
    }
    unreachable("every Action has its kind above");
}

bool is_own_sender(const objects::Snapshot& snapshot, const mail::Envelope& envelope)
{
    const mail::Domain* domain = envelope.sender ? envelope.sender->domain() : nullptr;
    const auto* const accepted = domain == nullptr ? nullptr : snapshot.accepted_domain(*domain);
    return accepted != nullptr &&
           accepted->organization == snapshot.organization(envelope.organization).name;
}

NoticeDecision decide_notice(const NoticeInput& input)
{
    HERMETIC_ASSERT(input.about != nullptr && input.snapshot != nullptr);
    NoticeDecision decision;
    for (std::size_t i = 0; i < input.recipients.size(); ++i) {
        if (is_asked_for(input, input.recipients[i])) decision.reported.push_back(i);
    }
    if (decision.reported.empty()) {
        decision.reason = Reason::NoticeNotAsked;
        return decision;
    }
    if (!input.about->sender || input.about->is_notice) {
        return decide_double_bounce(input, std::move(decision));
    }
    decision.kind = Action::Delivered;
    for (const std::size_t i : decision.reported) {
        decision.kind = std::max(decision.kind, input.recipients[i].action);
    }
    decision.to = input.about->sender;
    decision.own_sender = is_own_sender(*input.snapshot, *input.about);
    decision.reason = reason_of(decision.kind);
    return decision;
}

std::optional<Notice> make_notice(const NoticeInput& input)
{
    const NoticeDecision decision = decide_notice(input);
    if (!decision.to) return std::nullopt;
    if (input.limit != nullptr && !decision.own_sender &&
        !input.limit->allow(*decision.to, input.now)) {
        return std::nullopt;
    }

    const Form form = choose_form(input, decision);
    const ContentDecision content = decide_content(input, decision);
    std::optional<NoticeInput> cut;
    if (!may_quote_peers(content.content)) cut = without_words(input);
    const NoticeInput& told = cut ? *cut : input;
    const Story story = tell(told, decision, content);
    Parts parts;
    parts.text = format_text(story);
    parts.html = format_html(story);
    parts.status = format_delivery_status(told, decision, form);
    parts.returned = return_content(input, decision, content.content, form);

    const std::string id = format_id(input.id);
    const std::string message_id = fmt::format("<{}@{}>", id, input.hostname);

    Notice notice;
    notice.kind = decision.kind;
    notice.reason = decision.reason;
    notice.content = content.reason;
    notice.bytes = header(input, decision, content.content, message_id) + body(parts, form, id);

    mail::Envelope& envelope = notice.envelope;
    envelope.accepted_as = input.id;
    // RFC 3461 §5.2.9: nobody wants to hear what becomes of a notice.
    envelope.recipients.push_back({*decision.to, mail::kNotifyNever, {}});
    envelope.body_type =
        parts.returned.eight_bit ? mail::BodyType::EightBitMime : mail::BodyType::SevenBit;
    envelope.smtputf8 = decision.to->needs_smtputf8();
    envelope.accepted_at = input.now;
    envelope.size = notice.bytes.size();
    envelope.organization = input.about->organization;
    envelope.message_id = message_id;
    envelope.is_notice = true;
    envelope.tls = content.requests;
    return notice;
}

std::string_view header_of(std::string_view message)
{
    if (message.starts_with("\r\n")) return {};
    const std::size_t end = message.find("\r\n\r\n");
    return end == std::string_view::npos ? message : message.substr(0, end + 2);
}

}  // namespace hermetic::report
