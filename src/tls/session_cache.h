// Sessions to resume, least recently used out first. Private to tls/; one per core, not locked.
#pragma once

#include "tls/context.h"
#include "tls/openssl.h"

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermetic::tls {

class SessionCache {
public:
    // A server that sends more tickets than connections use would fill the cache alone.
    static constexpr std::size_t kMaxPerKey = 4;

    explicit SessionCache(std::size_t max_sessions) : max_{max_sessions} {}

    void put(const std::string& key, SessionPointer session);
    // Takes it out: a TLS 1.3 ticket is used once (RFC 8446 §C.4); who resumed an older session
    // puts it back.
    [[nodiscard]] SessionPointer take(const std::string& key);
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    struct Entry {
        std::string key;
        std::vector<SessionPointer> sessions;  // never empty; the newest last
    };
    using Order = std::list<Entry>;  // the most recently used first

    void forget(Order::iterator entry);

    std::size_t max_;
    std::size_t size_ = 0;
    Order order_;
    std::unordered_map<std::string, Order::iterator> by_key_;
};

}  // namespace hermetic::tls
