#include "report/delivery_status.h"

#include "core/text.h"
#include "facts/outcome_words.h"
#include "report/mime_writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::report {

namespace {

constexpr std::size_t kMaxWords =
    900;  // of a reply; each line is below 998 even where it cannot fold

std::string safe(std::string_view foreign, Form form, std::size_t max = 300)
{
    return form == Form::Global ? printable(foreign, max) : printable_ascii(foreign, max);
}

std::string final_recipient(const mail::Mailbox& address, Form form)
{
    const std::string text = address.format();
    const std::string_view type = is_ascii(text) ? "rfc822" : "utf-8";
    return fmt::format("{}; {}", type, safe(text, form));
}

// "rfc822;user@example.org" as envelopes keep it; type and address apart, as RFC 3464 has them.
std::string original_recipient(const mail::Recipient& recipient, Form form)
{
    const std::size_t end = recipient.orcpt.find(';');
    if (end == std::string::npos || end == 0) return {};
    const std::string_view whole{recipient.orcpt};
    return fmt::format("{}; {}", safe(whole.substr(0, end), Form::Ascii, 40),
                       safe(trim(whole.substr(end + 1)), form));
}

std::string remote_mta(const RecipientReport& report)
{
    // A socket's path is no DNS name (RFC 3464 §2.1.2: other types begin with "x-").
    const std::string_view type = report.host.find('/') == std::string::npos ? "dns" : "x-local";
    return fmt::format("{}; {}", type, printable_ascii(report.host, 255));
}

std::string diagnostic(const facts::Outcome& outcome)
{
    return "smtp; " + printable_ascii(facts::reply_line(outcome), kMaxWords);
}

std::string message_fields(const NoticeInput& input)
{
    std::string out =
        format_structured("Reporting-MTA", "dns; " + printable_ascii(input.hostname, 255));
    if (!input.about->envid.empty()) {
        out += format_structured("Original-Envelope-Id", printable_ascii(input.about->envid, 200));
    }
    out += format_structured("Arrival-Date", format_rfc5322(input.about->accepted_at));
    out += format_structured("X-Hermetic-Message", format_id(input.about->accepted_as));
    return out;
}

std::string recipient_fields(const NoticeInput& input, const RecipientReport& report, Form form)
{
    std::string out;
    if (const auto original = original_recipient(report.recipient, form); !original.empty()) {
        out += format_structured("Original-Recipient", original);
    }
    out += format_structured("Final-Recipient", final_recipient(report.recipient.address, form));
    out += format_structured("Action", name(report.action));
    out += format_structured("Status", status_of(report).format());
    const facts::Outcome& outcome = report.outcome;
    if (outcome.origin == facts::Origin::Remote && outcome.code != 0) {
        if (!report.host.empty()) out += format_structured("Remote-MTA", remote_mta(report));
        out += format_structured("Diagnostic-Code", diagnostic(outcome));
    }
    if (report.attempted_at != WallTime{}) {
        out += format_structured("Last-Attempt-Date", format_rfc5322(report.attempted_at));
    }
    if (report.action == Action::Delayed && input.expires_at != WallTime{}) {
        out += format_structured("Will-Retry-Until", format_rfc5322(input.expires_at));
    }
    if (outcome.reason != facts::Reason{})
        out += format_structured("X-Hermetic-Reason", facts::name(outcome.reason));
    return out;
}

}  // namespace

Form choose_form(const NoticeInput& input, const NoticeDecision& decision)
{
    if (input.about->smtputf8) return Form::Global;
    const bool any =
        std::any_of(decision.reported.begin(), decision.reported.end(), [&](std::size_t i) {
            const mail::Recipient& recipient = input.recipients[i].recipient;
            return recipient.address.needs_smtputf8() || !is_ascii(recipient.orcpt);
        });
    return any ? Form::Global : Form::Ascii;
}

std::string format_delivery_status(const NoticeInput& input, const NoticeDecision& decision,
                                   Form form)
{
    std::string out = message_fields(input);
    for (const std::size_t i : decision.reported) {
        out += "\r\n" + recipient_fields(input, input.recipients[i], form);
    }
    return out;
}

facts::EnhancedStatus status_of(const RecipientReport& report)
{
    const facts::EnhancedStatus& status = report.outcome.enhanced;
    switch (report.action) {
    case Action::Delivered:
    case Action::Relayed:
        if (status.status_class == 2) return status;
        return {2, 0, 0};
    case Action::Delayed:
        if (status.status_class == 0) return {4, 0, 0};
        return {4, status.subject, status.detail};
    case Action::Failed:
        break;
    }
    if (status.status_class == 4 || status.status_class == 5) return status.permanent();
    // Nothing better is known than that the time to deliver was over (RFC 3463 §3.5).
    if (report.outcome.result == facts::OutcomeClass::Deferred) return {5, 4, 7};
    return {5, 0, 0};
}

}  // namespace hermetic::report
