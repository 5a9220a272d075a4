// The reasons by name, and what the table reasons.def says of each: for code that decides or tells.
// What only passes reasons on needs facts/reason.h.
#pragma once

#include "facts/attempt.h"
#include "facts/reason.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::facts {

enum class Reason : std::uint16_t {
    None,
#define HERMETIC_FINDING(Name, id, stage, status, fixer, words, fix, what, how, document) Name,
#define HERMETIC_REPLY(Name, id, stage, fixer, words, fix, what, how, document) Name,
#define HERMETIC_REFUSAL(Name, id, code, status, words, document) Name,
#define HERMETIC_WARNING(Name, id, fixer, words, fix, document) Name,
#define HERMETIC_EXPLANATION(Name, id, words, document) Name,
#include "facts/reasons.def"
};

// All but None, in the order of the table.
inline constexpr std::uint16_t kReasonCount = 0
// One summand a row: parentheses would make the rows a call.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define HERMETIC_FINDING(Name, id, stage, status, fixer, words, fix, what, how, document) +1
#define HERMETIC_REPLY(Name, id, stage, fixer, words, fix, what, how, document) +1
#define HERMETIC_REFUSAL(Name, id, code, status, words, document) +1
#define HERMETIC_WARNING(Name, id, fixer, words, fix, document) +1
#define HERMETIC_EXPLANATION(Name, id, words, document) +1
// NOLINTEND(bugprone-macro-parentheses)
#include "facts/reasons.def"
    ;

// As the table writes them.
constexpr EnhancedStatus temporary(std::uint16_t subject, std::uint16_t detail)
{
    return {4, subject, detail};
}
constexpr EnhancedStatus permanent(std::uint16_t subject, std::uint16_t detail)
{
    return {5, subject, detail};
}

// Who can make the fix.
enum class Fixer : std::uint8_t {
    Nobody,         // nothing is to be done
    Sender,         // who wrote the message
    Us,             // the administrators of this server
    RecipientSide,  // those of the peer, or of its domain
    Network,        // those of what lies between
};
[[nodiscard]] std::string_view name(Fixer fixer);  // "recipient-side"

enum class ReasonKind : std::uint8_t {
    Finding,      // ours; may end an attempt
    Reply,        // the peer's; its status is its own
    Refusal,      // ours, of a client
    Warning,      // ends nothing, and should be mended
    Explanation,  // a source, a step or a result
};

// A row of the table. All views are literals.
struct ReasonRow {
    std::string_view id;
    ReasonKind kind = ReasonKind::Explanation;
    std::optional<Stage> stage;  // where it ends an attempt; nullopt: wherever it was, or nowhere
    EnhancedStatus status;       // of a Finding; else 0.0.0
    Fixer fixer = Fixer::Nobody;
    std::string_view words;          // for operators: a clause, alone or behind a host's name
    std::string_view fix;            // for operators: what would help; empty: nothing is to be done
    std::string_view sender_words;   // for senders: a sentence; empty: the reply's status says more
    std::string_view sender_advice;  // for senders: what to do
    std::string_view document;       // "tls#the-decision": file and section of docs/policy/
};
[[nodiscard]] const ReasonRow& describe(Reason reason);

// What a peer means by the status of its reply (RFC 3463), in a row of the table. All views are
// literals.
struct StatusRow {
    int subject = 0;
    int detail = 0;  // -1: any
    Fixer fixer = Fixer::Nobody;
    std::string_view sender_words;
    std::string_view sender_advice;
    std::string_view fix;  // for operators; empty: nothing is known
};
// Null where the subject says nothing of the message.
[[nodiscard]] const StatusRow* describe_status(const EnhancedStatus& status);

// A Finding as the end of an attempt: stage and status are the row's, class and code (450 or 550)
// follow from the status. Without `text` the row's words.
[[nodiscard]] Outcome local_outcome(Reason reason, std::string text = {});
// The same at another stage than the row's, or where the row has none.
[[nodiscard]] Outcome local_outcome(Reason reason, Stage stage, std::string text = {});
// Another status than the row's; class and code follow.
void set_status(Outcome& outcome, EnhancedStatus status);

// What an operator could do about it: the outcome's own fix, else the row's, or for a reply what
// its status says (RFC 3463). Empty where nothing is known or nothing is to be done. Valid as long
// as the outcome.
[[nodiscard]] std::string_view suggest_fix(const Outcome& outcome);

}  // namespace hermetic::facts
