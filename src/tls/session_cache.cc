#include "tls/session_cache.h"

namespace hermetic::tls {

void SessionCache::forget(Order::iterator entry)
{
    size_ -= entry->sessions.size();
    by_key_.erase(entry->key);
    order_.erase(entry);
}

void SessionCache::put(const std::string& key, SessionPointer session)
{
    if (max_ == 0 || key.empty()) return;
    auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        order_.push_front(Entry{key, {}});
        found = by_key_.emplace(key, order_.begin()).first;
    } else {
        order_.splice(order_.begin(), order_, found->second);
    }
    auto& sessions = found->second->sessions;
    if (sessions.size() == kMaxPerKey) {
        sessions.erase(sessions.begin());
        --size_;
    }
    sessions.push_back(std::move(session));
    ++size_;
    while (size_ > max_ && order_.size() > 1) forget(std::prev(order_.end()));
    if (size_ > max_) {
        sessions.erase(sessions.begin());
        --size_;
    }
}

SessionPointer SessionCache::take(const std::string& key)
{
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    const auto entry = found->second;
    SessionPointer session = std::move(entry->sessions.back());
    entry->sessions.pop_back();
    --size_;
    if (entry->sessions.empty()) {
        forget(entry);
    } else {
        order_.splice(order_.begin(), order_, entry);
    }
    return session;
}

void SessionCacheDeleter::operator()(SessionCache* cache) const
{
    delete cache;
}

SessionCachePointer make_session_cache(std::size_t max_sessions)
{
    return SessionCachePointer{new SessionCache{max_sessions}};
}

}  // namespace hermetic::tls
