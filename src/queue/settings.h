// The numbers the scheduler works with. Values only.
#pragma once

#include "core/time.h"

#include <cstdint>
#include <vector>

namespace hermetic::queue {

struct Settings {
    std::uint32_t cores = 1;
    std::uint32_t connections = 2000;  // in all
    std::uint32_t connections_per_destination = 20;
    double initial_concurrency = 3;  // of a destination nothing is known about

    // Shares of `connections`. What exceeds them waits, so that slow and failing destinations, and
    // strangers, leave room for the others.
    double share_for_new = 0.9;       // all connections but first ones of who has answered
    double share_for_failing = 0.8;   // the first connection of one that failed last time
    double share_for_more = 0.75;     // second and further connections of a destination
    double share_of_one_site = 0.25;  // of what is left to those that have answered

    // Connections whose peer is silent; when there are more, some end (silent_share.h).
    double share_for_silent = 0.5;

    std::uint32_t grant_minimum = 5;  // messages, where so many wait
    std::uint32_t grant_maximum = 50;
    std::uint64_t grant_octets = 16U << 20;  // a larger message is granted alone

    // How long a destination backs off after its n-th failure in a row; the last repeats.
    std::vector<Duration> back_off{std::chrono::minutes{1}, std::chrono::minutes{5},
                                   std::chrono::minutes{15}};
    Duration slow_down_back_off = std::chrono::seconds{10};  // it took nothing and asked for less
    double back_off_jitter = 0.1;
    // How often the messages of a destination that backs off are searched for those that have come
    // to their expiry or notice of delay, and how many are dealt with at once.
    Duration sweep = std::chrono::minutes{10};
    Duration sweep_again = std::chrono::seconds{5};
    std::uint32_t sweep_messages = 1000;

    std::uint32_t idle_destinations = 4096;  // without messages, kept for what is known about them
    bool operator==(const Settings&) const = default;
};

}  // namespace hermetic::queue
