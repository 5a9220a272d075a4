#include "queue/connector_ages.h"

#include <algorithm>
#include <functional>

namespace hermetic::queue {

std::uint32_t ConnectorAges::number_of(const routing::Route& route)
{
    if (route.connector.empty()) return kNone;
    const auto next = static_cast<std::uint32_t>(all_.size());
    const auto [known, is_new] =
        numbers_.try_emplace(std::pair{route.organization, route.connector}, next);
    if (is_new) {
        Ages& ages = all_.emplace_back();
        ages.name = std::make_shared<const ConnectorName>(
            ConnectorName{route.organization, route.connector});
        ages.tidy_at = kTidyAtLeast;
    }
    return known->second;
}

void ConnectorAges::add(std::uint32_t slot)
{
    Item& item = slab_[slot];
    const std::uint32_t connector = destinations_[item.destination].connector;
    if (connector == kNone || item.aged) return;
    if (all_[connector].heap.size() >= all_[connector].tidy_at) tidy(connector);
    item.aged = true;
    auto& heap = all_[connector].heap;
    heap.push_back({item.accepted_at, slot});
    std::push_heap(heap.begin(), heap.end(), std::greater<>{});
}

// A slot may have another message by now: one of the same connector and time stands for the first
// as well. What is held is added again when it is no longer.
bool ConnectorAges::still_waits(std::uint32_t connector, const Entry& entry)
{
    if (entry.slot >= slab_.end()) return false;
    Item& item = slab_[entry.slot];
    if (!item.in_use || item.accepted_at != entry.accepted_at ||
        destinations_[item.destination].connector != connector) {
        return false;
    }
    const bool held = item.state == State::Held || (item.state == State::Reserved && item.was_held);
    if (held) item.aged = false;
    return !held;
}

// Sorted is a heap, too. At twice what is left the next time: a constant for each message.
void ConnectorAges::tidy(std::uint32_t connector)
{
    Ages& ages = all_[connector];
    std::erase_if(ages.heap, [&](const Entry& entry) { return !still_waits(connector, entry); });
    std::sort(ages.heap.begin(), ages.heap.end());
    ages.heap.erase(std::unique(ages.heap.begin(), ages.heap.end()), ages.heap.end());
    ages.tidy_at = std::max(kTidyAtLeast, 2 * ages.heap.size());
}

std::vector<OldestRow> ConnectorAges::oldest()
{
    std::vector<OldestRow> rows;
    for (std::uint32_t connector = 0; connector < all_.size(); ++connector) {
        Ages& ages = all_[connector];
        auto& heap = ages.heap;
        while (!heap.empty() && !still_waits(connector, heap.front())) {
            std::pop_heap(heap.begin(), heap.end(), std::greater<>{});
            heap.pop_back();
        }
        if (!heap.empty()) {
            rows.push_back({ages.name, heap.front().accepted_at});
        } else if (heap.capacity() > kTidyAtLeast) {
            heap = {};
            ages.tidy_at = kTidyAtLeast;
        }
    }
    return rows;
}

}  // namespace hermetic::queue
