#include "queue/id_index.h"

#include "core/assert.h"

namespace hermetic::queue {

std::size_t IdIndex::home(const MessageId& id) const
{
    return std::hash<MessageId>{}(id) & (cells_.size() - 1);
}

std::size_t IdIndex::locate(const MessageId& id) const
{
    std::size_t cell = home(id);
    while (cells_[cell] != kNone && slab_[cells_[cell]].id != id) {
        cell = (cell + 1) & (cells_.size() - 1);
    }
    return cell;
}

std::uint32_t IdIndex::find(const MessageId& id) const
{
    return cells_.empty() ? kNone : cells_[locate(id)];
}

void IdIndex::add(std::uint32_t slot)
{
    // At most two cells in three are full, so that runs stay short.
    if ((count_ + 1) * 3 > cells_.size() * 2) grow();
    const std::size_t cell = locate(slab_[slot].id);
    HERMETIC_ASSERT(cells_[cell] == kNone);
    cells_[cell] = slot;
    ++count_;
}

void IdIndex::remove(const MessageId& id)
{
    const std::size_t mask = cells_.size() - 1;
    std::size_t hole = locate(id);
    HERMETIC_ASSERT(cells_[hole] != kNone);
    // Moves later entries of the run back, so that no tombstone is needed.
    for (std::size_t cell = (hole + 1) & mask; cells_[cell] != kNone; cell = (cell + 1) & mask) {
        const std::size_t wanted = home(slab_[cells_[cell]].id);
        if (((cell - wanted) & mask) < ((cell - hole) & mask)) continue;
        cells_[hole] = cells_[cell];
        hole = cell;
    }
    cells_[hole] = kNone;
    --count_;
}

void IdIndex::grow()
{
    const auto old = std::move(cells_);
    cells_.assign(old.empty() ? 64 : old.size() * 2, kNone);
    for (const std::uint32_t slot : old) {
        if (slot != kNone) cells_[locate(slab_[slot].id)] = slot;
    }
}

}  // namespace hermetic::queue
