// One coroutine's wait for an answer: the answer, its deadline or the end of the core ends it.
// Private to dns/.
#pragma once

#include "dns/answer.h"
#include "net/core.h"
#include "net/deadline_wheel.h"
#include "net/event.h"

#include <memory>

namespace hermetic::dns {

class Asker final : public net::Deadline {
public:
    Asker(net::Core& core, Instant deadline) : core_{core}, event_{core}
    {
        core_.wheel().add(*this);
        core_.wheel().set(*this, deadline);
        if (deadline <= core_.clock().now()) fail("timeout");
    }
    // On the core, when nothing of Lookups refers to it any more.
    ~Asker() override { leave_wheel(); }

    [[nodiscard]] net::Core& core() { return core_; }

    // On the core.
    void answer(std::shared_ptr<const RawAnswer> answer)
    {
        if (event_.is_set()) return;
        answer_ = std::move(answer);
        event_.set();
    }
    void fail(const char* why)
    {
        auto failed = std::make_shared<RawAnswer>();
        failed->trouble = why;
        answer(std::move(failed));
    }
    void on_expired() override { fail("timeout"); }
    void on_cancelled() override { fail("the server is stopping"); }

    [[nodiscard]] net::Task<> wait() { return event_.wait(); }
    [[nodiscard]] const RawAnswer& result() const { return *answer_; }
    // The last reference may be dropped on another thread after this.
    void leave_wheel() { core_.wheel().remove(*this); }

private:
    net::Core& core_;
    net::Event event_;
    std::shared_ptr<const RawAnswer> answer_;
};

}  // namespace hermetic::dns
