#include "smtp/client_capabilities.h"

#include "core/text.h"

#include <algorithm>
#include <limits>

namespace hermetic::smtp {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxAuth = 500;

// Takes the next word, blanks around it skipped; empty at the end.
std::string_view take_word(std::string_view& text)
{
    text = trim(text);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(end);
    return word;
}

void read_size(std::string_view parameters, Capabilities& into)
{
    into.size = true;
    into.max_size = parse_decimal<std::uint64_t>(take_word(parameters)).value_or(0);
}

// RFC 9422 §3: limits a client cannot read are ignored.
void read_limits(std::string_view parameters, Capabilities& into)
{
    for (auto word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
        const auto equals = word.find('=');
        if (equals == std::string_view::npos) continue;
        const auto number = parse_decimal<std::uint32_t>(word.substr(equals + 1));
        if (!number || *number == 0) continue;
        const auto name = word.substr(0, equals);
        if (iequals(name, "RCPTMAX")) into.max_recipients = *number;
        if (iequals(name, "MAILMAX")) into.max_messages = *number;
    }
}

// Each once: a server may have a line of either form.
void read_auth(std::string_view parameters, Capabilities& into)
{
    for (auto word = take_word(parameters); !word.empty(); word = take_word(parameters)) {
        if (into.auth_mechanisms.size() + word.size() >= kMaxAuth) return;
        const std::string padded = ' ' + into.auth_mechanisms + ' ';
        if (padded.find(' ' + to_upper(word) + ' ') != std::string::npos) continue;
        if (!into.auth_mechanisms.empty()) into.auth_mechanisms += ' ';
        into.auth_mechanisms += to_upper(word);
    }
}

struct Flag {
    std::string_view keyword;
    bool Capabilities::*member;
};
constexpr Flag kFlags[] = {
    {"PIPELINING", &Capabilities::pipelining},
    {"CHUNKING", &Capabilities::chunking},
    {"8BITMIME", &Capabilities::eight_bit_mime},
    {"SMTPUTF8", &Capabilities::smtputf8},
    {"DSN", &Capabilities::dsn},
    {"STARTTLS", &Capabilities::starttls},
    {"ENHANCEDSTATUSCODES", &Capabilities::enhanced_status_codes},
    {"REQUIRETLS", &Capabilities::require_tls},
};

void read_line(std::string_view line, Capabilities& into)
{
    const auto keyword = take_word(line);
    for (const auto& flag : kFlags) {
        if (iequals(keyword, flag.keyword)) into.*flag.member = true;
    }
    if (iequals(keyword, "SIZE")) read_size(line, into);
    if (iequals(keyword, "LIMITS")) read_limits(line, into);
    if (iequals(keyword, "AUTH")) read_auth(line, into);
    // Older servers write "AUTH=LOGIN PLAIN", for clients that knew drafts of RFC 2554.
    constexpr std::string_view kOldAuth = "AUTH=";
    if (iequals(keyword.substr(0, kOldAuth.size()), kOldAuth)) {
        read_auth(keyword.substr(kOldAuth.size()), into);
        read_auth(line, into);
    }
}

}  // namespace

Capabilities parse_capabilities(const PeerReply& reply)
{
    Capabilities result;
    std::string_view rest = reply.text;
    bool first = true;
    while (first || !rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (first) {
            result.greeting_name = std::string{take_word(line).substr(0, kMaxName)};
        } else {
            read_line(line, result);
        }
        first = false;
    }
    return result;
}

}  // namespace hermetic::smtp
