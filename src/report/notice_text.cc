#include "report/notice_text.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/outcome_words.h"
#include "facts/reasons.h"
#include "report/explanation.h"
#include "report/mime_writer.h"
#include "report/notice_details.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace hermetic::report {

namespace {

constexpr std::size_t kShownRecipients = 100;  // the status part has them all

// "4 hours", "5 days": rough, as people say it.
std::string rough_time(WallTime from, WallTime to)
{
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(to - from).count();
    const auto say = [](auto count, std::string_view unit) {
        return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (minutes < 1) return "less than a minute";
    if (minutes < 120) return say(minutes, "minute");
    if (minutes < 48 * 60) return say(minutes / 60, "hour");
    return say(minutes / (24 * 60), "day");
}

std::string organization_name(const NoticeInput& input)
{
    const std::string& given = input.snapshot->organization(input.about->organization).name;
    return given.empty() ? std::string{input.hostname} : printable(given, 100);
}

std::string contact(const NoticeInput& input)
{
    const auto& given = input.snapshot->organization(input.about->organization).postmaster;
    return printable(given ? given->format() : "postmaster@" + std::string{input.hostname}, 300);
}

std::string introduce(const NoticeInput& input, const NoticeDecision& decision, Action action,
                      std::size_t count)
{
    const std::string when = format_rfc5322(input.about->accepted_at);
    const std::string_view addresses = count == 1 ? "address" : "addresses";
    if (decision.to_postmaster) {
        return fmt::format(
            "A message that this server received on {} could not be delivered, and it has no "
            "sender to notify. You get this notice as postmaster.",
            when);
    }
    switch (action) {
    case Action::Failed:
        return fmt::format(
            "Your message of {} could not be delivered to the following {}. No "
            "further attempt will be made.",
            when, addresses);
    case Action::Delayed: {
        std::string end{"."};
        if (input.expires_at != WallTime{}) {
            end = fmt::format(
                " until {}. If it has not been delivered by then, it is returned to you.",
                format_rfc5322(input.expires_at));
        }
        return fmt::format(
            "Your message of {} has not reached the following {} yet. You do not need to send it "
            "again: our server keeps trying{}",
            when, addresses, end);
    }
    case Action::Relayed:
        return fmt::format(
            "Your message of {} was passed on for the following {}. You asked for this notice.",
            when, addresses);
    case Action::Delivered:
        return fmt::format(
            "Your message of {} was delivered to the following {}. You asked for this notice.",
            when, addresses);
    }
    unreachable("every Action is introduced above");
}

// Why less of the message comes back than one would expect; empty where all does that may.
std::string_view tell_content(Content content)
{
    switch (content) {
    case Content::AsAsked:
        return {};
    case Content::Header:
        return "The text of your message is not returned: you asked that it is sent over protected "
               "connections only (REQUIRETLS).";
    case Content::Withheld:
        return "Your message had to be sent over protected connections only, and it is not certain "
               "that this notice is. Therefore only the fields From, To, Date and Message-ID of "
               "your message are returned.";
    }
    unreachable("every Content is told above");
}

// What the remote server replied, or, where its words may not be told, where they are.
std::string tell_reply(const NoticeInput& input, const RecipientReport& report, Content content)
{
    const facts::Outcome& outcome = report.outcome;
    if (outcome.origin != facts::Origin::Remote || outcome.code == 0) return {};
    const std::string who = report.host.empty() ? "The remote server" : printable(report.host, 255);
    if (may_quote_peers(content)) {
        if (outcome.text.empty()) return {};
        return fmt::format("{} replied: {}", who, printable(facts::reply_line(outcome), 600));
    }
    return fmt::format("{} replied {} ({}). The text of its reply is in the log of {} under {}.",
                       who, trim(facts::reply_line(outcome)), facts::name(outcome.reason),
                       printable(input.hostname, 255), format_id(input.about->accepted_as));
}

// While a destination is paused nobody is asked: then nobody but us has failed.
std::string tell_expiry(const NoticeInput& input, const facts::Outcome& last, std::string_view what)
{
    const std::string waited = rough_time(input.about->accepted_at, input.now);
    if (last.reason != facts::Reason::QueuePaused) {
        return fmt::format("Our server tried for {} without success. The last time: {}", waited,
                           what);
    }
    const std::string_view before = input.history.causes.empty()
                                        ? "our server has not tried to deliver it"
                                        : "our server tried to deliver it before that, without "
                                          "success, and not since";
    return fmt::format(
        "{} Your message has waited for {}, which is as long as it may; {}. The recipient's mail "
        "system has not refused it.",
        what, waited, before);
}

Story::Entry tell_recipient(const NoticeInput& input, const RecipientReport& report,
                            Content content)
{
    const facts::Outcome& outcome = report.outcome;
    const Explanation explanation = explain(report.action, outcome);
    Story::Entry entry;
    entry.address = printable(report.recipient.address.format(), 300);
    entry.what = explanation.what;
    const bool expired =
        report.action == Action::Failed && outcome.result == facts::OutcomeClass::Deferred;
    if (expired) entry.what = tell_expiry(input, outcome, explanation.what);
    if (explanation.helper != facts::Fixer::Nobody) {
        entry.helper = describe(explanation.helper);
        entry.how = explanation.how;
    }
    entry.reply = tell_reply(input, report, content);
    return entry;
}

void append_entry(std::string& out, const Story::Entry& entry)
{
    out += "\r\n  " + entry.address + "\r\n\r\n";
    out += wrap("What happened: " + entry.what, 4);
    if (!entry.helper.empty()) out += wrap("Who can help: " + entry.helper, 4);
    if (!entry.how.empty()) out += wrap("How: " + entry.how, 4);
    if (!entry.reply.empty()) out += wrap(entry.reply, 4);
}

std::string paragraph(std::string_view text)
{
    return "<p>" + escape_html(text) + "</p>\r\n";
}

std::string term(std::string_view label, std::string_view text)
{
    if (text.empty()) return {};
    return fmt::format("<dt>{}</dt><dd>{}</dd>\r\n", label, escape_html(text));
}

}  // namespace

std::string_view headline_of(const NoticeDecision& decision)
{
    if (decision.to_postmaster) return "Undeliverable message without a sender";
    switch (decision.kind) {
    case Action::Failed:
        return "Your message was not delivered";
    case Action::Delayed:
        return "Your message is delayed";
    case Action::Relayed:
        return "Your message was passed on";
    case Action::Delivered:
        return "Your message was delivered";
    }
    unreachable("every Action has its headline above");
}

Story tell(const NoticeInput& input, const NoticeDecision& decision, const ContentDecision& content)
{
    Story story;
    story.headline = headline_of(decision);
    std::size_t shown = 0;
    for (const Action action :
         {Action::Failed, Action::Delayed, Action::Relayed, Action::Delivered}) {
        std::vector<std::size_t> of_action;
        std::copy_if(decision.reported.begin(), decision.reported.end(),
                     std::back_inserter(of_action),
                     [&](std::size_t i) { return input.recipients[i].action == action; });
        if (of_action.empty()) continue;
        Story::Section section;
        section.introduction = introduce(input, decision, action, of_action.size());
        for (const std::size_t i : of_action) {
            if (shown == kShownRecipients) break;
            section.entries.push_back(tell_recipient(input, input.recipients[i], content.content));
            ++shown;
        }
        story.sections.push_back(std::move(section));
    }
    if (shown < decision.reported.size()) {
        story.left_out = fmt::format("... and {} more, listed in the attached status.",
                                     decision.reported.size() - shown);
    }
    story.closing = {fmt::format(
        "This notice was written by the mail server {} of {}. If you need help, write to "
        "{} and attach it.",
        printable(input.hostname, 255), organization_name(input), contact(input))};
    if (const auto why = tell_content(content.content); !why.empty())
        story.closing.insert(story.closing.begin(), std::string{why});
    if (decision.own_sender) story.details = tell_details(input, decision, content);
    return story;
}

std::string format_text(const Story& story)
{
    std::string out = story.headline + "\r\n\r\n";
    for (const Story::Section& section : story.sections) {
        out += wrap(section.introduction);
        for (const Story::Entry& entry : section.entries) append_entry(out, entry);
        out += "\r\n";
    }
    if (!story.left_out.empty()) out += wrap(story.left_out, 2) + "\r\n";
    for (const std::string& one : story.closing) out += wrap(one);
    if (!story.details.empty()) {
        out += "\r\nDetails for administrators\r\n\r\n";
        for (const std::string& line : story.details) {
            const std::size_t indent = std::min(line.find_first_not_of(' '), std::size_t{8});
            out += wrap(line, indent);
        }
    }
    return out;
}

std::string format_html(const Story& story)
{
    std::string out = "<!DOCTYPE html>\r\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                      escape_html(story.headline) +
                      "</title></head>\r\n<body style=\"font-family:sans-serif\">\r\n<h2>" +
                      escape_html(story.headline) + "</h2>\r\n";
    for (const Story::Section& section : story.sections) {
        out += paragraph(section.introduction);
        for (const Story::Entry& entry : section.entries) {
            // Blanks of a quoted local part are the address's own.
            out += "<h3 style=\"white-space:pre-wrap\">" + escape_html(entry.address) + "</h3>\r\n";
            out += "<dl>\r\n";
            out += term("What happened", entry.what);
            out += term("Who can help", entry.helper);
            out += term("How", entry.how);
            out += term("Reply", entry.reply);
            out += "</dl>\r\n";
        }
    }
    if (!story.left_out.empty()) out += paragraph(story.left_out);
    for (const std::string& one : story.closing) out += paragraph(one);
    if (!story.details.empty()) {
        out += "<h3>Details for administrators</h3>\r\n<pre style=\"white-space:pre-wrap\">\r\n";
        for (const std::string& line : story.details) out += escape_html(line) + "\r\n";
        out += "</pre>\r\n";
    }
    return out + "</body></html>\r\n";
}

}  // namespace hermetic::report
