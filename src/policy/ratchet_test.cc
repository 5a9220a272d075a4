#include "policy/ratchet.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using objects::RatchetMode;
using objects::RatchetSettings;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const WallTime kBegin = *parse_rfc3339("2026-11-01T08:00:00Z");
constexpr Sighting kGood{TlsVersion::Tls13, true, true};
constexpr Sighting kNoName{TlsVersion::Tls13, false, true};
constexpr Sighting kOlder{TlsVersion::Tls12, true, true};
constexpr Sighting kStripped{TlsVersion::None, false, false};
constexpr Sighting kBroken{TlsVersion::None, false, true};
constexpr ChosenBy kOwn = ChosenBy::OwnSender;
constexpr std::nullopt_t kNoMass = std::nullopt;

RatchetSettings settings(RatchetMode mode)
{
    RatchetSettings settings;
    settings.mode = mode;
    return settings;
}

// One session a day, for so many days.
History seen_for(int count, const Sighting& seen = kGood)
{
    History history;
    for (int day = 0; day < count; ++day) {
        note_session(history, seen, kOwn, settings(RatchetMode::Enforce), kBegin + days{day});
    }
    return history;
}

const WallTime kLater = kBegin + days{15};

TEST(Ratchet, AFortnightWithoutExceptionIsAnExpectation)
{
    EXPECT_FALSE(expectation_of(seen_for(14), settings(RatchetMode::Observe)));
    const auto expected = expectation_of(seen_for(15), settings(RatchetMode::Observe));
    ASSERT_TRUE(expected);
    EXPECT_TRUE(expected->tls);
    EXPECT_TRUE(expected->verified_name);
    EXPECT_EQ(expected->min, TlsVersion::Tls13);
    EXPECT_EQ(describe(*expected), "TLS, a verified name, at least TLSv1.3");
}

TEST(Ratchet, TwoSessionsFarApartAreNone)
{
    History history;
    note_session(history, kGood, kOwn, settings(RatchetMode::Observe), kBegin);
    note_session(history, kGood, kOwn, settings(RatchetMode::Observe), kBegin + days{30});
    EXPECT_FALSE(expectation_of(history, settings(RatchetMode::Observe)));
}

TEST(Ratchet, WhatHadAnExceptionIsNotExpected)
{
    History history = seen_for(20, kNoName);
    note_session(history, kOlder, kOwn, settings(RatchetMode::Observe), kBegin + days{20});
    for (int day = 21; day < 25; ++day) {
        note_session(history, kGood, kOwn, settings(RatchetMode::Observe), kBegin + days{day});
    }
    const auto expected = expectation_of(history, settings(RatchetMode::Observe));
    ASSERT_TRUE(expected);
    EXPECT_TRUE(expected->tls);
    EXPECT_FALSE(expected->verified_name);
    EXPECT_EQ(expected->min, TlsVersion::Tls12);
}

TEST(Ratchet, SaysSinceWhenAndUntilWhenMailIsHeld)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    const auto before = held_to(history, enforce, kNoMass, kLater);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->seen_since, kBegin);
    EXPECT_FALSE(before->held_since);
    EXPECT_EQ(before->until, kLater + hours{4});
    note_failure(history, kStripped, kOwn, *before, kLater);
    const auto held = held_to(history, enforce, kNoMass, kLater + hours{1});
    ASSERT_TRUE(held);
    EXPECT_EQ(held->held_since, kLater);
    EXPECT_EQ(describe(*held),
              "TLS, a verified name, at least TLSv1.3, in every session since " +
                  format_rfc3339(kBegin) + "; mail that would go with less waits until " +
                  format_rfc3339(kLater + hours{4}) + ", held since " + format_rfc3339(kLater));
}

struct FallRow {
    const char* name;
    Sighting seen;
    bool falls;
    bool stripped;
    friend void PrintTo(const FallRow& row, std::ostream* out) { *out << row.name; }
};

class RatchetFalls : public testing::TestWithParam<FallRow> {};

TEST_P(RatchetFalls, ObservedItIsToldOnceAndTheExpectationBeginsAnew)
{
    const FallRow& row = GetParam();
    const auto observe = settings(RatchetMode::Observe);
    History history = seen_for(15);
    EXPECT_FALSE(held_to(history, observe, kNoMass, kLater));
    const Noted noted = note_session(history, row.seen, kOwn, observe, kLater);
    EXPECT_EQ(noted.fell, row.falls);
    EXPECT_EQ(noted.stripped, row.stripped);
    ASSERT_EQ(history.fall.has_value(), row.falls);
    if (!row.falls) return;
    EXPECT_FALSE(history.fall->held);
    EXPECT_EQ(history.fall->is, row.seen);
    EXPECT_FALSE(note_session(history, row.seen, kOwn, observe, kLater + minutes{1}).fell);
}

TEST_P(RatchetFalls, EnforcedItHoldsForTheTimeAndThenLetsGo)
{
    const FallRow& row = GetParam();
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    const auto held = held_to(history, enforce, kNoMass, kLater);
    ASSERT_TRUE(held);
    if (!row.falls) return;
    EXPECT_TRUE(note_failure(history, row.seen, kOwn, *held, kLater).fell);
    EXPECT_FALSE(note_failure(history, row.seen, kOwn, *held, kLater + hours{1}).fell)
        << "told once";
    EXPECT_TRUE(held_to(history, enforce, kNoMass, kLater + hours{4} - minutes{1}));
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater + hours{4}));
    const Noted after = note_session(history, row.seen, kOwn, enforce, kLater + hours{5});
    EXPECT_FALSE(after.fell);
    EXPECT_TRUE(history.fall->over);
    const auto rest = held_to(history, enforce, kNoMass, kLater + hours{6});
    EXPECT_FALSE(rest && rest->expectation.min == held->expectation.min &&
                 rest->expectation.verified_name == held->expectation.verified_name);
}

INSTANTIATE_TEST_SUITE_P(Rows, RatchetFalls,
                         testing::Values(FallRow{"AsAlways", kGood, false, false},
                                         FallRow{"NoName", kNoName, true, false},
                                         FallRow{"AnOlderVersion", kOlder, true, false},
                                         FallRow{"NoStartTls", kStripped, true, true},
                                         FallRow{"NoHandshake", kBroken, true, false}),
                         [](const auto& row) { return row.param.name; });

TEST(Ratchet, WhatComesBackEndsTheFall)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    EXPECT_TRUE(note_session(history, kGood, kOwn, enforce, kLater + hours{1}).recovered);
    EXPECT_FALSE(history.fall);
    EXPECT_TRUE(held_to(history, enforce, kNoMass, kLater + days{1})) << "it is expected as before";
}

TEST(Ratchet, AnAcceptedChangeIsTheNewBeginning)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    accept_change(history, kLater + minutes{5});
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater + minutes{6}));
    EXPECT_EQ(history.fall->over, kLater + minutes{5});
    EXPECT_FALSE(note_session(history, kStripped, kOwn, enforce, kLater + minutes{6}).fell);
}

TEST(Ratchet, OffNothingIsHeldOrTold)
{
    const auto off = settings(RatchetMode::Off);
    History history = seen_for(15);
    EXPECT_FALSE(held_to(history, off, kLater, kLater));
    EXPECT_FALSE(note_session(history, kStripped, kOwn, off, kLater).fell);
    EXPECT_FALSE(history.fall);
}

TEST(Ratchet, InAMassStrippingWhoeverHadTlsIsHeldToItUntilTheHoldOfTheAlertIsOver)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(1);
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater));
    const auto held = held_to(history, enforce, kLater, kLater + hours{3});
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->expectation.tls);
    EXPECT_FALSE(held->expectation.verified_name);
    EXPECT_EQ(held->until, kLater + hours{4});
    note_failure(history, kStripped, kOwn, *held, kLater + hours{3});
    EXPECT_TRUE(held_to(history, enforce, kLater, kLater + hours{4} - minutes{1}));
    EXPECT_FALSE(held_to(history, enforce, kLater, kLater + hours{4}))
        << "its first attempt does not begin another hold";
    EXPECT_FALSE(held_to(seen_for(1), enforce, kLater, kLater + hours{4}));
    History clear = seen_for(3, kStripped);
    EXPECT_FALSE(held_to(clear, enforce, kLater, kLater)) << "it never had any";
}

TEST(Ratchet, AMassStrippingDoesNotHoldAgainWhatTheFallHasLetGo)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    const WallTime alert = kLater + hours{4} - minutes{1};
    EXPECT_TRUE(held_to(history, enforce, alert, alert));
    EXPECT_FALSE(held_to(history, enforce, alert, kLater + hours{4}));
}

TEST(Ratchet, AHoldEndsWhenItWasSaidToWhateverBecomesOfTheSetting)
{
    auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    EXPECT_EQ(history.fall->until, kLater + hours{4});
    enforce.hold = hours{48};
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater + hours{4}));
}

// Approved, removed, returned: no session below the expectation is seen.
TEST(Ratchet, AFallWhoseMailNeverCameLeavesTheExpectationAsItWas)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    bring_to(history, kLater + hours{8} - minutes{1});
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater + hours{8} - minutes{1}))
        << "as long again, so that what has waited is tried";
    const WallTime next = kLater + hours{9};
    bring_to(history, next);
    EXPECT_EQ(history.fall->over, kLater + hours{8});
    const auto held = held_to(history, enforce, kNoMass, next);
    ASSERT_TRUE(held);
    EXPECT_TRUE(note_failure(history, kStripped, kOwn, *held, next).fell) << "told anew";
    EXPECT_TRUE(held_to(history, enforce, kNoMass, next + hours{3}));
}

TEST(Ratchet, MailThatGoesBelowAfterTheHoldIsTold)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, kLater), kLater);
    EXPECT_TRUE(note_session(history, kStripped, kOwn, enforce, kLater + hours{5}).gave_way);
    EXPECT_FALSE(note_session(history, kStripped, kOwn, enforce, kLater + hours{6}).gave_way);
}

TEST(Ratchet, AClockThatJumpedAndCameBackKeepsNoExpectationFromForming)
{
    const auto observe = settings(RatchetMode::Observe);
    History history = seen_for(3);
    note_session(history, kGood, kOwn, observe, kBegin + days{400});
    for (int day = 3; day < 16; ++day) {
        note_session(history, kGood, kOwn, observe, kBegin + days{day});
    }
    EXPECT_TRUE(expectation_of(history, observe));
    EXPECT_EQ(history.last_seen, kBegin + days{15});
    EXPECT_EQ(history.versions[3].last, kBegin + days{15});
}

TEST(Ratchet, AFallOfTheFutureHoldsNoLongerThanItsHold)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    const WallTime future = kBegin + days{400};
    note_failure(history, kStripped, kOwn, *held_to(history, enforce, kNoMass, future), future);
    bring_to(history, kLater);
    EXPECT_EQ(history.fall->since, kLater);
    EXPECT_EQ(history.fall->until, kLater + hours{4});
    EXPECT_FALSE(held_to(history, enforce, kNoMass, kLater + hours{4}));
}

TEST(Ratchet, StrangersAreWorthLessThanThoseWithAnExpectation)
{
    History stranger;
    for (int day = 0; day < 20; ++day) {
        note_session(stranger, kGood, ChosenBy::Stranger, settings(RatchetMode::Observe),
                     kBegin + days{day});
    }
    EXPECT_LT(worth_of(stranger), worth_of(seen_for(1)));
    EXPECT_LT(worth_of(seen_for(1)), worth_of(seen_for(2)));
    EXPECT_LT(worth_of(seen_for(2)), worth_of(seen_for(15)));
}

TEST(Ratchet, OldVersionsAreCounted)
{
    History history = seen_for(3, {TlsVersion::Tls10, false, true});
    EXPECT_EQ(history.old[0].sessions, 3U);
    EXPECT_EQ(history.old[0].last, kBegin + days{2});
    EXPECT_EQ(history.old[1].sessions, 0U);
}

// Of the i-th domain of many: below a public suffix of two labels, each is a site.
bool strip(StrippingWatch& watch, int i, WallTime now)
{
    const std::string domain = "example" + std::to_string(i) + ".co.uk";
    return watch.stripped("mx." + domain, domain, now);
}

TEST(StrippingWatch, FiveUnrelatedSitesInAQuarterOfAnHourAreAMass)
{
    StrippingWatch watch;
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(strip(watch, i, kBegin + minutes{i}));
    EXPECT_FALSE(watch.stripped("mx9.example1.co.uk", "else.test", kBegin + minutes{5}))
        << "a related host";
    EXPECT_FALSE(watch.stripped("mx.else.test", "sub.example1.co.uk", kBegin + minutes{5}))
        << "a related destination";
    EXPECT_FALSE(watch.mass_since(kBegin + minutes{5}));
    EXPECT_TRUE(strip(watch, 4, kBegin + minutes{6}));
    EXPECT_EQ(watch.mass_since(kBegin + minutes{6}), kBegin + minutes{6});
    EXPECT_FALSE(strip(watch, 5, kBegin + minutes{7})) << "told once";
    EXPECT_TRUE(watch.mass_since(kBegin + minutes{21}));
    EXPECT_FALSE(watch.mass_since(kBegin + minutes{22}));
}

TEST(StrippingWatch, AddressLiteralsAndLocalNamesAreNoSites)
{
    StrippingWatch watch;
    for (int i = 0; i < 20; ++i) {
        const std::string address = "192.0.2." + std::to_string(i);
        EXPECT_FALSE(watch.stripped("[" + address + "]", "[" + address + "]", kBegin));
        EXPECT_FALSE(watch.stripped("[2001:db8::" + std::to_string(i) + "]:2525",
                                    "d" + std::to_string(i) + ".test", kBegin));
        EXPECT_FALSE(watch.stripped(address, address, kBegin));
        EXPECT_FALSE(watch.stripped("host" + std::to_string(i), "co.uk", kBegin));
    }
    EXPECT_EQ(watch.stripped_sites(), 0U);
    for (int i = 0; i < 5; ++i) (void)strip(watch, i, kBegin);
    EXPECT_FALSE(watch.stripped("[192.0.2.1]", "[192.0.2.1]", kBegin + minutes{10}));
    EXPECT_FALSE(watch.mass_since(kBegin + minutes{15})) << "nor do they prolong it";
}

TEST(StrippingWatch, OneDomainWithManyHostsAndOneHostOfManyDomainsAreOneSiteEach)
{
    StrippingWatch watch;
    for (int i = 0; i < 20; ++i) {
        const std::string other = "example" + std::to_string(i) + ".test";
        EXPECT_FALSE(watch.stripped("mx." + other, "stranger.test", kBegin));
        EXPECT_FALSE(watch.stripped("mx.provider.test", other, kBegin));
    }
    EXPECT_EQ(watch.stripped_sites(), 2U);
}

TEST(StrippingWatch, OverADayTheyAreNone)
{
    StrippingWatch watch;
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(strip(watch, i, kBegin + hours{i}));
}

TEST(StrippingWatch, AFewOfVeryManyAreNone)
{
    StrippingWatch watch;
    for (int i = 100; i < 300; ++i) {
        const std::string domain = "example" + std::to_string(i) + ".test";
        watch.kept("mx." + domain, domain, kBegin);
    }
    for (int i = 0; i < 15; ++i) EXPECT_FALSE(strip(watch, i, kBegin + minutes{1})) << i;
    EXPECT_FALSE(watch.mass_since(kBegin + minutes{1}));
    for (int i = 15; i < 40; ++i) (void)strip(watch, i, kBegin + minutes{2});
    EXPECT_TRUE(watch.mass_since(kBegin + minutes{2}));
}

TEST(StrippingWatch, AClockThatJumpedAndCameBackEndsIt)
{
    StrippingWatch watch;
    for (int i = 0; i < 5; ++i) (void)strip(watch, i, kBegin + days{400});
    EXPECT_FALSE(watch.mass_since(kBegin));
    EXPECT_TRUE(strip(watch, 5, kBegin + minutes{1})) << "what was seen then was seen now";
    EXPECT_FALSE(watch.mass_since(kBegin + minutes{16}));
    EXPECT_FALSE(strip(watch, 6, kBegin + minutes{40})) << "and leaves the window";
}

TEST(StrippingWatch, IsBounded)
{
    StrippingWatch watch;
    for (int i = 0; i < 20'000; ++i) (void)strip(watch, i, kBegin);
    EXPECT_LE(watch.stripped_sites(), 10'000U);
}

}  // namespace
}  // namespace hermetic::policy
