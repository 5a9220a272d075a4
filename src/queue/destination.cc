#include "queue/destination.h"

#include "core/assert.h"

namespace hermetic::queue {

std::uint32_t Destinations::of(const routing::RoutePointer& route, const Feedback& feedback)
{
    if (const auto known = index_.find(route); known != index_.end()) return known->second;
    std::uint32_t id = free_;
    if (id == kNone) {
        id = static_cast<std::uint32_t>(all_.size());
        all_.emplace_back();
    } else {
        free_ = all_[id].next;
        all_[id] = Destination{};
    }
    Destination& destination = all_[id];
    destination.route = route;
    destination.feedback = feedback;
    destination.in_use = true;
    index_.emplace(route, id);
    return id;
}

void Destinations::remove(std::uint32_t id)
{
    Destination& destination = all_[id];
    HERMETIC_ASSERT(destination.messages == 0 && destination.ring == Ring::None &&
                    destination.position == kNone);
    index_.erase(destination.route);
    destination = Destination{};
    destination.next = free_;
    free_ = id;
}

void Destinations::unlink(std::uint32_t id)
{
    Destination& destination = all_[id];
    List& list = rings_[index(destination.ring)];
    (destination.previous == kNone ? list.head : all_[destination.previous].next) =
        destination.next;
    (destination.next == kNone ? list.tail : all_[destination.next].previous) =
        destination.previous;
    destination.next = destination.previous = kNone;
    --list.count;
}

void Destinations::append(std::uint32_t id, Ring ring)
{
    List& list = rings_[index(ring)];
    Destination& destination = all_[id];
    destination.ring = ring;
    destination.turn = next_turn_++;
    destination.previous = list.tail;
    (list.tail == kNone ? list.head : all_[list.tail].next) = id;
    list.tail = id;
    ++list.count;
}

void Destinations::move(std::uint32_t id, Ring ring)
{
    if (all_[id].ring == ring) return;
    if (all_[id].ring != Ring::None) unlink(id);
    all_[id].ring = Ring::None;
    if (ring != Ring::None) append(id, ring);
}

void Destinations::rotate(std::uint32_t id)
{
    const Ring ring = all_[id].ring;
    if (ring == Ring::None) return;
    unlink(id);
    append(id, ring);
}

}  // namespace hermetic::queue
