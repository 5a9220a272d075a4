// Since when mail waits for each outbound connector: the oldest message of each, at any time.
//
// Not thread-safe: a part of the scheduler. A heap of each connector's messages, from which what
// has left is taken when it comes to the top: a message costs O(log n) once, an answer O(1).
#pragma once

#include "core/time.h"
#include "queue/destination.h"
#include "queue/listing.h"
#include "queue/tables.h"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::queue {

class ConnectorAges {
public:
    ConnectorAges(Slab& slab, const Destinations& destinations)
        : slab_{slab}, destinations_{destinations}
    {
    }
    ConnectorAges(const ConnectorAges&) = delete;
    ConnectorAges& operator=(const ConnectorAges&) = delete;

    // The number of its connector, which stays; kNone: it has none.
    [[nodiscard]] std::uint32_t number_of(const routing::Route& route);
    // The item waits by its destination's connector, if that has one. Known already: nothing.
    void add(std::uint32_t slot);
    // Of the connectors with mail that nobody holds.
    [[nodiscard]] std::vector<OldestRow> oldest();

private:
    struct Entry {
        WallTime accepted_at{};
        std::uint32_t slot = kNone;
        auto operator<=>(const Entry&) const = default;
    };
    struct Ages {
        std::shared_ptr<const ConnectorName> name;
        std::vector<Entry> heap;  // the oldest first; what has left may still be in it
        std::size_t tidy_at = 0;  // entries
    };
    static constexpr std::size_t kTidyAtLeast = 64;

    [[nodiscard]] bool still_waits(std::uint32_t connector, const Entry& entry);
    void tidy(std::uint32_t connector);

    Slab& slab_;
    const Destinations& destinations_;
    std::map<std::pair<std::string, std::string>, std::uint32_t, std::less<>> numbers_;
    std::vector<Ages> all_;  // by number
};

}  // namespace hermetic::queue
