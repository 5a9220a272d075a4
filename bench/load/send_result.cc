#include "load/send_result.h"

#include <algorithm>

namespace hermetic::load {
namespace {

bool has_digit(std::string_view word)
{
    return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string generalize(std::string_view text)
{
    std::string general;
    for (unsigned number = 0; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        general += general.empty() ? "" : " ";
        // The reply code and the enhanced status code stay (RFC 3463).
        general += number >= 2 && has_digit(word) ? "#" : word;
    }
    return general;
}

void SendResult::note_error(std::string_view reply)
{
    const std::string text = generalize(reply);
    const auto found = errors.find(text);
    if (found != errors.end()) {
        ++found->second;
    } else if (errors.size() + 1 < kMostErrors) {
        errors.emplace(text, 1);
    } else {
        ++errors["others"];
    }
}

void SendResult::add(const SendResult& other)
{
    sent += other.sent;
    refused += other.refused;
    deferred += other.deferred;
    failed += other.failed;
    connections += other.connections;
    connections_failed += other.connections_failed;
    handshakes += other.handshakes;
    resumed += other.resumed;
    cpu_ns += other.cpu_ns;
    mail_to_250.add(other.mail_to_250);
    connect_to_ready.add(other.connect_to_ready);
    accepted.add(other.accepted);
    for (const auto& [text, count] : other.errors) {
        const bool known = errors.contains(text) || errors.size() + 1 < kMostErrors;
        errors[known ? text : "others"] += count;
    }
}

}  // namespace hermetic::load
