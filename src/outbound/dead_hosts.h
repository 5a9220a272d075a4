// Endpoints that could not be used a moment ago: they are tried last for a while.
//
// Pure: time is an argument. Bounded. One per core.
#pragma once

#include "core/time.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::outbound {

class DeadHosts {
public:
    explicit DeadHosts(std::size_t max_entries = 10'000) : max_entries_{max_entries} {}

    // `key`: the endpoint's text.
    void mark(const std::string& key, Instant until, Instant now);
    void forget(const std::string& key) { dead_.erase(key); }
    [[nodiscard]] bool is_dead(const std::string& key, Instant now) const;
    // `host`: an endpoint's text, or it without the port; how many there were. Empty: all.
    std::size_t forget_host(std::string_view host);
    // Who is dead at `now`, and for how long yet.
    struct Row {
        std::string key;
        Duration left{};
    };
    [[nodiscard]] std::vector<Row> list(Instant now) const;
    [[nodiscard]] bool empty() const { return dead_.empty(); }
    [[nodiscard]] std::size_t size() const { return dead_.size(); }

private:
    std::size_t max_entries_;
    std::unordered_map<std::string, Instant> dead_;
};

}  // namespace hermetic::outbound
