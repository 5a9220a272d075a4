#include "settlement/split.h"

#include <algorithm>
#include <utility>

namespace hermetic::settlement {

namespace {

std::shared_ptr<const spool::StoredMessage> make_part(const spool::StoredMessage& origin,
                                                      const std::vector<std::uint32_t>& recipients,
                                                      MessageId id)
{
    auto envelope = std::make_shared<mail::Envelope>(*origin.envelope);
    envelope->recipients.clear();
    for (const std::uint32_t index : recipients) {
        envelope->recipients.push_back(origin.envelope->recipients[index]);
    }
    auto part = std::make_shared<spool::StoredMessage>(origin);
    part->id = id;
    part->envelope = std::move(envelope);
    part->state.finished.clear();
    return part;
}

}  // namespace

std::vector<RouteGroup> group_by_route(const spool::StoredMessage& message,
                                       const std::vector<std::uint32_t>& recipients,
                                       const RouteOf& route_of)
{
    std::vector<RouteGroup> groups;
    for (const std::uint32_t index : recipients) {
        const routing::Route& route = route_of(message.envelope->recipients[index].address);
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const RouteGroup& each) { return each.route == route; });
        if (group == groups.end()) group = groups.insert(group, {route, {}});
        group->recipients.push_back(index);
    }
    return groups;
}

Split split(const spool::StoredMessage& origin, std::span<const RouteGroup> leaving, WallTime now,
            IdSource& ids)
{
    Split made;
    for (const RouteGroup& group : leaving) {
        made.moved.insert(made.moved.end(), group.recipients.begin(), group.recipients.end());
        made.parts.push_back(make_part(origin, group.recipients, ids.next<MessageId>(now)));
    }
    return made;
}

}  // namespace hermetic::settlement
