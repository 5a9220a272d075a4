#include "net/deadline_wheel.h"

#include "core/assert.h"

#include <algorithm>

namespace hermetic::net {

DeadlineWheel::DeadlineWheel(boost::asio::io_context& loop, const Clock& clock)
    : clock_{clock}, origin_{clock.now()}, timer_{std::in_place, loop.get_executor()}
{
    for (Head& head : slots_) init(head);
    init(idle_);
}

DeadlineWheel::~DeadlineWheel() = default;

void DeadlineWheel::init(Head& head)
{
    head.previous_ = head.next_ = &head;
}

void DeadlineWheel::link(Head& head, Deadline& node)
{
    node.previous_ = head.previous_;
    node.next_ = &head;
    head.previous_->next_ = &node;
    head.previous_ = &node;
}

void DeadlineWheel::unlink(Deadline& node)
{
    node.previous_->next_ = node.next_;
    node.next_->previous_ = node.previous_;
    node.previous_ = node.next_ = nullptr;
}

// The first tick that is not before `at`: never early.
std::uint64_t DeadlineWheel::tick_of(Instant at) const
{
    if (at <= origin_) return 1;
    return static_cast<std::uint64_t>((at - origin_ + kTick - Duration{1}) / kTick) + 1;
}

void DeadlineWheel::add(Deadline& node)
{
    HERMETIC_ASSERT(node.next_ == nullptr);
    link(idle_, node);
    if (cancelled_) node.on_cancelled();
}

void DeadlineWheel::remove(Deadline& node)
{
    if (node.next_ == nullptr) return;
    if (node.slot_ != 0) --watched_;
    node.slot_ = 0;
    unlink(node);
}

void DeadlineWheel::place(Deadline& node)
{
    unlink(node);
    node.slot_ = std::clamp(tick_of(node.at_), current_ + 1, current_ + kSlots - 1);
    link(slots_[node.slot_ % kSlots], node);
}

void DeadlineWheel::set(Deadline& node, Instant at)
{
    HERMETIC_ASSERT(node.next_ != nullptr);
    node.at_ = at;
    if (at == Instant::max()) return;  // looked at once more where it stands, then no longer
    if (node.slot_ != 0 && node.slot_ <= tick_of(at)) return;
    if (node.slot_ == 0) {
        // Nobody ticked while nothing was watched.
        if (watched_ == 0) current_ = std::max(current_, tick_of(clock_.now()) - 1);
        ++watched_;
    }
    place(node);
    arm();
}

void DeadlineWheel::arm()
{
    if (armed_ || cancelled_ || !timer_ || watched_ == 0) return;
    armed_ = true;
    timer_->expires_after(kTick);
    timer_->async_wait([this](const boost::system::error_code& error) {
        if (error) return;  // the wheel or the core is ending
        armed_ = false;
        tick(clock_.now());
        arm();
    });
}

void DeadlineWheel::tick(Instant now)
{
    const std::uint64_t target =
        now < origin_ ? 1 : static_cast<std::uint64_t>((now - origin_) / kTick) + 1;
    if (target <= current_) return;
    // After a jump of the clock each slot is looked at once, not once per missed tick.
    const std::uint64_t first =
        std::max(current_ + 1, target >= kSlots ? target - kSlots + 1 : std::uint64_t{1});
    current_ = target;
    for (std::uint64_t at = first; at <= target; ++at) {
        Head due;
        init(due);
        Head& slot = slots_[at % kSlots];
        while (slot.next_ != &slot) {
            Deadline& node = *slot.next_;
            unlink(node);
            link(due, node);
        }
        while (due.next_ != &due) {
            Deadline& node = *due.next_;
            if (node.at_ != Instant::max() && node.at_ > now) {
                place(node);
                continue;
            }
            unlink(node);
            link(idle_, node);
            node.slot_ = 0;
            --watched_;
            if (node.at_ <= now) node.on_expired();
        }
    }
}

void DeadlineWheel::cancel_all()
{
    cancelled_ = true;
    if (timer_) timer_->cancel();
    const auto cancel_each = [](Head& head) {
        for (Deadline* node = head.next_; node != &head; node = node->next_) node->on_cancelled();
    };
    for (Head& head : slots_) cancel_each(head);
    cancel_each(idle_);
}

void DeadlineWheel::detach()
{
    timer_.reset();
}

}  // namespace hermetic::net
