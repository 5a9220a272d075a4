#include "spool/body_room.h"

namespace hermetic::spool {

RoomAnswer decide_room(const RoomFacts& facts, std::uint64_t octets)
{
    if (facts.free == UINT64_MAX) return RoomAnswer::Fits;
    const std::uint64_t left = facts.free > facts.kept ? facts.free - facts.kept : 0;
    if (octets > left) return RoomAnswer::DiskFull;
    const std::uint64_t all = left + facts.under_way;
    return facts.of_client + octets > all / 2 ? RoomAnswer::ClientFull : RoomAnswer::Fits;
}

RoomAnswer BodyRoom::take(const std::string& client, std::uint64_t octets, std::uint64_t free,
                          std::uint64_t kept)
{
    const std::lock_guard lock{mutex_};
    const auto found = clients_.find(client);
    const std::uint64_t before = client.empty() || found == clients_.end() ? 0 : found->second;
    const RoomAnswer answer = decide_room({free, kept, under_way_, before}, octets);
    const bool bounded = answer == RoomAnswer::DiskFull || !client.empty();
    if (answer != RoomAnswer::Fits && bounded) return answer;
    under_way_ += octets;
    if (!client.empty()) clients_[client] = before + octets;
    return RoomAnswer::Fits;
}

void BodyRoom::give_back(const std::string& client, std::uint64_t octets)
{
    const std::lock_guard lock{mutex_};
    under_way_ -= octets;
    const auto found = clients_.find(client);
    if (found == clients_.end()) return;
    found->second -= octets;
    if (found->second == 0) clients_.erase(found);
}

std::uint64_t BodyRoom::under_way() const
{
    const std::lock_guard lock{mutex_};
    return under_way_;
}

}  // namespace hermetic::spool
