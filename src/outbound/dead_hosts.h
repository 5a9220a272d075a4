// Endpoints that could not be used a moment ago: they are tried last for a while.
//
// Pure: time is an argument. Bounded. One per core.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <string>
#include <unordered_map>

namespace hermetic::outbound {

class DeadHosts {
public:
    explicit DeadHosts(std::size_t max_entries = 10'000) : max_entries_{max_entries} {}

    // `key`: the endpoint's text.
    void mark(const std::string& key, Instant until, Instant now);
    void forget(const std::string& key) { dead_.erase(key); }
    [[nodiscard]] bool is_dead(const std::string& key, Instant now) const;
    [[nodiscard]] bool empty() const { return dead_.empty(); }
    [[nodiscard]] std::size_t size() const { return dead_.size(); }

private:
    std::size_t max_entries_;
    std::unordered_map<std::string, Instant> dead_;
};

}  // namespace hermetic::outbound
