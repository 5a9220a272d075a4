#include "core/assert.h"
#include "net/address.h"
#include "net/stream_impl.h"

#include <sys/socket.h>

#include <cerrno>

namespace hermetic::net {

Task<Result<std::string, StreamError>> Stream::read_exactly(std::size_t octets)
{
    HERMETIC_ASSERT(impl_->tls == nullptr && impl_->in.empty());
    std::string bytes(octets, '\0');
    std::size_t have = 0;
    while (have < octets) {
        if (auto why = impl_->interrupted()) co_return failure(std::move(*why));
        const ssize_t got =
            ::recv(impl_->socket.native_handle(), bytes.data() + have, octets - have, 0);
        if (got > 0) {
            have += static_cast<std::size_t>(got);
        } else if (got == 0) {
            co_return failure(StreamError{StreamError::Kind::Closed, 0, {}});
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            auto waited = co_await impl_->wait(Impl::AnySocket::wait_read);
            if (!waited) co_return failure(waited.error());
        } else if (errno != EINTR) {
            co_return failure(error_from(errno));
        }
    }
    co_return bytes;
}

}  // namespace hermetic::net
