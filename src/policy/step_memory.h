// Remembers which TLS step worked at a host under a policy, so that the steps of the ladder are not
// tried anew for every message.
//
// Pure: time is an argument. Bounded; hours; never clear text (specification §4.3). One per core.
#pragma once

#include "core/time.h"
#include "policy/ladder.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::policy {

class StepMemory {
public:
    explicit StepMemory(Duration keep = std::chrono::hours{6}, std::size_t max_entries = 10'000)
        : keep_{keep}, max_entries_{max_entries}
    {
    }

    // `key` names host, port and policy digest. Everything needs no memory: it erases what was
    // there.
    void worked(const std::string& key, StepKind kind, Instant now);
    void failed(const std::string& key) { entries_.erase(key); }
    [[nodiscard]] std::optional<StepKind> recall(const std::string& key, Instant now) const;
    // What `is_meant` says of its key; how many there were.
    std::size_t forget(const std::function<bool(std::string_view key)>& is_meant);
    // What is remembered at `now`: keys, what worked, and for how long it is remembered yet.
    struct Row {
        std::string key;
        StepKind kind = StepKind::Everything;
        Duration left{};
    };
    [[nodiscard]] std::vector<Row> list(Instant now) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        StepKind kind = StepKind::Everything;
        Instant until{};
    };
    void make_room(Instant now);

    Duration keep_;
    std::size_t max_entries_;
    std::unordered_map<std::string, Entry> entries_;
};

}  // namespace hermetic::policy
