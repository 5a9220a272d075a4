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

std::vector<Way> group_by_route(const spool::StoredMessage& message,
                                const std::vector<std::uint32_t>& recipients,
                                const RouteOf& route_of)
{
    std::vector<Way> ways;
    for (const std::uint32_t index : recipients) {
        const routing::Route& route = route_of(message.envelope->recipients[index].address);
        auto way = std::find_if(ways.begin(), ways.end(),
                                [&](const Way& each) { return each.route == route; });
        if (way == ways.end()) way = ways.insert(way, {route, {}});
        way->recipients.push_back(index);
    }
    return ways;
}

Split split(const spool::StoredMessage& origin, std::span<const Way> leaving, WallTime now,
            IdSource& ids)
{
    Split made;
    for (const Way& way : leaving) {
        made.moved.insert(made.moved.end(), way.recipients.begin(), way.recipients.end());
        made.parts.push_back(make_part(origin, way.recipients, ids.next<MessageId>(now)));
    }
    return made;
}

}  // namespace hermetic::settlement
