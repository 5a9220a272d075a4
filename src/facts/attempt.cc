#include "facts/attempt.h"

#include "core/assert.h"

namespace hermetic::facts {

std::string_view name(Stage stage)
{
    switch (stage) {
    case Stage::Route:
        return "route";
    case Stage::Dns:
        return "dns";
    case Stage::Connect:
        return "connect";
    case Stage::Greeting:
        return "greeting";
    case Stage::Ehlo:
        return "ehlo";
    case Stage::StartTls:
        return "starttls";
    case Stage::Handshake:
        return "handshake";
    case Stage::Verify:
        return "verify";
    case Stage::Auth:
        return "auth";
    case Stage::Mail:
        return "mail";
    case Stage::Rcpt:
        return "rcpt";
    case Stage::Data:
        return "data";
    case Stage::EndOfData:
        return "end-of-data";
    case Stage::Local:
        return "local";
    case Stage::Done:
        return "done";
    }
    unreachable("every Stage is named above");
}

std::string_view name(Origin origin)
{
    return origin == Origin::Local ? "local" : "remote";
}

std::string_view name(OutcomeClass outcome)
{
    switch (outcome) {
    case OutcomeClass::Delivered:
        return "delivered";
    case OutcomeClass::Deferred:
        return "deferred";
    case OutcomeClass::Failed:
        return "failed";
    }
    unreachable("every OutcomeClass is named above");
}

std::string_view name(AttemptStep::Kind kind)
{
    switch (kind) {
    case AttemptStep::Kind::Everything:
        return "everything";
    case AttemptStep::Kind::Compatible:
        return "compatible";
    case AttemptStep::Kind::LowerVersion:
        return "lower-version";
    case AttemptStep::Kind::Weak:
        return "weak";
    case AttemptStep::Kind::Legacy:
        return "legacy";
    case AttemptStep::Kind::Clear:
        return "clear";
    }
    unreachable("every AttemptStep::Kind is named above");
}

bool closes_session(const Outcome& outcome)
{
    constexpr int kClosing = 421;
    return outcome.origin == Origin::Remote && outcome.code == kClosing;
}

std::string EnhancedStatus::format() const
{
    std::string text = std::to_string(status_class);
    for (const auto number : {subject, detail}) text.append(1, '.').append(std::to_string(number));
    return text;
}

EnhancedStatus EnhancedStatus::permanent() const
{
    return {5, subject, detail};
}

}  // namespace hermetic::facts
