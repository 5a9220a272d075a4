#include "load/send_result.h"

namespace hermetic::load {

void SendResult::note_error(const std::string& text)
{
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
