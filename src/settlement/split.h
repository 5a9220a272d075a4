// Parts of a message whose recipients go different ways: each a message of its own, with the same
// body.
//
// Pure. A part is stored, and its recipients leave the origin, in one atomic change
// (Settlement::split): whoever dies in between leaves every recipient in exactly one message.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "mail/address.h"
#include "routing/route.h"
#include "spool/spool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace hermetic::settlement {

struct Split {
    std::vector<std::uint32_t> moved;  // recipients that leave: indexes into the origin's envelope
    std::vector<std::shared_ptr<const spool::StoredMessage>> parts;  // the messages they travel in

    [[nodiscard]] bool empty() const { return parts.empty(); }
};

// Recipients of one message that go one group.
struct RouteGroup {
    routing::Route route;
    std::vector<std::uint32_t> recipients;
};

// In the order of their first recipients. `route_of` is asked once for each recipient, in order.
using RouteOf = std::function<const routing::Route&(const mail::Mailbox&)>;
[[nodiscard]] std::vector<RouteGroup> group_by_route(const spool::StoredMessage& message,
                                                     const std::vector<std::uint32_t>& recipients,
                                                     const RouteOf& route_of);

// One message for each way that leaves the origin. All stays as it was for them: what was
// tried, when it is planned next, whether it is held, and the id under which it was accepted.
[[nodiscard]] Split split(const spool::StoredMessage& origin, std::span<const RouteGroup> leaving,
                          WallTime now, IdSource& ids);

}  // namespace hermetic::settlement
