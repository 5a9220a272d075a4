#include "spool/message_index.h"

#include "core/assert.h"

#include <algorithm>

namespace hermetic::spool {

MessageIndex::MessageIndex()
    : pool_{std::make_unique<std::pmr::unsynchronized_pool_resource>()},
      messages_{pool_.get()},
      shared_{pool_.get()}
{
}

void MessageIndex::insert_found(const MessageId& id, const IndexEntry& entry)
{
    messages_.insert_or_assign(id, entry);
}

void MessageIndex::count_shared_bodies()
{
    std::vector<BodyId> bodies;
    bodies.reserve(messages_.size());
    for (const auto& [id, entry] : messages_) bodies.push_back(entry.body);
    std::ranges::sort(bodies);
    for (auto first = bodies.begin(); first != bodies.end();) {
        const auto last =
            std::find_if(first, bodies.end(), [&](const BodyId& body) { return body != *first; });
        if (last - first > 1) shared_[*first] = static_cast<std::uint32_t>(last - first);
        first = last;
    }
}

const IndexEntry* MessageIndex::find(const MessageId& id) const
{
    const auto found = messages_.find(id);
    return found == messages_.end() ? nullptr : &found->second;
}

bool MessageIndex::hold(const MessageId& id)
{
    const auto found = messages_.find(id);
    if (found == messages_.end() || found->second.held) return false;
    found->second.held = true;
    return true;
}

void MessageIndex::add(const MessageId& id, const IndexEntry& entry, BodyIs body)
{
    const bool added = messages_.emplace(id, entry).second;
    HERMETIC_ASSERT(added);
    undo_.push_back({Undo::Kind::Added, id, {}, {}, 0});
    if (body == BodyIs::SharedWithLive) {
        const std::uint32_t before = count_of(entry.body);
        set_count(entry.body, before == 0 ? 2 : before + 1);
    }
}

MessageIndex::BodyUse MessageIndex::remove(const MessageId& id)
{
    const auto found = messages_.find(id);
    HERMETIC_ASSERT(found != messages_.end());
    const BodyId body = found->second.body;
    undo_.push_back({Undo::Kind::Removed, id, {}, found->second, 0});
    messages_.erase(found);

    const std::uint32_t before = count_of(body);
    if (before == 0) return BodyUse::Ended;
    set_count(body, before == 2 ? 0 : before - 1);
    return BodyUse::GoesOn;
}

void MessageIndex::set_has_state(const MessageId& id)
{
    const auto found = messages_.find(id);
    HERMETIC_ASSERT(found != messages_.end());
    if (found->second.has_state) return;
    found->second.has_state = true;
    undo_.push_back({Undo::Kind::StateSet, id, {}, {}, 0});
}

void MessageIndex::rollback()
{
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) {
        switch (step->kind) {
        case Undo::Kind::Added:
            messages_.erase(step->message);
            break;
        case Undo::Kind::Removed:
            messages_.emplace(step->message, step->entry);
            break;
        case Undo::Kind::StateSet:
            messages_.at(step->message).has_state = false;
            break;
        case Undo::Kind::Count:
            if (step->count == 0) {
                shared_.erase(step->body);
            } else {
                shared_[step->body] = step->count;
            }
            break;
        }
    }
    undo_.clear();
}

std::vector<BodyId> MessageIndex::file_bodies() const
{
    std::vector<BodyId> bodies;
    for (const auto& [id, entry] : messages_) {
        if (entry.body_in_file) bodies.push_back(entry.body);
    }
    std::ranges::sort(bodies);
    bodies.erase(std::unique(bodies.begin(), bodies.end()), bodies.end());
    return bodies;
}

void MessageIndex::set_count(const BodyId& body, std::uint32_t count)
{
    undo_.push_back({Undo::Kind::Count, {}, body, {}, count_of(body)});
    if (count == 0) {
        shared_.erase(body);
    } else {
        shared_[body] = count;
    }
}

std::uint32_t MessageIndex::count_of(const BodyId& body) const
{
    const auto found = shared_.find(body);
    return found == shared_.end() ? 0 : found->second;
}

}  // namespace hermetic::spool
