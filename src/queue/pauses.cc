#include "queue/pauses.h"

#include "core/text.h"
#include "mail/domain.h"

#include <algorithm>
#include <vector>

namespace hermetic::queue {

namespace {

constexpr std::string_view kTitle = "hermetic paused destinations 1";
constexpr std::string_view kEnd = "end";
constexpr std::size_t kLongest = 4096;

bool is_clean(std::string_view text)
{
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

std::string fault_of(std::size_t line, std::string_view what)
{
    return "line " + std::to_string(line + 1) + ": " + std::string{what};
}

}  // namespace

std::string parse_destination(std::string_view text)
{
    if (text.empty() || text.size() > kLongest || !is_clean(text)) return {};
    if (text.find(':') != std::string_view::npos) return std::string{text};
    const auto domain = mail::Domain::parse(text);
    return domain ? "mx:" + domain->text() : std::string{};
}

// A torn or shortened text lacks its last line.
std::string format_pauses(const Pauses& pauses)
{
    std::string text{kTitle};
    text.push_back('\n');
    for (const auto& [label, pause] : pauses) {
        text.append(label).append("\t").append(format_rfc3339(pause.at)).append("\t");
        text.append(pause.by).append("\t").append(pause.why).append("\n");
    }
    return text.append(kEnd).append("\n");
}

Result<Pauses, std::string> parse_pauses(std::string_view text)
{
    Pauses pauses;
    const auto lines = split(text, '\n');
    if (lines[0] != kTitle) return failure(fault_of(0, "not what this server writes"));
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (lines[i] == kEnd) return pauses;
        const auto fields = split(lines[i], '\t');
        const auto at = fields.size() == 4 ? parse_rfc3339(fields[1]) : std::nullopt;
        if (!at || fields[0].empty() || pauses.size() == kMostPauses)
            return failure(fault_of(i, "not a destination, time, account and reason"));
        Pause pause{std::string{fields[2]}, std::string{fields[3]}, *at};
        pauses.insert_or_assign(std::string{fields[0]}, std::move(pause));
    }
    return failure(fault_of(lines.size(), "its end is missing"));
}

std::string describe(const Pause& pause)
{
    std::string words = "paused by " + pause.by + " since " + format_rfc3339(pause.at);
    return pause.why.empty() ? words : words.append(": ").append(pause.why);
}

}  // namespace hermetic::queue
