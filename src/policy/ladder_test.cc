#include "policy/ladder.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermetic::policy {
namespace {

using facts::TlsFailure;
using facts::TlsVersion;

TlsFailure alert(int number)
{
    TlsFailure failure;
    failure.kind = TlsFailure::Kind::Alert;
    failure.alert = number;
    return failure;
}

TlsFailure after_hello(TlsFailure failure)
{
    failure.after_hello = true;
    return failure;
}

TlsFailure other(TlsFailure::Kind kind)
{
    TlsFailure failure;
    failure.kind = kind;
    return failure;
}

const TlsFailure kClosed = other(TlsFailure::Kind::Closed);
const TlsFailure kTimedOut = other(TlsFailure::Kind::TimedOut);

TriedStep failed(StepKind kind, TlsFailure failure)
{
    return {kind, StepResult::HandshakeFailed, std::move(failure)};
}

TriedStep ended(StepResult result, StepKind kind = StepKind::Everything)
{
    return {kind, result, std::nullopt};
}

// "everything 1.2-1.3 full", "lower-version 1.2-1.2 minimal scsv", "next", "clear", with the
// reason.
std::string text(const HostStep& step)
{
    std::string result;
    switch (step.what) {
    case HostStep::What::NextHost:
        result = "next";
        break;
    case HostStep::What::Clear:
        result = "clear";
        break;
    case HostStep::What::Try:
        result = std::string{facts::name(step.plan.kind)} + " " +
                 std::string{facts::format_version(step.plan.min).substr(4)} + "-" +
                 std::string{facts::format_version(step.plan.max).substr(4)} +
                 (step.plan.hello == Hello::Full ? " full" : " minimal") +
                 (step.plan.fallback_scsv ? " scsv" : "") + (step.plan.weak ? " weak" : "") +
                 (step.plan.legacy_ciphers ? " old" : "");
    }
    return result + ": " + std::string{name(step.reason)};
}

TlsPolicy opportunistic(TlsVersion min = TlsVersion::Tls12)
{
    return {TlsLevel::Opportunistic, min, TlsVersion::Tls13};
}

const TlsPolicy kEncrypt{TlsLevel::Encrypt, TlsVersion::Tls12, TlsVersion::Tls13};

// One row of docs/policy/tls.md, "The ladder at one host".
struct Row {
    const char* name;
    std::vector<TriedStep> tried;
    std::string expected;
    TlsPolicy policy = opportunistic();
    std::optional<StepKind> remembered = std::nullopt;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Ladder : public testing::TestWithParam<Row> {};

TEST_P(Ladder, NextStep)
{
    const auto& row = GetParam();
    EXPECT_EQ(text(next_at_host(row.policy, row.tried, row.remembered)), row.expected);
}

TlsFailure too_weak()
{
    auto failure = other(TlsFailure::Kind::Local);
    failure.weakness = facts::Weakness::Renegotiation;
    return failure;
}

TlsFailure we_sent(int number)
{
    auto failure = alert(number);
    failure.kind = TlsFailure::Kind::Local;
    return failure;
}

constexpr auto kEverything = StepKind::Everything;
constexpr auto kCompatible = StepKind::Compatible;
constexpr auto kLower = StepKind::LowerVersion;
constexpr auto kWeak = StepKind::Weak;
constexpr auto kLegacy = StepKind::Legacy;

INSTANTIATE_TEST_SUITE_P(
    Rows, Ladder,
    testing::Values(
        Row{"First", {}, "everything 1.2-1.3 full: ladder.everything"},
        Row{"Remembered",
            {},
            "lower-version 1.2-1.2 minimal scsv: ladder.remembered",
            opportunistic(),
            kLower},
        Row{"RememberedButNoRoom",
            {},
            "everything 1.2-1.3 full: ladder.everything",
            opportunistic(),
            kLegacy},
        Row{"RememberedFails",
            {failed(kLower, alert(86))},
            "everything 1.2-1.3 full: ladder.everything",
            opportunistic(),
            kLower},
        // OpenSMTPD 6.8 with OpenSSL 3 answers so; a fallback would bar clear text for nothing.
        Row{"AlertAfterItsHelloIsNoIntolerance",
            {failed(kEverything, after_hello(alert(80)))},
            "next: ladder.handshake-failed"},
        Row{"NotOffered", {ended(StepResult::NotOffered)}, "clear: starttls.not-offered"},
        Row{"NotOfferedButRequired",
            {ended(StepResult::NotOffered)},
            "next: starttls.not-offered",
            kEncrypt},
        Row{"OfferVanishes",
            {failed(kEverything, kClosed), ended(StepResult::NotOffered, kCompatible)},
            "next: starttls.vanished"},
        Row{"Refused", {ended(StepResult::Refused)}, "next: starttls.refused"},
        Row{"Intolerance",
            {failed(kEverything, kClosed)},
            "compatible 1.2-1.3 minimal: ladder.compatible"},
        Row{"HandshakeFailureAlert",
            {failed(kEverything, alert(40))},
            "compatible 1.2-1.3 minimal: ladder.compatible"},
        Row{"Garbage",
            {failed(kEverything, other(TlsFailure::Kind::Protocol))},
            "compatible 1.2-1.3 minimal: ladder.compatible"},
        Row{"ProtocolVersionAlert",
            {failed(kEverything, alert(70))},
            "lower-version 1.2-1.2 minimal scsv: ladder.lower-version"},
        Row{"CompatibleFails",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed)},
            "lower-version 1.2-1.2 minimal scsv: ladder.lower-version"},
        Row{"LowerFails",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed), failed(kLower, kClosed)},
            "weak 1.2-1.2 minimal scsv weak: ladder.weak"},
        Row{"WeakFails",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed), failed(kLower, kClosed),
             failed(kWeak, kClosed)},
            "next: ladder.handshake-failed"},
        Row{"LowerVersionIsLacking",
            {failed(kEverything, alert(70)), failed(kLower, alert(70))},
            "next: ladder.handshake-failed"},
        Row{"WeRefusedWhatIsWeak",
            {failed(kEverything, too_weak())},
            "weak 1.2-1.2 minimal scsv weak: ladder.weak"},
        Row{"WeRefusedWhatIsWeakWhereNothingWeakIsLeft",
            {failed(kEverything, too_weak())},
            "next: ladder.handshake-failed",
            opportunistic(TlsVersion::Tls13)},
        Row{"WeakAndStillRefused",
            {failed(kEverything, too_weak()), failed(kWeak, too_weak())},
            "next: ladder.handshake-failed"},
        Row{"WeakSaysWhatToRepairWhereItWillNotDo",
            {failed(kEverything, too_weak())},
            "weak 1.2-1.2 minimal scsv weak: ladder.weak",
            kEncrypt},
        Row{"LowerFailsWithALowFloor",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed), failed(kLower, kClosed),
             failed(kWeak, kClosed)},
            "legacy 1.0-1.1 minimal scsv old: ladder.legacy",
            opportunistic(TlsVersion::Tls10)},
        Row{"LegacyFails",
            {failed(kEverything, alert(70)), failed(kLower, alert(70)), failed(kLegacy, alert(70))},
            "next: ladder.handshake-failed",
            opportunistic(TlsVersion::Tls10)},
        Row{"NoLowerVersionAllowed",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed)},
            "next: ladder.handshake-failed",
            opportunistic(TlsVersion::Tls13)},
        Row{"InappropriateFallback",
            {failed(kEverything, kClosed), failed(kCompatible, kClosed), failed(kLower, alert(86))},
            "next: ladder.inappropriate-fallback",
            opportunistic(TlsVersion::Tls10)},
        Row{"CertificateAlert", {failed(kEverything, alert(116))}, "next: ladder.handshake-failed"},
        Row{"AccessDenied", {failed(kEverything, alert(49))}, "next: ladder.handshake-failed"},
        Row{"WeRefused",
            {failed(kEverything, other(TlsFailure::Kind::Local))},
            "next: ladder.handshake-failed"},
        Row{"ChoseAnOlderVersion",
            {failed(kEverything, we_sent(70))},
            "legacy 1.0-1.1 minimal scsv old: ladder.legacy",
            opportunistic(TlsVersion::Tls10)},
        Row{"ChoseAVersionBelowTheFloor",
            {failed(kEverything, we_sent(70))},
            "next: ladder.handshake-failed"},
        Row{"LowFloorBeginsWithoutLegacy",
            {},
            "everything 1.2-1.3 full: ladder.everything",
            opportunistic(TlsVersion::Tls10)},
        Row{"Silence",
            {failed(kEverything, kTimedOut)},
            "compatible 1.2-1.3 minimal: ladder.compatible"},
        Row{"SilenceTwice",
            {failed(kEverything, kTimedOut), failed(kCompatible, kTimedOut)},
            "next: ladder.handshake-failed"}),
    [](const auto& row) { return row.param.name; });

TEST(Ladder, EndsForEveryPolicyAndFailure)
{
    const std::vector<TlsFailure> failures{kClosed,   kTimedOut, alert(40),
                                           alert(70), alert(86), alert(48)};
    for (const auto min :
         {TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12, TlsVersion::Tls13}) {
        for (const auto& failure : failures) {
            std::vector<TriedStep> tried;
            auto step = next_at_host(opportunistic(min), tried, kLegacy);
            while (step.what == HostStep::What::Try) {
                ASSERT_LE(tried.size(), 6U);
                EXPECT_GE(step.plan.min, min);
                EXPECT_LE(step.plan.min, step.plan.max);
                tried.push_back(failed(step.plan.kind, failure));
                step = next_at_host(opportunistic(min), tried, kLegacy);
            }
            EXPECT_EQ(step.what, HostStep::What::NextHost)
                << "a handshake that failed never leads to clear text at once";
        }
    }
}

// One row of docs/policy/tls.md, "When no host is left".
struct LastRow {
    const char* name;
    std::vector<HostSummary> hosts;
    bool clear;
    Reason reason;
    TlsPolicy policy = opportunistic();
    friend void PrintTo(const LastRow& row, std::ostream* out) { *out << row.name; }
};

class AfterLastHost : public testing::TestWithParam<LastRow> {};

TEST_P(AfterLastHost, ClearOrNot)
{
    const auto& row = GetParam();
    const auto step = after_last_host(row.policy, row.hosts);
    EXPECT_EQ(step.clear, row.clear);
    EXPECT_EQ(step.reason, row.reason);
}

constexpr HostSummary kHandshakeFailed{false, true, false};
constexpr HostSummary kFallback{false, true, true};
constexpr HostSummary kNotFailed{};  // it worked or offered none, or could not be reached
constexpr HostSummary kNoHost{true, false, false};
constexpr HostSummary kNeverInClear{false, true, false, false};
constexpr HostSummary kPartUnresolved{false, true, false, true, true};
constexpr HostSummary kPartUntried{false, true, false, true, false, true};
// The hosts that an attempt leaves out.
constexpr HostSummary kLeftOut{true, false, false, true, false, true};

TlsPolicy never_after_failure()
{
    TlsPolicy policy = opportunistic();
    policy.clear_after_failure = false;
    return policy;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AfterLastHost,
    testing::Values(
        LastRow{"EveryHandshakeFailed",
                {kHandshakeFailed, kHandshakeFailed},
                true,
                Reason::LadderEveryHandshakeFailed},
        LastRow{"OneWasNotReached",
                {kNotFailed, kHandshakeFailed},
                false,
                Reason::LadderNotEveryHandshakeFailed},
        LastRow{"ANameWithoutAddressIsNoHost",
                {kNoHost, kHandshakeFailed},
                true,
                Reason::LadderEveryHandshakeFailed},
        LastRow{"OnlyNamesWithoutAddress", {kNoHost}, false, Reason::LadderNoHandshakeFailed},
        LastRow{"OneCanDoBetter",
                {kHandshakeFailed, kFallback},
                false,
                Reason::LadderInappropriateFallback},
        LastRow{"NobodyReached", {kNotFailed}, false, Reason::LadderNoHandshakeFailed},
        LastRow{"NoHosts", {}, false, Reason::LadderNoHandshakeFailed},
        LastRow{"AHandshakeThatWorkedElsewhere",
                {kHandshakeFailed, kNotFailed},
                false,
                Reason::LadderNotEveryHandshakeFailed},
        LastRow{"SomeAddressesCouldNotBeLookedUp",
                {kHandshakeFailed, kPartUnresolved},
                false,
                Reason::LadderNotEveryHandshakeFailed},
        LastRow{"SomeAddressesWereLeftOut",
                {kPartUntried, kHandshakeFailed},
                false,
                Reason::DeliveryLeftUntried},
        LastRow{"SomeHostsWereLeftOut",
                {kHandshakeFailed, kLeftOut},
                false,
                Reason::DeliveryLeftUntried},
        LastRow{"OneThatWasTriedSaysMore",
                {kHandshakeFailed, kNotFailed, kLeftOut},
                false,
                Reason::LadderNotEveryHandshakeFailed},
        LastRow{"OnesPolicyForbidsIt",
                {kHandshakeFailed, kNeverInClear},
                false,
                Reason::LadderNeverClearAfterFailure},
        LastRow{"ThePolicyForbidsIt",
                {kHandshakeFailed},
                false,
                Reason::LadderNeverClearAfterFailure,
                never_after_failure()},
        LastRow{"TlsRequired", {kHandshakeFailed}, false, Reason::TlsRequired, kEncrypt}),
    [](const auto& row) { return row.param.name; });

TEST(Ladder, SummaryOfAHost)
{
    const std::vector<TriedStep> refused{ended(StepResult::Refused)};
    EXPECT_TRUE(summarize({}, refused).handshake_failed);
    const std::vector<TriedStep> fallback{failed(kEverything, kClosed), failed(kLower, alert(86))};
    EXPECT_TRUE(summarize({}, fallback).inappropriate_fallback);
    EXPECT_FALSE(summarize({}, {}).handshake_failed);
    EXPECT_TRUE(summarize(opportunistic(), {}).may_be_clear);
    EXPECT_FALSE(summarize(never_after_failure(), {}).may_be_clear);
    EXPECT_FALSE(summarize(kEncrypt, {}).may_be_clear);
}

TEST(Ladder, ARetirementHasFailedItWhereTheHostLacksTheVersionsThatAreLeft)
{
    TlsDecision decision;
    decision.policy = opportunistic();
    const std::vector<TriedStep> old{failed(kEverything, alert(70)), failed(kLower, alert(70))};
    EXPECT_FALSE(failed_by_retirement(decision, old)) << "there is no plan";
    decision.min_before_retirement = TlsVersion::Tls10;
    EXPECT_TRUE(failed_by_retirement(decision, old));
    const std::vector<TriedStep> only_oldest{failed(kEverything, alert(70)),
                                             failed(kLower, alert(70)), failed(kLegacy, alert(70))};
    EXPECT_TRUE(failed_by_retirement(decision, only_oldest)) << "1.0 alone is retired";
    TlsFailure refused_by_us = other(TlsFailure::Kind::Local);
    refused_by_us.alert = 70;
    const std::vector<TriedStep> chose_older{failed(kEverything, refused_by_us)};
    EXPECT_TRUE(failed_by_retirement(decision, chose_older));
    for (const TlsFailure& failure :
         {alert(48), alert(40), kClosed, kTimedOut, other(TlsFailure::Kind::Protocol)}) {
        const std::vector<TriedStep> tried{failed(kEverything, alert(70)), failed(kLower, failure)};
        EXPECT_FALSE(failed_by_retirement(decision, tried)) << facts::describe(failure);
    }
    EXPECT_FALSE(failed_by_retirement(decision, {}));
}

}  // namespace
}  // namespace hermetic::policy
