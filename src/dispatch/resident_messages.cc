#include "dispatch/resident_messages.h"

namespace hermetic::dispatch {

std::uint64_t ResidentMessages::cost(const spool::StoredMessage& message)
{
    constexpr std::uint64_t kOwn = 1024;  // the objects themselves, and an ordinary envelope
    constexpr std::uint64_t kRecipient = 160;
    return kOwn + message.body.bytes.size() + kRecipient * message.envelope->recipients.size();
}

void ResidentMessages::add(Pointer message)
{
    const MessageId id = message->id;
    if (index_.contains(id)) return;
    octets_ += cost(*message);
    oldest_first_.push_back(std::move(message));
    index_.emplace(id, std::prev(oldest_first_.end()));
    while (octets_ > budget_ && !oldest_first_.empty()) drop(oldest_first_.front()->id);
}

ResidentMessages::Pointer ResidentMessages::take(const MessageId& id)
{
    const auto found = index_.find(id);
    if (found == index_.end()) return nullptr;
    Pointer message = std::move(*found->second);
    oldest_first_.erase(found->second);
    index_.erase(found);
    octets_ -= cost(*message);
    return message;
}

}  // namespace hermetic::dispatch
