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
        note_session(history, seen, settings(RatchetMode::Enforce), kBegin + days{day});
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
    note_session(history, kGood, settings(RatchetMode::Observe), kBegin);
    note_session(history, kGood, settings(RatchetMode::Observe), kBegin + days{30});
    EXPECT_FALSE(expectation_of(history, settings(RatchetMode::Observe)));
}

TEST(Ratchet, WhatHadAnExceptionIsNotExpected)
{
    History history = seen_for(20, kNoName);
    note_session(history, kOlder, settings(RatchetMode::Observe), kBegin + days{20});
    for (int day = 21; day < 25; ++day) {
        note_session(history, kGood, settings(RatchetMode::Observe), kBegin + days{day});
    }
    const auto expected = expectation_of(history, settings(RatchetMode::Observe));
    ASSERT_TRUE(expected);
    EXPECT_TRUE(expected->tls);
    EXPECT_FALSE(expected->verified_name);
    EXPECT_EQ(expected->min, TlsVersion::Tls12);
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
    EXPECT_FALSE(held_to(history, observe, false, kLater));
    const Noted noted = note_session(history, row.seen, observe, kLater);
    EXPECT_EQ(noted.fell, row.falls);
    EXPECT_EQ(noted.stripped, row.stripped);
    ASSERT_EQ(history.fall.has_value(), row.falls);
    if (!row.falls) return;
    EXPECT_FALSE(history.fall->held);
    EXPECT_EQ(history.fall->is, row.seen);
    EXPECT_FALSE(note_session(history, row.seen, observe, kLater + minutes{1}).fell);
}

TEST_P(RatchetFalls, EnforcedItHoldsForTheTimeAndThenLetsGo)
{
    const FallRow& row = GetParam();
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    const auto held = held_to(history, enforce, false, kLater);
    ASSERT_TRUE(held);
    if (!row.falls) return;
    EXPECT_TRUE(note_failure(history, row.seen, *held, kLater).fell);
    EXPECT_FALSE(note_failure(history, row.seen, *held, kLater + hours{1}).fell) << "told once";
    EXPECT_TRUE(held_to(history, enforce, false, kLater + hours{4} - minutes{1}));
    EXPECT_FALSE(held_to(history, enforce, false, kLater + hours{4}));
    const Noted after = note_session(history, row.seen, enforce, kLater + hours{5});
    EXPECT_FALSE(after.fell);
    EXPECT_TRUE(history.fall->over);
    const auto rest = held_to(history, enforce, false, kLater + hours{6});
    EXPECT_FALSE(rest && rest->min == held->min && rest->verified_name == held->verified_name);
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
    note_failure(history, kStripped, *held_to(history, enforce, false, kLater), kLater);
    EXPECT_TRUE(note_session(history, kGood, enforce, kLater + hours{1}).recovered);
    EXPECT_FALSE(history.fall);
    EXPECT_TRUE(held_to(history, enforce, false, kLater + days{1})) << "it is expected as before";
}

TEST(Ratchet, AnAcceptedChangeIsTheNewBeginning)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(15);
    note_failure(history, kStripped, *held_to(history, enforce, false, kLater), kLater);
    accept_change(history, kLater + minutes{5});
    EXPECT_FALSE(held_to(history, enforce, false, kLater + minutes{6}));
    EXPECT_EQ(history.fall->over, kLater + minutes{5});
    EXPECT_FALSE(note_session(history, kStripped, enforce, kLater + minutes{6}).fell);
}

TEST(Ratchet, OffNothingIsHeldOrTold)
{
    const auto off = settings(RatchetMode::Off);
    History history = seen_for(15);
    EXPECT_FALSE(held_to(history, off, true, kLater));
    EXPECT_FALSE(note_session(history, kStripped, off, kLater).fell);
    EXPECT_FALSE(history.fall);
}

TEST(Ratchet, InAMassStrippingWhoeverHadTlsIsHeldToIt)
{
    const auto enforce = settings(RatchetMode::Enforce);
    History history = seen_for(1);
    EXPECT_FALSE(held_to(history, enforce, false, kLater));
    const auto held = held_to(history, enforce, true, kLater);
    ASSERT_TRUE(held);
    EXPECT_TRUE(held->tls);
    EXPECT_FALSE(held->verified_name);
    note_failure(history, kStripped, *held, kLater);
    EXPECT_TRUE(held_to(history, enforce, true, kLater + hours{5})) << "as long as the mass lasts";
    EXPECT_FALSE(held_to(history, enforce, false, kLater + hours{5}));
    History clear = seen_for(3, kStripped);
    EXPECT_FALSE(held_to(clear, enforce, true, kLater)) << "it never had any";
}

TEST(Ratchet, OldVersionsAreCounted)
{
    History history = seen_for(3, {TlsVersion::Tls10, false, true});
    EXPECT_EQ(history.old[0].sessions, 3U);
    EXPECT_EQ(history.old[0].last, kBegin + days{2});
    EXPECT_EQ(history.old[1].sessions, 0U);
}

std::string host(int site)
{
    return "mx.example" + std::to_string(site) + ".test";
}

TEST(StrippingWatch, FiveUnrelatedSitesInAQuarterOfAnHourAreAMass)
{
    StrippingWatch watch;
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(watch.stripped(host(i), kBegin + minutes{i}));
    EXPECT_FALSE(watch.stripped("mx9.example1.test", kBegin + minutes{5})) << "a related one";
    EXPECT_FALSE(watch.is_mass(kBegin + minutes{5}));
    EXPECT_TRUE(watch.stripped(host(4), kBegin + minutes{6}));
    EXPECT_TRUE(watch.is_mass(kBegin + minutes{6}));
    EXPECT_FALSE(watch.stripped(host(5), kBegin + minutes{7})) << "told once";
    EXPECT_TRUE(watch.is_mass(kBegin + minutes{21}));
    EXPECT_FALSE(watch.is_mass(kBegin + minutes{22}));
}

TEST(StrippingWatch, OverADayTheyAreNone)
{
    StrippingWatch watch;
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(watch.stripped(host(i), kBegin + hours{i}));
}

TEST(StrippingWatch, AFewOfVeryManyAreNone)
{
    StrippingWatch watch;
    for (int i = 100; i < 300; ++i) watch.kept(host(i), kBegin);
    for (int i = 0; i < 15; ++i) EXPECT_FALSE(watch.stripped(host(i), kBegin + minutes{1})) << i;
    EXPECT_FALSE(watch.is_mass(kBegin + minutes{1}));
    for (int i = 15; i < 40; ++i) (void)watch.stripped(host(i), kBegin + minutes{2});
    EXPECT_TRUE(watch.is_mass(kBegin + minutes{2}));
}

TEST(StrippingWatch, IsBounded)
{
    StrippingWatch watch;
    for (int i = 0; i < 20'000; ++i) watch.stripped(host(i), kBegin);
    EXPECT_LE(watch.stripped_sites(), 10'000U);
}

}  // namespace
}  // namespace hermetic::policy
