// What a thread of the generator counted. add() makes one of several.
#pragma once

#include "load/arrivals.h"
#include "load/histogram.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hermetic::load {

struct SendResult {
    static constexpr std::size_t kMostErrors = 20;

    explicit SendResult(std::int64_t origin) : accepted(origin) {}

    void note_error(std::string_view reply);
    void add(const SendResult& other);

    std::uint64_t sent = 0;  // accepted by the server
    std::uint64_t refused = 0;
    std::uint64_t deferred = 0;
    std::uint64_t failed = 0;       // the connection was lost before the reply
    std::uint64_t connections = 0;  // that became ready for mail
    std::uint64_t connections_failed = 0;
    std::uint64_t handshakes = 0;
    std::uint64_t resumed = 0;
    std::int64_t cpu_ns = 0;
    Histogram mail_to_250;
    Histogram connect_to_ready;
    Arrivals accepted;
    std::map<std::string, std::uint64_t> errors;
};

// The reply with a # for each word that tells one message from another: addresses, identifiers,
// times.
[[nodiscard]] std::string generalize(std::string_view text);

}  // namespace hermetic::load
