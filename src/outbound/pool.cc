#include "outbound/pool.h"

#include <utility>

namespace hermetic::outbound {

ConnectionPointer Pool::take(const std::string& key, Instant now)
{
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    ConnectionPointer taken;
    auto& queue = found->second;
    // The one used last: it is the least likely to have been closed by the peer.
    while (!taken && !queue.empty()) {
        auto candidate = std::move(queue.back());
        queue.pop_back();
        --size_;
        // What has come unasked is a farewell (421), or nothing good: never an answer to us.
        if (candidate->idle_until <= now || candidate->stream->is_stale()) {
            candidate->stream->close();
        } else {
            taken = std::move(candidate);
        }
    }
    if (queue.empty()) idle_.erase(found);
    return taken;
}

bool Pool::is_worn(const Connection& connection) const
{
    const auto announced = connection.capabilities.max_messages;  // RFC 9422
    return connection.messages >= limits_.messages ||
           (announced != 0 && connection.messages >= announced);
}

void Pool::put(ConnectionPointer connection, Instant now)
{
    connection->watched.reset();
    if (!connection->reusable) {
        connection->stream->close();
        return;
    }
    if (connection->kept == Connection::Kept::No || is_worn(*connection) ||
        size_ >= limits_.connections || limits_.idle <= Duration{}) {
        return goodbye_(std::move(connection));
    }
    connection->idle_until = now + limits_.idle;
    connection->stream->until(Instant::max());
    connection->stream->release_buffers();
    ++size_;
    auto& queue = idle_[connection->policy_key];
    queue.push_back(std::move(connection));
}

void Pool::expire(Instant now)
{
    for (auto each = idle_.begin(); each != idle_.end();) {
        auto& queue = each->second;
        while (!queue.empty() && queue.front()->idle_until <= now) {
            auto over = std::move(queue.front());
            queue.pop_front();
            --size_;
            goodbye_(std::move(over));
        }
        each = queue.empty() ? idle_.erase(each) : std::next(each);
    }
}

void Pool::close_all()
{
    auto all = std::move(idle_);
    idle_.clear();
    size_ = 0;
    for (auto& [key, queue] : all) {
        for (auto& connection : queue) goodbye_(std::move(connection));
    }
}

}  // namespace hermetic::outbound
