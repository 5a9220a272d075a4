#include "queue/pauses.h"

#include "core/crc32c.h"
#include "core/text.h"
#include "mail/address.h"
#include "mail/domain.h"
#include "objects/next_hop.h"
#include "routing/route.h"

#include <algorithm>
#include <vector>

namespace hermetic::queue {

namespace {

constexpr std::string_view kTitle = "hermetic paused destinations 1";
constexpr std::string_view kEnd = "end";
constexpr std::string_view kChecksum = "crc32c ";
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

std::string checksum_line(std::string_view before)
{
    return std::string{kChecksum} + std::to_string(crc32c(before)) + "\n";
}

// What stands behind the end, at `end` of the text. Earlier versions wrote nothing there, and read
// over what does.
bool is_sound(std::string_view text, std::size_t end)
{
    const std::string_view rest = text.substr(end);
    if (rest.empty() || rest == "\n") return true;
    return rest.substr(1) == checksum_line(text.substr(0, end + 1));
}

constexpr std::string_view kMx = "mx:";
constexpr std::string_view kHosts = "hosts:";

// Where what stands behind the next hop begins; within a name a ";" is doubled.
std::size_t end_of_next_hop(std::string_view text)
{
    std::size_t at = 0;
    for (; at < text.size() && text[at] != ';'; ++at) {
        while (text.substr(at + 1).starts_with(";;")) at += 2;
    }
    return at;
}

// A domain, also as DNS writes it with a dot at its end, or an address literal; empty: neither.
std::string parse_mx(std::string_view text)
{
    if (const auto literal = mail::parse_address_literal(text))
        return std::string{kMx} + mail::format_address_literal(*literal);
    if (text.ends_with('.')) text.remove_suffix(1);
    const auto domain = mail::Domain::parse(text);
    return domain ? std::string{kMx} + domain->text() : std::string{};
}

// Empty: one of them is no next hop.
std::string parse_hosts(std::string_view text)
{
    std::string hosts;
    for (const std::string_view each : split(text, ',')) {
        const auto host = objects::parse_next_hop_host(each);
        if (!host) return {};
        // A path that has a ";" stands here with two.
        const bool as_it_is = each.find(';') != std::string_view::npos;
        hosts += hosts.empty() ? kHosts : std::string_view{","};
        hosts += as_it_is ? std::string{each} : host->format();
    }
    return hosts;
}

bool is_addition(std::string_view text)
{
    return text.empty() || text.starts_with(";connector=") ||
           text.starts_with(";accepted_domain=") || text.starts_with(";organization=");
}

}  // namespace

std::string parse_destination(std::string_view text)
{
    if (text.empty() || text.size() > kLongest || !is_clean(text)) return {};
    const std::size_t end = end_of_next_hop(text);
    const std::string_view next_hop = text.substr(0, end);
    std::string label;
    if (next_hop.starts_with(kHosts)) {
        label = parse_hosts(next_hop.substr(kHosts.size()));
    } else {
        label = parse_mx(next_hop.starts_with(kMx) ? next_hop.substr(kMx.size()) : next_hop);
    }
    if (label.empty() || !is_addition(text.substr(end))) return {};
    return label.append(text.substr(end));
}

Pauses complete_keys(const Pauses& pauses, std::string_view first)
{
    Pauses complete;
    for (const auto& [key, pause] : pauses)
        complete.emplace(routing::key_of_label(key, first), pause);
    return complete;
}

// A torn or shortened text lacks its end; one that is altered has not its checksum.
std::string format_pauses(const Pauses& pauses)
{
    std::string text{kTitle};
    text.push_back('\n');
    for (const auto& [label, pause] : pauses) {
        text.append(label).append("\t").append(format_rfc3339(pause.at)).append("\t");
        text.append(pause.by).append("\t").append(pause.why).append("\n");
    }
    text.append(kEnd).append("\n");
    return text.append(checksum_line(text));
}

Result<Pauses, std::string> parse_pauses(std::string_view text)
{
    Pauses pauses;
    const auto lines = split(text, '\n');
    if (lines[0] != kTitle) return failure(fault_of(0, "not what this server writes"));
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (lines[i] == kEnd) {
            const auto end = static_cast<std::size_t>(lines[i].data() - text.data()) + kEnd.size();
            if (is_sound(text, end)) return pauses;
            return failure(fault_of(i + 1, "the checksum is not that of the lines before it"));
        }
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
