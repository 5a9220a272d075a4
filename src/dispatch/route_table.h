// Route keys of recipients under one snapshot, remembered by domain. Not thread-safe.
#pragma once

#include "mail/envelope.h"
#include "objects/snapshot.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::dispatch {

// The way of a whole message.
struct MessageRoute {
    std::string destination;  // route key of its first waiting recipient
    // The domains of its waiting recipients, sorted, joined by ','; kManyDomains where they are too
    // many to be kept. Of another than the first organization: and ",;" with its name.
    std::string domains;
    bool parts = false;  // its recipients go different ways: it must be split
};

inline constexpr std::string_view kManyDomains = "*";

class RouteTable {
public:
    explicit RouteTable(objects::SnapshotPointer snapshot);

    // `finished`: indexes of recipients that need nothing more.
    [[nodiscard]] MessageRoute of(const mail::Envelope& envelope,
                                  const std::vector<std::uint32_t>& finished);
    // `organization`: the mail's, by name (mail::Envelope).
    [[nodiscard]] const std::string& of(std::string_view organization,
                                        const mail::Mailbox& recipient);
    // Of MessageRoute::domains; empty where they part, or are too many to tell.
    [[nodiscard]] std::string of_domains(const std::string& domains);

    // Whose mail it is that has these MessageRoute::domains; empty: the first's.
    [[nodiscard]] static std::string_view owner_of(std::string_view domains);

    [[nodiscard]] const objects::Snapshot& snapshot() const { return *snapshot_; }

private:
    [[nodiscard]] bool is_first(std::string_view organization) const;

    objects::SnapshotPointer snapshot_;
    std::unordered_map<std::string, std::string>
        keys_;  // "example.org" or "[192.0.2.1]", and the organization → route key
};

}  // namespace hermetic::dispatch
