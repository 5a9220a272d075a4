// What was seen of destinations and of clients with old TLS versions: for the ratchet and the
// reports of retirement plans.
//
// In memory, bounded; keeper.h writes what has changed to disk every few seconds, so that nothing
// on the way of a message waits for it. Thread-safe: one short lock per new connection, never per
// message.
#pragma once

#include "core/ip.h"
#include "core/time.h"
#include "facts/tls.h"
#include "objects/objects.h"
#include "policy/ratchet.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::observations {

// A recipients' domain, or the name of a configured next hop, as an organization's mail meets it.
struct DestinationKey {
    std::string organization;
    std::string destination;
    auto operator<=>(const DestinationKey&) const = default;
};

struct Destination {
    DestinationKey key;
    std::string host;  // the last one
    policy::History history;
};

// A client that came with an old version. `client`: policy::retirement_peer().
struct ClientKey {
    std::string client;
    facts::TlsVersion version = facts::TlsVersion::None;
    auto operator<=>(const ClientKey&) const = default;
};

struct Client {
    ClientKey key;
    std::string helo;    // the last one, printable
    std::string sender;  // domain of the last sender; empty: unknown
    WallTime first_seen{};
    WallTime last_seen{};
    std::uint64_t sessions = 0;
};

struct Limits {
    std::size_t destinations = 100'000;
    std::size_t clients = 20'000;
    // Nothing is kept of who was not seen for so long.
    std::chrono::days keep{120};
};

// A connection, or the attempt at one, and whose mail it was made for.
struct Session {
    std::string_view host;
    policy::Sighting seen;
    policy::ChosenBy by = policy::ChosenBy::Stranger;
};

struct Seen {
    policy::Noted noted;
    std::optional<policy::Fall> fall;  // where it fell, or gave way
    std::size_t mass = 0;              // a mass stripping was just recognised: of so many sites
};

class Observations {
public:
    explicit Observations(Limits limits = {}) : limits_{limits} {}

    // What the ratchet says to a connection about to be made. Notes nothing.
    [[nodiscard]] std::optional<policy::Hold> held_to(const DestinationKey& key,
                                                      const objects::RatchetSettings& settings,
                                                      WallTime now) const;
    // A connection that mail goes through.
    Seen note_session(const DestinationKey& key, const Session& session,
                      const objects::RatchetSettings& settings, WallTime now);
    // No host had what the destination was held to.
    Seen note_failure(const DestinationKey& key, const Session& session, const policy::Hold& held,
                      WallTime now);
    // Of every organization where none is named. How many there were.
    std::size_t accept(std::string_view organization, std::string_view destination, WallTime now);

    // Versions from 1.2 on are not kept.
    void note_client(const IpAddress& client, facts::TlsVersion version, std::string_view helo,
                     std::string_view sender, WallTime now);

    // Since when a mass stripping lasts; nullopt: there is none.
    [[nodiscard]] std::optional<WallTime> mass_since(WallTime now) const;

    // Copies, brought to now, ordered by key.
    [[nodiscard]] std::vector<Destination> destinations(WallTime now) const;
    [[nodiscard]] std::vector<Client> clients(WallTime now) const;

    // For the keeper.
    struct Changes {
        std::vector<Destination> destinations;
        std::vector<Client> clients;
        std::vector<DestinationKey> gone_destinations;
        std::vector<ClientKey> gone_clients;
        [[nodiscard]] bool empty() const
        {
            return destinations.empty() && clients.empty() && gone_destinations.empty() &&
                   gone_clients.empty();
        }
    };
    [[nodiscard]] Changes take_changes();
    // Before anybody else calls.
    void restore(std::vector<Destination> destinations, std::vector<Client> clients);

private:
    struct KeptDestination {
        std::string host;
        policy::History history;
    };
    struct KeptClient {
        std::string helo;
        std::string sender;
        WallTime first_seen{};
        WallTime last_seen{};
        std::uint64_t sessions = 0;
    };
    KeptDestination& destination_of(const DestinationKey& key, WallTime now);
    Seen finish(const DestinationKey& key, KeptDestination& kept, const Session& session,
                policy::Noted noted, WallTime now);
    void make_room_for_destination(WallTime now);
    void make_room_for_client(WallTime now);

    const Limits limits_;
    mutable std::mutex mutex_;
    std::map<DestinationKey, KeptDestination> destinations_;
    std::map<ClientKey, KeptClient> clients_;
    std::set<DestinationKey> changed_destinations_;
    std::set<DestinationKey> gone_destinations_;
    std::set<ClientKey> changed_clients_;
    std::set<ClientKey> gone_clients_;
    policy::StrippingWatch stripping_;
};

}  // namespace hermetic::observations
