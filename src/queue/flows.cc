#include "queue/flows.h"

#include "core/assert.h"

namespace hermetic::queue {

namespace {

// Flows for which memory is kept when none is left.
constexpr std::size_t kKept = 4096;

}  // namespace

// splitmix64's finaliser: both halves of a key are small numbers.
std::size_t Flows::FlowKeys::spread(Key key)
{
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<std::size_t>(key ^ (key >> 31));
}

std::uint32_t Flows::flow_of(SenderRing& ring, const Item& item)
{
    const std::uint32_t known = index_.find(key_of(item.destination, item.sender));
    if (known != kNone) return known;
    std::uint32_t id = free_;
    if (id == kNone) {
        id = static_cast<std::uint32_t>(flows_.size());
        flows_.emplace_back();
    } else {
        free_ = flows_[id].next;
    }
    Flow& flow = flows_[id];
    flow = Flow{};
    flow.destination = item.destination;
    flow.sender = item.sender;
    index_.add(id);
    ++count_;
    // A new sender comes last in this round: before the one whose turn it is.
    if (ring.next_flow == kNone) {
        flow.next = flow.previous = id;
        ring.next_flow = id;
    } else {
        Flow& turn = flows_[ring.next_flow];
        flow.next = ring.next_flow;
        flow.previous = turn.previous;
        flows_[turn.previous].next = id;
        turn.previous = id;
    }
    return id;
}

void Flows::drop(SenderRing& ring, std::uint32_t id)
{
    Flow& flow = flows_[id];
    index_.remove(key_of(flow.destination, flow.sender));
    if (flow.next == id) {
        ring.next_flow = kNone;
    } else {
        flows_[flow.previous].next = flow.next;
        flows_[flow.next].previous = flow.previous;
        if (ring.next_flow == id) ring.next_flow = flow.next;
    }
    flow = Flow{};
    flow.next = free_;
    free_ = id;
    if (--count_ == 0 && flows_.size() > kKept) {
        flows_ = {};
        free_ = kNone;
    }
}

void Flows::push(SenderRing& ring, std::uint32_t slot, End end)
{
    Item& item = slab_[slot];
    item.place = flow_of(ring, item);
    Flow& flow = flows_[item.place];
    item.next = item.previous = kNone;
    if (flow.head == kNone) {
        flow.head = flow.tail = slot;
    } else if (end == End::Back) {
        item.previous = flow.tail;
        slab_[flow.tail].next = slot;
        flow.tail = slot;
    } else {
        item.next = flow.head;
        slab_[flow.head].previous = slot;
        flow.head = slot;
    }
    ++ring.waiting;
}

void Flows::remove(SenderRing& ring, std::uint32_t slot)
{
    Item& item = slab_[slot];
    HERMETIC_ASSERT(item.place != kNone);
    Flow& flow = flows_[item.place];
    (item.previous == kNone ? flow.head : slab_[item.previous].next) = item.next;
    (item.next == kNone ? flow.tail : slab_[item.next].previous) = item.previous;
    if (flow.head == kNone) drop(ring, item.place);
    item.place = item.next = item.previous = kNone;
    --ring.waiting;
}

std::uint32_t Flows::peek(const SenderRing& ring) const
{
    return flows_[ring.next_flow].head;
}

std::uint32_t Flows::pop(SenderRing& ring)
{
    const std::uint32_t turn = ring.next_flow;
    const std::uint32_t slot = flows_[turn].head;
    const bool last_of_sender = flows_[turn].head == flows_[turn].tail;
    // drop() passes the turn on by itself.
    if (!last_of_sender) ring.next_flow = flows_[turn].next;
    remove(ring, slot);
    return slot;
}

}  // namespace hermetic::queue
