#include "outbound/peer_watch.h"

#include "net/core.h"

namespace hermetic::outbound {

std::shared_ptr<void> PeerWatch::attach(net::Stream& stream)
{
    stream_ = &stream;
    peer_ = stream.remote().address;
    stream.note_progress();
    if (given_way_) stream.cancel();
    return {&stream, [this](void* of) {
                if (stream_ != of) return;
                if (opening_since_) opening_since_ = stream_->core().clock().now();
                stream_ = nullptr;
                peer_.reset();
            }};
}

std::shared_ptr<void> PeerWatch::attach(net::Connecting& connecting, const IpAddress& address,
                                        Instant now)
{
    connecting_ = &connecting;
    peer_ = address;
    if (opening_since_) opening_since_ = now;
    if (given_way_) connecting.cut();
    return {&connecting, [this](void* of) {
                if (connecting_ != of) return;
                connecting_ = nullptr;
                if (stream_ == nullptr) peer_.reset();
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
