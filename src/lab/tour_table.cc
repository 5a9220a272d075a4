#include "lab/tour_table.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"

#include <algorithm>
#include <array>

namespace hermetic::lab {
namespace {

constexpr std::size_t kColumns = 5;
constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastWidth = 80;
constexpr std::size_t kReplyWords = 160;

using Cells = std::array<std::string, kColumns>;

std::string_view outcome_word(Outcome outcome)
{
    switch (outcome) {
    case Outcome::Delivered:
        return "delivered";
    case Outcome::Deferred:
        return "deferred";
    case Outcome::Failed:
        return "failed";
    }
    unreachable("every Outcome is named above");
}

Protection protection_of(const std::optional<MessageRecord>& received)
{
    if (!received) return Protection::Nothing;
    if (!received->tls || received->mail_in_clear || received->data_in_clear) {
        return Protection::Clear;
    }
    return received->tls->version == "TLSv1.3" ? Protection::Tls13 : Protection::Tls12;
}

// Lines of at most `width` octets, cut at blanks where there are some.
std::vector<std::string> wrap(std::string_view text, std::size_t width)
{
    std::vector<std::string> lines;
    while (text.size() > width) {
        auto cut = text.rfind(' ', width);
        const bool at_blank = cut != std::string_view::npos && cut > 0;
        if (!at_blank) cut = width;
        lines.emplace_back(text.substr(0, cut));
        text.remove_prefix(at_blank ? cut + 1 : cut);
    }
    lines.emplace_back(text);
    return lines;
}

std::size_t longest_word(std::string_view text)
{
    std::size_t longest = 0;
    for (const auto word : split(text, ' ')) longest = std::max(longest, word.size());
    return longest;
}

// Partner, outcome and the longest word of the protection are never cut; the rest is shared.
std::array<std::size_t, kColumns> choose_widths(const std::vector<Cells>& rows, std::size_t width)
{
    std::array<std::size_t, kColumns> widths{};
    for (const auto& row : rows) {
        widths[0] = std::max(widths[0], row[0].size());
        widths[2] = std::max(widths[2], row[2].size());
        widths[3] = std::max({widths[3], longest_word(row[3]), std::size_t{12}});
    }
    const std::size_t fixed = widths[0] + widths[2] + widths[3] + kGap * (kColumns - 1);
    const std::size_t rest = std::max(width, kLeastWidth) - std::min(fixed, kLeastWidth - 20);
    widths[1] = rest * 2 / 5;
    widths[4] = rest - widths[1];
    return widths;
}

void append_row(std::string& table, const Cells& cells,
                const std::array<std::size_t, kColumns>& widths)
{
    std::array<std::vector<std::string>, kColumns> wrapped;
    std::size_t height = 0;
    for (std::size_t i = 0; i < kColumns; ++i) {
        wrapped[i] = wrap(cells[i], widths[i]);
        height = std::max(height, wrapped[i].size());
    }
    for (std::size_t line = 0; line < height; ++line) {
        std::string text;
        for (std::size_t i = 0; i < kColumns; ++i) {
            if (line < wrapped[i].size()) text += wrapped[i][line];
            if (i + 1 < kColumns) {
                std::size_t end = 0;
                for (std::size_t j = 0; j <= i; ++j) end += widths[j] + kGap;
                text.resize(std::max(text.size(), end), ' ');
            }
        }
        text.erase(text.find_last_not_of(' ') + 1);
        table += text + '\n';
    }
}

// "everything (handshake.closed)"; a cause that leaves open which alert it was gets the words.
std::string step_words(const LoggedStep& step)
{
    std::string words{step.cause.text()};
    const bool open = step.cause.known() != facts::Reason::HandshakeClosed;
    if (open && !step.words.empty()) words += ": " + step.words;
    return step.kind + " (" + words + ')';
}

std::string certificate_words(const AttemptLine& attempt)
{
    if (!attempt.has_tls) return {};
    if (attempt.certificate == "failed") return "not verified: " + attempt.certificate_error;
    if (attempt.certificate != "verified") return "certificate " + attempt.certificate;
    return attempt.name_matches ? "certificate verified" : "certificate of another host";
}

// Why it went as it did: the step that worked, where that was not simply the first.
std::string success_words(const AttemptLine& attempt)
{
    for (const auto& step : attempt.steps) {
        const bool first = step.cause.known() == facts::Reason::LadderEverything;
        if (step.result == "ok" && !first) return std::string{step.cause.text()};
    }
    return {};
}

// The peer's words unchanged, marked as such; or the server's own.
std::string failure_words(const AttemptLine& attempt)
{
    std::string text{attempt.reason.text()};
    if (attempt.origin == "remote") text += ", the partner said: " + std::to_string(attempt.code);
    if (!attempt.reply.empty()) {
        text += (attempt.origin == "remote" ? " " : ": ") + printable(attempt.reply, kReplyWords);
    }
    return text;
}

}  // namespace

bool is_as_expected(const TourStop& stop)
{
    const Expected& expected = stop.behaviour->expected;
    return stop.attempt && stop.attempt->outcome == outcome_word(expected.outcome) &&
           (expected.outcome != Outcome::Delivered ||
            protection_of(stop.received) == expected.protection);
}

std::string describe_protection(const TourStop& stop)
{
    if (stop.attempt && stop.attempt->has_tls) {
        return stop.attempt->tls_version + ' ' + stop.attempt->cipher +
               (stop.attempt->group.empty() ? "" : ' ' + stop.attempt->group);
    }
    if (stop.received) return protection_of(stop.received) == Protection::Clear ? "in clear" : "?";
    return "nothing sent";
}

std::string describe_reason(const TourStop& stop)
{
    if (!stop.attempt) return "no attempt was logged in time";
    const AttemptLine& attempt = *stop.attempt;
    std::vector<std::string> parts;
    const auto add = [&parts](std::string words) {
        if (!words.empty()) parts.push_back(std::move(words));
    };
    const bool delivered = attempt.outcome == "delivered";
    add(delivered ? success_words(attempt) : failure_words(attempt));
    if (delivered) add(certificate_words(attempt));
    std::vector<std::string> failed;
    for (const auto& step : attempt.steps) {
        if (step.result == "failed") failed.push_back(step_words(step));
    }
    if (!failed.empty()) add("first tried: " + join(failed, ", "));
    return parts.empty() ? std::string{attempt.reason.text()} : join(parts, "; ");
}

std::string format_tour_table(const std::vector<TourStop>& stops, std::size_t width)
{
    std::vector<Cells> rows{{"partner", "what it does", "outcome", "protection", "why"}};
    for (const auto& stop : stops) {
        std::string outcome = stop.attempt ? stop.attempt->outcome : "none";
        if (!is_as_expected(stop)) outcome += " (!)";
        rows.push_back({std::string{stop.behaviour->name}, std::string{stop.behaviour->summary},
                        std::move(outcome), describe_protection(stop), describe_reason(stop)});
    }
    const auto widths = choose_widths(rows, width);
    std::string table;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        append_row(table, rows[i], widths);
        if (i > 0) continue;
        std::size_t total = kGap * (kColumns - 1);
        for (const auto column : widths) total += column;
        table += std::string(total, '-') + '\n';
    }
    return table;
}

}  // namespace hermetic::lab
