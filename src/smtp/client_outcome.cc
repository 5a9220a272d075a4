#include "smtp/client_outcome.h"

#include <utility>

namespace hermetic::smtp {
namespace {

// One outcome for each of a thousand recipients: more than this of a reply helps nobody.
constexpr std::size_t kMaxWords = 4096;

std::string reason_of(facts::Stage stage, std::string_view suffix)
{
    std::string reason{facts::name(stage)};
    reason += suffix;
    return reason;
}

}  // namespace

facts::Outcome outcome_of_reply(facts::Stage stage, const PeerReply& reply)
{
    facts::Outcome outcome;
    outcome.stage = stage;
    outcome.origin = facts::Origin::Remote;
    outcome.code = reply.code;
    outcome.enhanced = enhanced_status(reply);
    outcome.text = reply.text.substr(0, kMaxWords);
    if (reply.text.size() > kMaxWords) outcome.text += " ...";
    if (reply.positive()) {
        outcome.result = facts::OutcomeClass::Delivered;
        outcome.stage = facts::Stage::Done;
        outcome.reason = "done.accepted";
    } else if (reply.permanent()) {
        outcome.result = facts::OutcomeClass::Failed;
        outcome.reason = reason_of(stage, ".refused");
    } else {
        outcome.result = facts::OutcomeClass::Deferred;
        outcome.reason = reason_of(stage, ".deferred");
    }
    return outcome;
}

facts::Outcome local_outcome(facts::Stage stage, facts::EnhancedStatus enhanced,
                             std::string_view reason, std::string text)
{
    facts::Outcome outcome;
    outcome.stage = stage;
    outcome.origin = facts::Origin::Local;
    outcome.enhanced = enhanced;
    const bool permanent = enhanced.status_class == 5;
    outcome.result = permanent ? facts::OutcomeClass::Failed : facts::OutcomeClass::Deferred;
    outcome.code = permanent ? 550 : 450;
    outcome.reason = reason;
    outcome.text = std::move(text);
    return outcome;
}

}  // namespace hermetic::smtp
