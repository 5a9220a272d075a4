#include "dispatch/message_change.h"

#include <gtest/gtest.h>

#include <ostream>

namespace hermetic::dispatch {
namespace {

using Answer = OperatorAnswer::Kind;
using Kind = MessageChange::Kind;
using Reading = QueueFacts::Reading;
using queue::State;

struct Row {
    const char* name;
    Kind kind;
    QueueFacts facts;
    std::optional<Answer> answer;  // nullopt: it begins now

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class RefuseChange : public testing::TestWithParam<Row> {};

TEST_P(RefuseChange, SaysWhetherItMayBegin)
{
    MessageChange change;
    change.kind = GetParam().kind;
    change.approval = {"operator", "ticket 12", {}};
    const auto refusal = refuse_change(change, GetParam().facts);
    ASSERT_EQ(refusal.has_value(), GetParam().answer.has_value());
    if (!refusal) return;
    EXPECT_EQ(refusal->kind, *GetParam().answer);
    EXPECT_FALSE(refusal->words.empty());
}

// clang-format off
const Row kRows[] = {
    {"Unknown",          Kind::Hold,    {Reading::Over, {}, false},                  Answer::NotFound},
    {"NotReadYet",       Kind::Hold,    {Reading::Going, {}, false},                 Answer::Starting},
    {"StoppingUnknown",  Kind::Hold,    {Reading::Stopping, {}, false},              Answer::Stopping},
    {"Stopping",         Kind::Hold,    {Reading::Stopping, State::Waiting, false},  Answer::Stopping},
    {"WhileStarting",    Kind::Hold,    {Reading::Going, State::Waiting, false},     {}},
    {"HoldWaiting",      Kind::Hold,    {Reading::Over, State::Waiting, false},      {}},
    {"HoldDeferred",     Kind::Hold,    {Reading::Over, State::Deferred, false},     {}},
    {"HoldHeld",         Kind::Hold,    {Reading::Over, State::Held, false},         Answer::Done},
    {"HoldUnsplit",      Kind::Hold,    {Reading::Over, State::Held, true},          {}},
    {"HoldUnderWay",     Kind::Hold,    {Reading::Over, State::UnderWay, false},     Answer::AfterAttempt},
    {"HoldReserved",     Kind::Hold,    {Reading::Over, State::Reserved, false},     Answer::Refused},
    {"ReleaseHeld",      Kind::Release, {Reading::Over, State::Held, false},         {}},
    {"ReleaseUnsplit",   Kind::Release, {Reading::Over, State::Held, true},          Answer::Refused},
    {"ReleaseWaiting",   Kind::Release, {Reading::Over, State::Waiting, false},      Answer::Refused},
    {"ReleaseUnderWay",  Kind::Release, {Reading::Over, State::UnderWay, false},     Answer::Refused},
    {"ApproveDeferred",  Kind::Approve, {Reading::Over, State::Deferred, false},     {}},
    {"ApproveHeld",      Kind::Approve, {Reading::Over, State::Held, false},         Answer::Refused},
    {"ApproveUnderWay",  Kind::Approve, {Reading::Over, State::UnderWay, false},     Answer::Refused},
    {"ApproveReserved",  Kind::Approve, {Reading::Over, State::Reserved, false},     Answer::Refused},
    {"ApprovePaused",    Kind::Approve, {Reading::Over, State::Waiting, false, true}, Answer::Refused},
    {"RetryWaiting",     Kind::Retry,   {Reading::Over, State::Waiting, false},      {}},
    {"RetryDeferred",    Kind::Retry,   {Reading::Over, State::Deferred, false},     {}},
    {"RetryHeld",        Kind::Retry,   {Reading::Over, State::Held, false},         Answer::Refused},
    {"RetryPaused",      Kind::Retry,   {Reading::Over, State::Waiting, false, true}, Answer::Refused},
    {"RetryUnderWay",    Kind::Retry,   {Reading::Over, State::UnderWay, false},     Answer::Done},
    {"RetryReserved",    Kind::Retry,   {Reading::Over, State::Reserved, false},     Answer::Refused},
    {"ReleasePaused",    Kind::Release, {Reading::Over, State::Held, false, true},   {}},
    {"RemovePaused",     Kind::Remove,  {Reading::Over, State::Waiting, false, true}, {}},
    {"RemoveHeld",       Kind::Remove,  {Reading::Over, State::Held, false},         {}},
    {"HoldTwice",        Kind::Hold,    {Reading::Over, State::UnderWay, false, false, Kind::Hold},   Answer::AfterAttempt},
    {"ReleaseOfAPromise", Kind::Release, {Reading::Over, State::UnderWay, false, false, Kind::Hold},  Answer::Done},
    {"RemoveInsteadOfHold", Kind::Remove, {Reading::Over, State::UnderWay, false, false, Kind::Hold}, Answer::AfterAttempt},
    {"HoldOfARemoval",   Kind::Hold,    {Reading::Over, State::UnderWay, false, false, Kind::Remove}, Answer::Refused},
    {"ReleaseOfARemoval", Kind::Release, {Reading::Over, State::UnderWay, false, false, Kind::Remove}, Answer::Refused},
    {"RemoveTwice",      Kind::Remove,  {Reading::Over, State::UnderWay, false, false, Kind::Remove}, Answer::AfterAttempt},
    {"RemoveUnderWay",   Kind::Remove,  {Reading::Over, State::UnderWay, false},     Answer::AfterAttempt},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Rows, RefuseChange, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(RefuseChangeOfMessage, NoApprovalLiftsRequiretls)
{
    MessageChange change;
    change.approval = {"operator", "ticket 12", {}};
    mail::Envelope envelope;
    for (const Kind kind : {Kind::Retry, Kind::Hold, Kind::Release, Kind::Approve, Kind::Remove}) {
        change.kind = kind;
        envelope.tls = {};
        EXPECT_FALSE(refuse_change(change, envelope));
        envelope.tls.requiretls = true;
        const auto refusal = refuse_change(change, envelope);
        ASSERT_EQ(refusal.has_value(), kind == Kind::Approve);
        if (!refusal) continue;
        EXPECT_EQ(refusal->kind, Answer::Refused);
        EXPECT_NE(refusal->words.find("REQUIRETLS"), std::string::npos);
    }
}

// A selection means only what the change could begin with: the count that is asked about is that of
// the messages that would be changed.
TEST(ConcernedStates, AreThoseInWhichTheChangeBegins)
{
    for (const Kind kind : {Kind::Retry, Kind::Hold, Kind::Release, Kind::Approve, Kind::Remove}) {
        for (const State state : {State::Waiting, State::Deferred, State::Held, State::UnderWay}) {
            MessageChange change;
            change.kind = kind;
            change.approval = {"operator", "ticket 12", {}};
            const auto refusal = refuse_change(change, {Reading::Over, state, false});
            const bool changes = !refusal || refusal->kind == Answer::AfterAttempt;
            EXPECT_EQ(concerned_states(kind).contains(state), changes)
                << static_cast<int>(kind) << ' ' << queue::name(state);
        }
    }
}

class ApplyChange : public testing::Test {
protected:
    ApplyChange()
    {
        auto envelope = std::make_shared<mail::Envelope>();
        envelope->sender = *mail::parse_mailbox("a@own.example");
        envelope->recipients.push_back(
            {.address = *mail::parse_mailbox("b@far.example"), .orcpt = ""});
        message.envelope = std::move(envelope);
        message.state.attempts = 2;
        message.state.held = true;
        message.state.last_reason = "connect.refused";
        objects::Snapshot::Contents contents;
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        snapshot = std::make_unique<objects::Snapshot>(std::move(contents));
    }
    settlement::Settlement apply(const MessageChange& change)
    {
        settlement::Settlement input;
        input.message = &message;
        input.change.lease = {message.id, 7};
        input.snapshot = snapshot.get();
        input.hostname = "mx.own.example";
        input.now = now;
        return apply_change(change, std::move(input), random, ids);
    }

    const WallTime now{std::chrono::hours{24 * 365 * 50}};
    spool::StoredMessage message;
    std::unique_ptr<objects::Snapshot> snapshot;
    Random random{1};
    IdSource ids{1, 1};
};

TEST_F(ApplyChange, ChangesOneThingAndLeavesTheRest)
{
    message.state.held = false;
    spool::MessageState expected = message.state;
    expected.held = true;
    expected.handled = spool::Handled{"held", "alice", now};
    EXPECT_EQ(apply({Kind::Hold, {}, {}, {1000, "alice"}}).change.state, expected);

    message.state.held = true;
    expected.held = false;
    expected.next_attempt = now;
    expected.handled = spool::Handled{"released", "bob", now};
    EXPECT_EQ(apply({Kind::Release, {}, {}, {1001, "bob"}}).change.state, expected);

    const spool::Approval approval{"operator", "ticket 12", now};
    expected = message.state;
    expected.approval = approval;
    const auto approved = apply({Kind::Approve, {}, approval});
    EXPECT_EQ(approved.change.state, expected);
    EXPECT_EQ(approved.change.kind, spool::Change::Kind::Deferred);
    EXPECT_EQ(approved.change.lease.epoch, 7U);
}

TEST_F(ApplyChange, ARemovalAndItsNoticeAreOneChange)
{
    const auto told = apply({Kind::Remove, TellSender::Yes, {}});
    EXPECT_EQ(told.change.kind, spool::Change::Kind::Finished);
    EXPECT_EQ(told.change.new_messages.size(), 1U);
    const auto silent = apply({Kind::Remove, TellSender::No, {}});
    EXPECT_EQ(silent.change.kind, spool::Change::Kind::Finished);
    EXPECT_TRUE(silent.change.new_messages.empty());
}

}  // namespace
}  // namespace hermetic::dispatch
