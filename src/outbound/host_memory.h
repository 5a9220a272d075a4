// What attempts leave to later ones about the hosts of a destination: since when one has greeted at
// no address, and what there was no time left for (specification §4.3).
//
// Pure: time is an argument. Bounded. One per core.
#pragma once

#include "core/time.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace hermetic::outbound {

class HostMemory {
public:
    // So long a host that greets nobody keeps its destination's mail from clear text.
    static constexpr std::chrono::hours kCounts{1};
    // What nobody has asked about for so long is forgotten.
    static constexpr std::chrono::hours kKept{24};

    explicit HostMemory(std::size_t max_entries = 10'000) : max_entries_{max_entries} {}

    // Keys name destination and host, and for what was left untried the address, too.
    void note_silent(const std::string& key, Instant now);
    void note_greeted(const std::string& key) { silent_.erase(key); }
    // It has been silent for an hour without greeting in between.
    [[nodiscard]] bool is_long_silent(const std::string& key, Instant now) const;

    void note_untried(const std::string& key, Instant now);
    void note_tried(const std::string& key) { untried_.erase(key); }
    [[nodiscard]] bool is_left_untried(const std::string& key, Instant now) const;

    void clear();
    [[nodiscard]] std::size_t size() const { return silent_.size() + untried_.size(); }

private:
    struct Entry {
        Instant since{};
        Instant until{};
    };
    using Entries = std::unordered_map<std::string, Entry>;
    void note(Entries& entries, const std::string& key, Instant now) const;

    std::size_t max_entries_;  // of each
    Entries silent_;
    Entries untried_;
};

}  // namespace hermetic::outbound
