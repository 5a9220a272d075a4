#include "facts/reason.h"

#include "core/assert.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "facts/sender_words.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace hermetic::facts {
namespace {

// Sentences for senders that several rows share (specification §6.2): what happened.
constexpr std::string_view kNoWay =
    "Our server does not know how to reach the recipient's mail system.";
constexpr std::string_view kNotFound =
    "The recipient's mail system could not be found: the directory of internet names gave no "
    "usable answer about its domain.";
constexpr std::string_view kUnreachable =
    "The recipient's mail system could not be reached: it did not answer.";
constexpr std::string_view kMisbehaved = "The recipient's mail system did not answer as it should.";
constexpr std::string_view kBroke = "The connection to the recipient's mail system broke.";
constexpr std::string_view kOwnTrouble =
    "Our own server could not send the message; nothing is wrong with the recipient's mail system.";
constexpr std::string_view kNoLogin =
    "Our server could not log in to the mail system that passes its mail on.";
constexpr std::string_view kNoProtection =
    "The recipient's mail system does not offer, or refused, the protected connection that this "
    "message is to be sent over. It was not sent unprotected.";
constexpr std::string_view kNoHandshake =
    "A protected connection to the recipient's mail system could not be made. The message was not "
    "sent unprotected.";
constexpr std::string_view kUnproved =
    "The recipient's mail system could not prove that it is the right one, so the message was not "
    "handed to it.";
constexpr std::string_view kUnlikePublished =
    "The recipient's domain publishes how its mail system is to be recognised, and this one could "
    "not be. The message was not handed to it.";
constexpr std::string_view kUnlikeSts =
    "The recipient's domain asks for protected connections to certain mail systems only, and no "
    "such connection could be made. The message was not handed over.";
constexpr std::string_view kTooOld =
    "The recipient's mail system uses an encryption that is too old, and that our server is "
    "retiring gradually. The message was not sent this time.";
constexpr std::string_view kTooWeak =
    "The recipient's mail system uses an encryption that is too weak for this message, so it was "
    "not handed over.";
constexpr std::string_view kTooLarge = "The message is too large for the recipient's mail system.";
constexpr std::string_view kForm =
    "The recipient's mail system cannot accept a message of this form, and it could not be "
    "changed.";

// And what to do.
constexpr std::string_view kSmaller =
    "Send a smaller message: leave out or compress attachments, or share them in another way.";
constexpr std::string_view kSimpler =
    "Send it in a simpler form: as plain text, without special characters in addresses.";
constexpr std::string_view kOfferStarttls =
    "Reach the recipient in another way. Those who run their mail system have to make it offer "
    "encryption (STARTTLS); ask the recipient to show them this notice.";
constexpr std::string_view kRepairTls =
    "Reach the recipient in another way, and ask them to show this notice to those who run their "
    "mail system.";
constexpr std::string_view kRepairCertificate =
    "Reach the recipient in another way. Those who run their mail system have to repair its "
    "certificate; ask the recipient to show them this notice.";
constexpr std::string_view kAgreeTlsa =
    "Reach the recipient in another way. Those who run their mail system have to make its "
    "certificate and its TLSA records agree; ask the recipient to show them this notice.";
constexpr std::string_view kAgreeSts =
    "Reach the recipient in another way. Those who run their mail system have to make its "
    "certificate and its MTA-STS policy agree; ask the recipient to show them this notice.";
constexpr std::string_view kWithoutRequiretls =
    "Send it again without that requirement if it may be sent like other mail, or reach the "
    "recipient in another way.";
constexpr std::string_view kNeedsTls12 =
    "Ask the recipient to show this notice to those who run their mail system: it needs TLS 1.2 or "
    "later. Until then some messages arrive late, and finally none will.";

constexpr std::size_t kRows = kReasonCount + 1;
constexpr std::size_t kForeignOctets = 100;

constexpr std::array<ReasonRow, kRows> make_rows()
{
    using enum Stage;
    using enum Fixer;
    constexpr std::optional<Stage> anywhere;
    return {{
        {},
// clang-format off
#define HERMETIC_FINDING(Name, id, stage, status, fixer, words, fix, what, how, document) \
        {id, ReasonKind::Finding, stage, status, fixer, words, fix, what, how, document},
#define HERMETIC_REPLY(Name, id, stage, fixer, words, fix, what, how, document) \
        {id, ReasonKind::Reply, stage, {}, fixer, words, fix, what, how, document},
#define HERMETIC_REFUSAL(Name, id, code, status, words, document) \
        {id, ReasonKind::Refusal, {}, status, Nobody, words, {}, {}, {}, document},
#define HERMETIC_WARNING(Name, id, fixer, words, fix, document) \
        {id, ReasonKind::Warning, {}, {}, fixer, words, fix, {}, {}, document},
#define HERMETIC_EXPLANATION(Name, id, words, document) \
        {id, ReasonKind::Explanation, {}, {}, Nobody, words, {}, {}, {}, document},
#include "facts/reasons.def"
        // clang-format on
    }};
}

constexpr std::array<ReasonRow, kRows> kTable = make_rows();

constexpr int kAnyDetail = -1;

// In the order of the table.
constexpr StatusRow kStatusRows[] = {
#define HERMETIC_PEER_STATUS(subject, detail, fixer, what, how, fix) \
    {subject, detail, Fixer::fixer, what, how, fix},
#define any kAnyDetail
#include "facts/reasons.def"
#undef any
};

using Named = std::pair<std::string_view, Reason>;

std::array<Named, kReasonCount> sort_by_id()
{
    std::array<Named, kReasonCount> sorted;
    for (std::uint16_t i = 1; i < kRows; ++i) sorted[i - 1U] = {kTable[i].id, Reason{i}};
    std::ranges::sort(sorted, {}, &Named::first);
    return sorted;
}

}  // namespace

const ReasonRow& describe(Reason reason)
{
    const auto index = static_cast<std::size_t>(reason);
    HERMETIC_ASSERT(index < kTable.size());
    return kTable[index];
}

std::string_view suggest_fix(const Outcome& outcome)
{
    if (outcome.result == OutcomeClass::Delivered) return {};
    if (!outcome.fix.empty()) return outcome.fix;
    const ReasonRow& row = describe(outcome.reason);
    if (!row.fix.empty() || outcome.origin == Origin::Local) return row.fix;
    const StatusRow* const said = describe_status(outcome.enhanced);
    return said != nullptr ? said->fix : std::string_view{};
}

const StatusRow* describe_status(const EnhancedStatus& status)
{
    for (const StatusRow& each : kStatusRows) {
        const bool matches = each.detail == kAnyDetail || each.detail == status.detail;
        if (each.subject == status.subject && matches) return &each;
    }
    return nullptr;
}

void set_status(Outcome& outcome, EnhancedStatus status)
{
    constexpr std::uint8_t kPermanent = 5;
    const bool permanent = status.status_class == kPermanent;
    outcome.enhanced = status;
    outcome.result = permanent ? OutcomeClass::Failed : OutcomeClass::Deferred;
    outcome.code = permanent ? 550 : 450;
}

Outcome local_outcome(Reason reason, Stage stage, std::string text)
{
    const ReasonRow& row = describe(reason);
    HERMETIC_ASSERT(row.kind == ReasonKind::Finding);
    Outcome outcome;
    outcome.stage = stage;
    outcome.origin = Origin::Local;
    set_status(outcome, row.status);
    outcome.reason = reason;
    outcome.text = text.empty() ? std::string{row.words} : std::move(text);
    return outcome;
}

Outcome local_outcome(Reason reason, std::string text)
{
    const auto stage = describe(reason).stage;
    HERMETIC_ASSERT(stage.has_value());
    return local_outcome(reason, *stage, std::move(text));
}

std::string_view name(Reason reason)
{
    return describe(reason).id;
}

std::optional<Reason> parse_reason(std::string_view id)
{
    static const auto sorted = sort_by_id();
    const auto found = std::ranges::lower_bound(sorted, id, {}, &Named::first);
    if (found == sorted.end() || found->first != id) return std::nullopt;
    return found->second;
}

std::ostream& operator<<(std::ostream& out, Reason reason)
{
    return out << (reason == Reason::None ? std::string_view{"(no reason)"} : name(reason));
}

std::string_view name(Fixer fixer)
{
    switch (fixer) {
    case Fixer::Nobody:
        return "nobody";
    case Fixer::Sender:
        return "sender";
    case Fixer::Us:
        return "us";
    case Fixer::RecipientSide:
        return "recipient-side";
    case Fixer::Network:
        return "network";
    }
    unreachable("every Fixer is named above");
}

RecordedReason RecordedReason::parse(std::string_view text)
{
    RecordedReason recorded;
    if (const auto known = parse_reason(text)) {
        recorded.reason_ = *known;
    } else {
        recorded.foreign_ = printable(text, kForeignOctets);
    }
    return recorded;
}

std::string_view RecordedReason::text() const
{
    return foreign_.empty() ? name(reason_) : std::string_view{foreign_};
}

}  // namespace hermetic::facts
