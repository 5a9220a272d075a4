// The routes of recipients under one snapshot, remembered by domain. Not thread-safe.
#pragma once

#include "mail/envelope.h"
#include "objects/snapshot.h"
#include "routing/route.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hermetic::dispatch {

// The way of a whole message.
struct MessageRoute {
    routing::RoutePointer route;  // of its first waiting recipient
    routing::RouteQuestion question;
    bool parts = false;  // its recipients go different ways: it must be split
};

class RouteTable {
public:
    explicit RouteTable(objects::SnapshotPointer snapshot);

    // `finished`: indexes of recipients that need nothing more.
    [[nodiscard]] MessageRoute of(const mail::Envelope& envelope,
                                  const std::vector<std::uint32_t>& finished);
    // `organization`: the mail's, by name (mail::Envelope).
    [[nodiscard]] const routing::RoutePointer& of(std::string_view organization,
                                                  const mail::Mailbox& recipient);
    // Null where its recipients part, or are too many to tell.
    [[nodiscard]] routing::RoutePointer of(const routing::RouteQuestion& question);

    [[nodiscard]] const objects::Snapshot& snapshot() const { return *snapshot_; }

private:
    struct Asked {
        const objects::Organization* owner = nullptr;  // of the snapshot
        routing::RecipientHost host;
        bool operator==(const Asked&) const = default;
    };
    struct AskedHash {
        std::size_t operator()(const Asked& asked) const
        {
            return std::hash<routing::RecipientHost>{}(asked.host);
        }
    };

    objects::SnapshotPointer snapshot_;
    std::unordered_map<Asked, routing::RoutePointer, AskedHash> known_;
    // What leads the same way is one value.
    std::unordered_set<routing::RoutePointer, routing::RouteHash, routing::RouteEqual> routes_;
};

}  // namespace hermetic::dispatch
