#include "admin/outcomes_resource.h"

#include "admin/recent_outcomes.h"
#include "admin/shown.h"
#include "core/time.h"
#include "facts/attempt_history.h"

#include <boost/json.hpp>

namespace hermetic::admin {

Response show_outcomes(const Api& api, const Request& request)
{
    const auto id = parse_id<MessageId>(request.path[2]);
    if (!id)
        return refuse(400, "this is not a message id",
                      "26 characters, as in the reply that accepted it");
    const auto found = api.outcomes.find(*id);
    if (!found)
        return refuse(404, "no attempt at this message is remembered",
                      "one that was tried lately; the log has all");
    const facts::Outcome& outcome = found->outcome;
    const boost::json::object body{{"id", format_id(*id)},
                                   {"delivered", found->delivered},
                                   {"failed", found->failed},
                                   {"deferred", found->deferred},
                                   {"at", format_rfc3339(found->at)},
                                   {"host", shown(found->host)},
                                   {"outcome", facts::name(outcome.result)},
                                   {"reason", facts::name(outcome.reason)},
                                   {"text", facts::format_words(outcome, kLongestShown)}};
    return {200, "application/json", boost::json::serialize(body)};
}

}  // namespace hermetic::admin
