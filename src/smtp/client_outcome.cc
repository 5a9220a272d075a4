#include "smtp/client_outcome.h"

#include "core/assert.h"
#include "facts/reasons.h"

namespace hermetic::smtp {
namespace {

using facts::Reason;

// One outcome for each of a thousand recipients: more than this of a reply helps nobody.
constexpr std::size_t kMaxWords = 4096;

enum class Said : std::uint8_t { Deferred, Refused };

// At the other stages nothing is asked that a reply could answer.
Reason reason_of(facts::Stage stage, Said said)
{
    const bool refused = said == Said::Refused;
    switch (stage) {
    case facts::Stage::Greeting:
        return refused ? Reason::GreetingRefused : Reason::GreetingDeferred;
    case facts::Stage::Ehlo:
        return refused ? Reason::EhloRefused : Reason::EhloDeferred;
    case facts::Stage::StartTls:
        return Reason::StarttlsRefused;
    case facts::Stage::Auth:
        return refused ? Reason::AuthRefused : Reason::AuthDeferred;
    case facts::Stage::Mail:
        return refused ? Reason::MailRefused : Reason::MailDeferred;
    case facts::Stage::Rcpt:
        return refused ? Reason::RcptRefused : Reason::RcptDeferred;
    case facts::Stage::Data:
        return refused ? Reason::DataRefused : Reason::DataDeferred;
    case facts::Stage::EndOfData:
        return refused ? Reason::EndOfDataRefused : Reason::EndOfDataDeferred;
    case facts::Stage::Route:
    case facts::Stage::Dns:
    case facts::Stage::Connect:
    case facts::Stage::Handshake:
    case facts::Stage::Verify:
    case facts::Stage::Local:
    case facts::Stage::Done:
        return Reason::ReplyUnexpected;
    }
    unreachable("every Stage is handled above");
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
        outcome.reason = Reason::DoneAccepted;
    } else if (reply.permanent()) {
        outcome.result = facts::OutcomeClass::Failed;
        outcome.reason = reason_of(stage, Said::Refused);
    } else {
        outcome.result = facts::OutcomeClass::Deferred;
        // 421 answers no command: TLS may be had there another time.
        const bool closes = stage == facts::Stage::StartTls && facts::closes_session(outcome);
        outcome.reason = closes ? Reason::StarttlsDeferred : reason_of(stage, Said::Deferred);
    }
    return outcome;
}

}  // namespace hermetic::smtp
