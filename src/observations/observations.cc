#include "observations/observations.h"

#include "core/text.h"
#include "policy/retirement.h"

#include <algorithm>

namespace hermetic::observations {
namespace {

constexpr std::size_t kMaxName = 255;  // octets of a name that a stranger chose
// Of the places, those emptied at once when all are taken: the longest unseen.
constexpr std::size_t kRoomShare = 20;

// How little is lost with an entry: least first.
struct Rank {
    std::uint32_t worth = 0;
    WallTime last_seen{};
    auto operator<=>(const Rank&) const = default;
};

// Removes whoever was not seen since `before`, else those of the least rank; what is removed is
// told.
template <typename Map, typename RankOf, typename Tell>
void make_room(Map& map, WallTime before, RankOf rank_of, Tell tell)
{
    std::vector<std::pair<Rank, typename Map::key_type>> ranked;
    ranked.reserve(map.size());
    for (const auto& [key, kept] : map) ranked.emplace_back(rank_of(kept), key);
    std::ranges::sort(ranked);
    std::size_t left = std::max<std::size_t>(1, map.size() / kRoomShare);
    for (const auto& [rank, key] : ranked) {
        if (left == 0 && rank.last_seen >= before) continue;
        if (left > 0) --left;
        map.erase(key);
        tell(key);
    }
}

}  // namespace

std::optional<policy::Hold> Observations::held_to(const DestinationKey& key,
                                                  const objects::RatchetSettings& settings,
                                                  WallTime now) const
{
    if (settings.mode != objects::RatchetMode::Enforce) return std::nullopt;
    const std::lock_guard lock{mutex_};
    const auto found = destinations_.find(key);
    if (found == destinations_.end()) return std::nullopt;
    policy::History history = found->second.history;
    policy::bring_to(history, now);
    return policy::held_to(history, settings, stripping_.mass_since(now), now);
}

std::optional<WallTime> Observations::mass_since(WallTime now) const
{
    const std::lock_guard lock{mutex_};
    return stripping_.mass_since(now);
}

Observations::KeptDestination& Observations::destination_of(const DestinationKey& key, WallTime now)
{
    const auto found = destinations_.find(key);
    if (found != destinations_.end()) return found->second;
    if (destinations_.size() >= limits_.destinations) make_room_for_destination(now);
    gone_destinations_.erase(key);
    return destinations_[key];
}

void Observations::make_room_for_destination(WallTime now)
{
    make_room(
        destinations_, now - limits_.keep,
        [now](const KeptDestination& kept) {
            return Rank{policy::worth_of(kept.history), std::min(kept.history.last_seen, now)};
        },
        [&](const DestinationKey& key) {
            changed_destinations_.erase(key);
            gone_destinations_.insert(key);
        });
}

void Observations::make_room_for_client(WallTime now)
{
    make_room(
        clients_, now - limits_.keep,
        [now](const KeptClient& kept) {
            return Rank{0, std::min(kept.last_seen, now)};
        },
        [&](const ClientKey& key) {
            changed_clients_.erase(key);
            gone_clients_.insert(key);
        });
}

Seen Observations::finish(const DestinationKey& key, KeptDestination& kept, const Session& session,
                          policy::Noted noted, WallTime now)
{
    kept.host = session.host.substr(0, kMaxName);
    changed_destinations_.insert(key);
    Seen seen;
    seen.noted = noted;
    if (noted.fell || noted.gave_way) seen.fall = kept.history.fall;
    if (noted.stripped && session.by == policy::ChosenBy::OwnSender &&
        stripping_.stripped(session.host, key.destination, now))
        seen.mass = stripping_.stripped_sites();
    return seen;
}

Seen Observations::note_session(const DestinationKey& key, const Session& session,
                                const objects::RatchetSettings& settings, WallTime now)
{
    const std::lock_guard lock{mutex_};
    KeptDestination& kept = destination_of(key, now);
    const bool had_tls = kept.history.versions[0].days > 0;
    const auto noted = policy::note_session(kept.history, session.seen, session.by, settings, now);
    if (had_tls && session.by == policy::ChosenBy::OwnSender &&
        session.seen.version != facts::TlsVersion::None)
        stripping_.kept(session.host, key.destination, now);
    return finish(key, kept, session, noted, now);
}

Seen Observations::note_failure(const DestinationKey& key, const Session& session,
                                const policy::Hold& held, WallTime now)
{
    const std::lock_guard lock{mutex_};
    KeptDestination& kept = destination_of(key, now);
    const auto noted = policy::note_failure(kept.history, session.seen, session.by, held, now);
    return finish(key, kept, session, noted, now);
}

std::size_t Observations::accept(std::string_view organization, std::string_view destination,
                                 WallTime now)
{
    const std::lock_guard lock{mutex_};
    std::size_t count = 0;
    for (auto& [key, kept] : destinations_) {
        if (key.destination != destination) continue;
        if (!organization.empty() && key.organization != organization) continue;
        policy::bring_to(kept.history, now);
        policy::accept_change(kept.history, now);
        changed_destinations_.insert(key);
        ++count;
    }
    return count;
}

void Observations::note_client(const IpAddress& client, facts::TlsVersion version,
                               std::string_view helo, std::string_view sender, WallTime now)
{
    if (version == facts::TlsVersion::None || version >= facts::TlsVersion::Tls12) return;
    const ClientKey key{policy::retirement_peer(client), version};
    const std::lock_guard lock{mutex_};
    auto found = clients_.find(key);
    if (found == clients_.end()) {
        if (clients_.size() >= limits_.clients) make_room_for_client(now);
        gone_clients_.erase(key);
        found = clients_.emplace(key, KeptClient{}).first;
        found->second.first_seen = now;
    }
    KeptClient& kept = found->second;
    kept.helo = printable(helo, kMaxName);
    if (!sender.empty()) kept.sender = printable(sender, kMaxName);
    kept.first_seen = std::min(kept.first_seen, now);
    kept.last_seen = now;
    ++kept.sessions;
    changed_clients_.insert(key);
}

// In slices, so that no connection waits for long.
std::vector<Destination> Observations::destinations(WallTime now) const
{
    constexpr int kSlice = 500;
    std::vector<Destination> all;
    for (bool more = true; more;) {
        const std::lock_guard lock{mutex_};
        auto next = all.empty() ? destinations_.begin() : destinations_.upper_bound(all.back().key);
        for (int i = 0; i < kSlice && next != destinations_.end(); ++i, ++next) {
            all.push_back({next->first, next->second.host, next->second.history});
            policy::bring_to(all.back().history, now);
        }
        more = next != destinations_.end();
    }
    return all;
}

std::vector<Client> Observations::clients(WallTime now) const
{
    const std::lock_guard lock{mutex_};
    std::vector<Client> all;
    all.reserve(clients_.size());
    for (const auto& [key, kept] : clients_) {
        all.push_back({key, kept.helo, kept.sender, std::min(kept.first_seen, now),
                       std::min(kept.last_seen, now), kept.sessions});
    }
    return all;
}

Observations::Changes Observations::take_changes()
{
    const std::lock_guard lock{mutex_};
    Changes changes;
    for (const DestinationKey& key : changed_destinations_) {
        const KeptDestination& kept = destinations_.at(key);
        changes.destinations.push_back({key, kept.host, kept.history});
    }
    for (const ClientKey& key : changed_clients_) {
        const KeptClient& kept = clients_.at(key);
        changes.clients.push_back(
            {key, kept.helo, kept.sender, kept.first_seen, kept.last_seen, kept.sessions});
    }
    changes.gone_destinations.assign(gone_destinations_.begin(), gone_destinations_.end());
    changes.gone_clients.assign(gone_clients_.begin(), gone_clients_.end());
    changed_destinations_.clear();
    changed_clients_.clear();
    gone_destinations_.clear();
    gone_clients_.clear();
    return changes;
}

void Observations::restore(std::vector<Destination> destinations, std::vector<Client> clients)
{
    const std::lock_guard lock{mutex_};
    for (Destination& each : destinations) {
        if (destinations_.size() >= limits_.destinations) break;
        destinations_[std::move(each.key)] = {std::move(each.host), each.history};
    }
    for (Client& each : clients) {
        if (clients_.size() >= limits_.clients) break;
        clients_[std::move(each.key)] = {std::move(each.helo), std::move(each.sender),
                                         each.first_seen, each.last_seen, each.sessions};
    }
}

}  // namespace hermetic::observations
