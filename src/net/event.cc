#include "net/event.h"

#include "core/assert.h"
#include "net/core.h"

#include <boost/asio/post.hpp>

namespace hermetic::net {

namespace asio = boost::asio;

void Event::set()
{
    if (set_) return;
    set_ = true;
    if (!resume_) return;
    Resume resume = std::move(*resume_);
    resume_.reset();
    asio::post(core_.executor(), std::move(resume));
}

Task<> Event::wait()
{
    if (set_) co_return;
    HERMETIC_ASSERT(!resume_);
    auto initiation = [this](Resume resume) { resume_.emplace(std::move(resume)); };
    asio::use_awaitable_t<Executor> token;
    auto done =
        asio::async_initiate<asio::use_awaitable_t<Executor>, void()>(std::move(initiation), token);
    co_await std::move(done);
}

}  // namespace hermetic::net
