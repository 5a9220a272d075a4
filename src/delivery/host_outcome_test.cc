#include "delivery/host_outcome.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>

namespace hermetic::delivery {
namespace {

using facts::Origin;
using facts::Outcome;
using facts::OutcomeClass;
using facts::Reason;
using facts::Stage;

Outcome said(OutcomeClass result, Stage stage, Reason reason)
{
    Outcome outcome;
    outcome.result = result;
    outcome.stage = stage;
    outcome.origin = Origin::Remote;
    outcome.reason = reason;
    return outcome;
}

Outcome found(Stage stage, Reason reason)
{
    return facts::local_outcome(reason, stage, "");
}

const Outcome kTaken = said(OutcomeClass::Delivered, Stage::Done, Reason::DoneAccepted);
const Outcome kDeferred = said(OutcomeClass::Deferred, Stage::Rcpt, Reason::RcptDeferred);
const Outcome kDeferredAtTheEnd =
    said(OutcomeClass::Deferred, Stage::EndOfData, Reason::EndOfDataDeferred);
const Outcome kRefused = said(OutcomeClass::Failed, Stage::Rcpt, Reason::RcptRefused);
const Outcome kLost = found(Stage::Mail, Reason::ConnectionClosed);
const Outcome kLostAtTheEnd = found(Stage::EndOfData, Reason::ConnectionClosed);
const Outcome kUnasked = found(Stage::Data, Reason::ReplyUnexpected);
const Outcome kUnaskedAtTheEnd = found(Stage::EndOfData, Reason::ReplyUnexpected);
const Outcome kNoReply = found(Stage::Mail, Reason::ReplyMalformed);
const Outcome kTooLarge = facts::local_outcome(Reason::SizeExceedsPeer, "");
const Outcome kNeedsUtf8 = facts::local_outcome(Reason::ContentNeedsSmtputf8, "");
const Outcome kNoRoom = facts::local_outcome(Reason::ContentConversionWaits, "");
const Outcome kUnreadable = found(Stage::Data, Reason::SpoolReadFailed);

struct Row {
    const char* name;
    std::optional<Outcome> before;
    Outcome now;
    HostVerdict verdict;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

constexpr HostVerdict kEnds{NextHost::No, Counts::Now};
constexpr HostVerdict kGoesOn{NextHost::MayTakeIt, Counts::Now};
constexpr HostVerdict kStays{NextHost::No, Counts::Before};
constexpr HostVerdict kStaysAndGoesOn{NextHost::MayTakeIt, Counts::Before};

// clang-format off
const Row kTable[] = {
    {"Taken", {}, kTaken, kEnds},
    {"Refused", {}, kRefused, kEnds},
    {"Deferred", {}, kDeferred, kGoesOn},
    {"DeferredAtTheEnd", {}, kDeferredAtTheEnd, kEnds},
    {"Lost", {}, kLost, kGoesOn},
    {"LostWhereItMayHaveBeenTaken", {}, kLostAtTheEnd, kEnds},
    {"Unasked", {}, kUnasked, kGoesOn},
    {"UnaskedWhereItMayHaveBeenTaken", {}, kUnaskedAtTheEnd, kEnds},
    {"NoReply", {}, kNoReply, kGoesOn},
    {"TooLarge", {}, kTooLarge, kGoesOn},
    {"OurOwnTrouble", {}, kNoRoom, kEnds},
    {"OurOwnTroubleUnderWay", {}, kUnreadable, kEnds},

    {"WhatItLacksReplacesNoDeferral", kDeferred, kTooLarge, kStaysAndGoesOn},
    {"NorALoss", kLost, kNeedsUtf8, kStaysAndGoesOn},
    {"NorAReplyThatWasNone", kNoReply, kTooLarge, kStaysAndGoesOn},
    {"NorDoesOurOwnTrouble", kDeferred, kNoRoom, kStays},
    {"WhatTheNextHostSaysCounts", kLost, kDeferred, kGoesOn},
    {"ARefusalToo", kDeferred, kRefused, kEnds},
    {"AndItsDelivery", kDeferred, kTaken, kEnds},
    {"OneThatLacksTwice", kTooLarge, kNeedsUtf8, kGoesOn},
    {"WhatItLacksGivesWayToADeferral", kTooLarge, kDeferred, kGoesOn},
    {"ToALoss", kTooLarge, kLost, kGoesOn},
    {"ToOurOwnTrouble", kTooLarge, kNoRoom, kEnds},
    {"ToARefusal", kTooLarge, kRefused, kEnds},
};
// clang-format on

class HostOutcome : public testing::TestWithParam<Row> {};

TEST_P(HostOutcome, IsJudgedBesideTheOneBefore)
{
    const Row& row = GetParam();
    const auto verdict = judge_host(row.before ? &*row.before : nullptr, row.now);
    EXPECT_EQ(verdict.next, row.verdict.next);
    EXPECT_EQ(verdict.counts, row.verdict.counts);
}

INSTANTIATE_TEST_SUITE_P(All, HostOutcome, testing::ValuesIn(kTable),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace hermetic::delivery
