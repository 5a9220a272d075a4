#include "settlement/settle.h"

#include "core/assert.h"
#include "core/quote.h"
#include "core/text.h"
#include "facts/reasons.h"
#include "report/notice_details.h"

#include <algorithm>
#include <utility>

namespace hermetic::settlement {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Reason;
using report::Action;
using report::RecipientReport;

constexpr std::size_t kMaxWords = 500;  // of each text in MessageState
// Of the attempt that is kept in full: a start reads it for every message that waits.
constexpr std::size_t kMaxAttempt = 1500;

constexpr std::string_view kPausedSince = "; not tried again while the destination is paused";

bool wants_success(const mail::Recipient& recipient)
{
    return (recipient.notify & mail::kNotifySuccess) != 0;
}

std::string whole_lines(const std::string& text, std::size_t max)
{
    if (text.size() <= max) return text;
    const std::size_t end = text.rfind('\n', max - 1);
    return end == std::string::npos ? std::string{} : text.substr(0, end + 1);
}

// The end of waiting: the last temporary outcome becomes the final one (specification §6.1).
Outcome expired(Outcome outcome)
{
    outcome.result = OutcomeClass::Failed;
    outcome.enhanced = outcome.enhanced.permanent();
    if (outcome.origin == facts::Origin::Local) outcome.code = 550;
    return outcome;
}

class Settler {
public:
    Settler(Settlement known, Random& random, IdSource& ids)
        : settlement_{std::move(known)},
          message_{*settlement_.message},
          schedule_{queue::make_retry_schedule(
              settlement_.snapshot->organization(message_.envelope->organization))},
          random_{random},
          ids_{ids}
    {
        waiting_.accepted_at = std::min(
            settlement_.accepted_at.value_or(message_.envelope->accepted_at), settlement_.now);
        waiting_.tls_failing_since = tls_failing_since();
        attempted_at_ = last_attempted_at();
        required_tls_ =
            mail::strongest(message_.state.required_tls, std::move(settlement_.required_tls));
    }

    Settlement run();

private:
    [[nodiscard]] std::optional<WallTime> tls_failing_since() const;
    [[nodiscard]] WallTime last_attempted_at() const;
    void judge_recipients();
    void report(const RecipientEnd& end, Action action);
    void note_attempt();
    void decide_change();
    void note_last_outcome();
    void tell_senders();
    void add_notice(report::Notice notice);
    void end_waiting();

    Settlement settlement_;
    const spool::StoredMessage& message_;
    queue::RetrySchedule schedule_;
    queue::Waiting waiting_;
    Random& random_;
    IdSource& ids_;
    std::vector<std::uint32_t> finished_;
    std::vector<RecipientReport> reports_;
    bool over_ = false;
    bool tell_delay_ = false;
    WallTime attempted_at_{};
    std::optional<mail::RequiredTls> required_tls_;
    facts::AttemptHistory history_;
    std::string last_attempt_;
};

Settlement Settler::run()
{
    judge_recipients();
    note_attempt();
    decide_change();
    if (!reports_.empty() && settlement_.tell == TellSender::Yes) tell_senders();
    for (auto& part : settlement_.split.parts)
        settlement_.change.new_messages.push_back(std::move(part));
    if (over_) end_waiting();
    return std::move(settlement_);
}

std::optional<WallTime> Settler::tls_failing_since() const
{
    std::vector<queue::TlsWord> words;
    for (const auto& end : settlement_.ends) {
        if (end.outcome.result == OutcomeClass::Deferred) {
            words.push_back(queue::tls_word(end.outcome));
        }
    }
    return queue::tls_failing_since(message_.state.tls_failing_since, words, settlement_.now);
}

// The epoch where none was ever made.
WallTime Settler::last_attempted_at() const
{
    if (settlement_.attempt) return settlement_.now;
    WallTime last{};
    for (const auto& cause : message_.state.history.causes) last = std::max(last, cause.last_at);
    return last;
}

void Settler::judge_recipients()
{
    over_ = queue::is_expired(schedule_, waiting_, settlement_.now);
    tell_delay_ = !over_ && !message_.state.delay_notified &&
                  queue::is_delay_notice_due(schedule_, waiting_, settlement_.now);
    finished_ = message_.state.finished;
    finished_.insert(finished_.end(), settlement_.split.moved.begin(),
                     settlement_.split.moved.end());
    for (const auto& end : settlement_.ends) {
        const auto& recipient = message_.envelope->recipients[end.index];
        switch (end.outcome.result) {
        case OutcomeClass::Delivered:
            ++settlement_.delivered;
            finished_.push_back(end.index);
            if (wants_success(recipient) && end.handed_to != HandedTo::DsnRelay) {
                report(end,
                       end.handed_to == HandedTo::Mailbox ? Action::Delivered : Action::Relayed);
            }
            break;
        case OutcomeClass::Failed:
            ++settlement_.failed;
            finished_.push_back(end.index);
            report(end, Action::Failed);
            break;
        case OutcomeClass::Deferred:
            if (over_) {
                ++settlement_.failed;
                finished_.push_back(end.index);
                report(end, Action::Failed);
            } else {
                ++settlement_.deferred;
                if (tell_delay_) report(end, Action::Delayed);
            }
            break;
        }
    }
    std::sort(finished_.begin(), finished_.end());
    finished_.erase(std::unique(finished_.begin(), finished_.end()), finished_.end());
}

void Settler::report(const RecipientEnd& end, Action action)
{
    RecipientReport report{.recipient = message_.envelope->recipients[end.index]};
    report.action = action;
    report.outcome = end.outcome;
    report.host = end.host;
    report.attempted_at = attempted_at_;
    reports_.push_back(std::move(report));
}

void Settler::note_attempt()
{
    history_ = message_.state.history;
    last_attempt_ = message_.state.last_attempt;
    if (!settlement_.attempt) return;
    last_attempt_ = report::format_attempt(*settlement_.attempt);
    const std::uint32_t number = message_.state.attempts + 1;
    for (const auto& end : settlement_.ends) {
        if (end.outcome.result == OutcomeClass::Delivered) continue;
        facts::note(history_, number, settlement_.now, end.outcome, end.host);
    }
}

void Settler::decide_change()
{
    auto& change = settlement_.change;
    if (finished_.size() == message_.envelope->recipients.size()) {
        change.kind = spool::Change::Kind::Finished;
        return;
    }
    change.kind = spool::Change::Kind::Deferred;
    change.state = message_.state;
    if (settlement_.approval_used) change.state.approval.reset();
    change.state.required_tls = required_tls_;
    change.state.history = history_;
    change.state.last_attempt = whole_lines(last_attempt_, kMaxAttempt);
    change.state.finished = std::move(finished_);
    if (settlement_.ends.empty()) return;  // no attempt: some of it goes another way
    change.state.tls_failing_since = waiting_.tls_failing_since;
    const WallTime planned = message_.state.next_attempt;
    if (queue::is_ahead_of_time(schedule_, planned, settlement_.now)) {
        change.state.next_attempt =
            queue::not_past_its_times(schedule_, waiting_, planned, settlement_.now);
    } else {
        change.state.attempts += 1;
        change.state.next_attempt = queue::next_attempt(schedule_, change.state.attempts, waiting_,
                                                        settlement_.now, random_);
    }
    change.state.delay_notified = message_.state.delay_notified || tell_delay_;
    note_last_outcome();
}

void Settler::note_last_outcome()
{
    const RecipientEnd* last = nullptr;
    for (const auto& end : settlement_.ends) {
        if (end.outcome.result == OutcomeClass::Deferred) last = &end;
    }
    if (last == nullptr) return;
    auto& state = settlement_.change.state;
    // A pause is nobody's answer: what the last attempt came to stays, with the pause beside it.
    const bool paused = !settlement_.attempt && last->outcome.reason == Reason::QueuePaused;
    const bool has_own =
        !state.last_reason.empty() && state.last_reason != facts::name(Reason::QueuePaused);
    if (paused && has_own) {
        if (state.last_text.ends_with(kPausedSince)) return;
        state.last_text = printable_once(state.last_text, kMaxWords - kPausedSince.size());
        state.last_text += kPausedSince;
        return;
    }
    state.last_reason = facts::name(last->outcome.reason);
    state.last_host = printable(last->host, kMaxWords);
    state.last_text = facts::format_words(last->outcome, kMaxWords);
}

void Settler::tell_senders()
{
    report::NoticeInput input;
    input.id = ids_.next<MessageId>(settlement_.now);
    input.now = settlement_.now;
    input.hostname = settlement_.hostname;
    input.snapshot = settlement_.snapshot;
    input.about = message_.envelope.get();
    input.recipients = std::move(reports_);
    input.history = std::move(history_);
    input.last_attempt = std::move(last_attempt_);
    input.expires_at = queue::expires_at(schedule_, waiting_);
    input.headers = settlement_.headers;
    input.message = std::move(settlement_.body);
    input.limit = settlement_.limit;
    input.required_tls = std::move(required_tls_);
    const auto decision = report::decide_notice(input);
    auto notice = report::make_notice(input);
    events::NoticeMade facts;
    facts.about = message_.envelope->accepted_as;
    facts.organization = message_.envelope->organization;
    facts.reason = notice ? notice->reason : decision.reason;
    if (notice) {
        facts.id = input.id;
        facts.kind = report::notice_kind(notice->kind);
        facts.content = notice->content;
        facts.to = printable(notice->envelope.recipients.front().address.format());
        notice->envelope.accepted_as = input.id;
        add_notice(*std::move(notice));
    } else if (decision.to) {
        facts.reason = Reason::NoticeLimited;
        facts.kind = report::notice_kind(decision.kind);
        facts.to = printable(decision.to->format());
    } else if (decision.reason == Reason::NoticeNotAsked) {
        return;
    }
    settlement_.notices.push_back(std::move(facts));
}

void Settler::add_notice(report::Notice notice)
{
    auto stored = std::make_shared<spool::StoredMessage>();
    stored->id = notice.envelope.accepted_as;
    stored->body.id = ids_.next<BodyId>(settlement_.now);
    stored->body.size = notice.bytes.size();
    stored->body.bytes = Bytes{std::move(notice.bytes)};
    notice.envelope.size = stored->body.size;
    stored->envelope = std::make_shared<const mail::Envelope>(std::move(notice.envelope));
    stored->state.next_attempt = settlement_.now;
    settlement_.change.new_messages.push_back(std::move(stored));
}

void Settler::end_waiting()
{
    for (auto& end : settlement_.ends) {
        if (end.outcome.result == OutcomeClass::Deferred)
            end.outcome = expired(std::move(end.outcome));
    }
}

// Everybody has it and nobody asked to hear of it: by far the most common end.
bool is_simply_done(const Settlement& known)
{
    return known.split.empty() &&
           known.message->state.finished.size() + known.ends.size() ==
               known.message->envelope->recipients.size() &&
           !may_make_notice(*known.message->envelope, known.ends);
}

}  // namespace

Settlement settle(Settlement known, Random& random, IdSource& ids)
{
    HERMETIC_ASSERT(known.message != nullptr && known.snapshot != nullptr);
    if (!is_simply_done(known)) return Settler{std::move(known), random, ids}.run();
    known.delivered = static_cast<std::uint32_t>(known.ends.size());
    return known;
}

std::vector<std::uint32_t> waiting_recipients(const spool::StoredMessage& message)
{
    const auto& finished = message.state.finished;
    std::vector<std::uint32_t> waiting;
    for (std::uint32_t i = 0; i < message.envelope->recipients.size(); ++i) {
        if (!std::binary_search(finished.begin(), finished.end(), i)) waiting.push_back(i);
    }
    return waiting;
}

std::vector<RecipientEnd> end_all(const spool::StoredMessage& message, const Outcome& outcome)
{
    std::vector<RecipientEnd> ends;
    for (const std::uint32_t index : waiting_recipients(message)) {
        ends.push_back({index, outcome, {}, HandedTo::PlainRelay});
    }
    return ends;
}

bool may_make_notice(const mail::Envelope& envelope, const std::vector<RecipientEnd>& ends)
{
    return std::any_of(ends.begin(), ends.end(), [&](const RecipientEnd& end) {
        return end.outcome.result != OutcomeClass::Delivered ||
               wants_success(envelope.recipients[end.index]);
    });
}

}  // namespace hermetic::settlement
