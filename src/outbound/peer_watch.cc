#include "outbound/peer_watch.h"

#include "net/core.h"

namespace hermetic::outbound {

std::shared_ptr<void> PeerWatch::attach(net::Stream& stream)
{
    stream_ = &stream;
    if (given_way_) stream.cancel();
    return {&stream, [this](void* of) {
                if (stream_ != of) return;
                if (opening_since_) opening_since_ = stream_->core().clock().now();
                stream_ = nullptr;
            }};
}

std::shared_ptr<void> PeerWatch::attach(net::Connecting& connecting, Instant now)
{
    connecting_ = &connecting;
    if (opening_since_) opening_since_ = now;
    if (given_way_) connecting.cut();
    return {&connecting, [this](void* of) {
                if (connecting_ == of) connecting_ = nullptr;
            }};
}

std::optional<Instant> PeerWatch::silent_since() const
{
    return stream_ != nullptr ? stream_->waiting_since() : opening_since_;
}

void PeerWatch::give_way()
{
    given_way_ = true;
    if (stream_ != nullptr) stream_->cancel();
    if (connecting_ != nullptr) connecting_->cut();
}

}  // namespace hermetic::outbound
