// What next-hop selection makes of hosts and addresses that it is not given: those that an attempt
// leaves out because there are too many, and those whose lookup failed.
#include "facts/reasons.h"
#include "policy/next_hop_peers_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>

namespace hermetic::policy {
namespace {

using facts::OutcomeClass;
using facts::Stage;

// Of what was left out.
constexpr LeftOut kNothing{};
constexpr LeftOut kUnknown{true, true};
constexpr LeftOut kKnownToFail{false, true};
constexpr LeftOut kKnownToRefuse{true, false};

RecordedHost with_more(RecordedHost host, LeftOut left_out)
{
    host.gaps.left_out = left_out;
    return host;
}

RecordedHost half_resolved(RecordedHost host)
{
    host.gaps.unresolved = outcome(Stage::Dns, Reason::DnsFailed);
    return host;
}

RecordedHost without_address()
{
    return unresolved(Reason::DnsNoAddress, OutcomeClass::Failed);
}

RecordedAddress refused_address()
{
    return {kTls, false, false, Reason::RouteTargetPrivate};
}

struct Row {
    const char* name;
    std::vector<RecordedHost> hosts;
    LeftOut left_out;  // of the hosts
    std::string_view verdict;
    std::string_view path;
    Reason why_not_clear{};
    bool temporary = true;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class NextHopLimits : public testing::TestWithParam<Row> {};

TEST_P(NextHopLimits, CountWhatIsNotTried)
{
    const Row& row = GetParam();
    objects::Organization organization;
    TlsDemand demand;
    demand.organization = &organization;
    NextHopSelection selection{demand, names_of(row.hosts), kNow, row.left_out};

    const SelectionRun found = run_selection(selection, row.hosts);

    EXPECT_EQ(found.verdict, row.verdict);
    EXPECT_EQ(found.path, row.path);
    if (selection.step().what != NextHopStep::What::GiveUp) return;
    EXPECT_EQ(selection.failure().temporary, row.temporary);
    EXPECT_EQ(selection.why_not_clear(), row.why_not_clear);
}

constexpr auto kLeftUntried = Reason::DeliveryLeftUntried;
constexpr auto kNotEvery = Reason::LadderNotEveryHandshakeFailed;
constexpr auto kNoneFailed = Reason::LadderNoHandshakeFailed;

// clang-format off
const Row kTable[] = {
    {"AHostThatIsLeftOutBarsClear", {host({{kBroken}})}, kUnknown, "ladder.handshake-failed", "0.0 everything", kLeftUntried},
    {"OneThatRefusesMailDoesToo", {host({{kBroken}})}, kKnownToRefuse, "ladder.handshake-failed", "0.0 everything", kLeftUntried},
    {"NotOneWhoseTlsIsKnownToFail", {host({{kBroken}})}, kKnownToFail, "clear", "0.0 everything, 0.0 clear"},
    {"AnAddressThatIsLeftOutBarsClear", {with_more(host({{kBroken}}), kUnknown)}, kNothing, "ladder.handshake-failed",
     "0.0 everything", kLeftUntried},
    {"AlsoBesideAnotherHost", {host({{kBroken}}), with_more(host({{kBroken}}), kUnknown)}, kNothing,
     "ladder.handshake-failed", "0.0 everything, 1.0 everything", kLeftUntried},
    {"NotOneWhereTlsIsKnownToFail", {with_more(host({{kBroken}}), kKnownToFail)}, kNothing, "clear", "0.0 everything, 0.0 clear"},
    {"ADeadHostIsNotNobodyWhileAnAddressIsLeft", {host({{kBroken}}), with_more(long_silent(host({{kDead}})), kUnknown)},
     kNothing, "ladder.handshake-failed", "0.0 everything, 1.0 everything", kLeftUntried},
    {"NorOneWhoseAddressesAreRefused", {host({{kBroken}}), with_more(host({refused_address()}), kUnknown)}, kNothing,
     "ladder.handshake-failed", "0.0 everything", kNotEvery},
    {"NobodyElseIsNeededWhereTlsIsHad", {with_more(host({{kTls}}), kUnknown)}, kUnknown, "TLSv1.3", "0.0 everything"},
    {"NorWhereNoneIsOffered", {with_more(host({{kNoTls}}), kUnknown)}, kUnknown, "clear", "0.0 everything"},

    // Mail is not returned while somebody who was not asked may take it.
    {"NoMailIsReturned", {host({{kSays554}})}, kUnknown, "delivery.left-untried", "0.0 everything", kNoneFailed},
    {"ButWhereAllHaveRefused", {host({{kSays554}})}, kKnownToRefuse, "greeting.refused", "0.0 everything", kNoneFailed, false},
    {"NamesWithoutAddressReturnNone", {without_address()}, kUnknown, "delivery.left-untried", "", kNoneFailed},
    {"NorDoesOneAddressOfMany", {with_more(host({{kSays554}}), kUnknown)}, kNothing, "delivery.left-untried",
     "0.0 everything", kNoneFailed},
    {"OneThatFailedForNowSaysMore", {host({{kSays554}}), host({{kBusy}})}, kUnknown, "greeting.deferred",
     "0.0 everything, 1.0 everything", kNoneFailed},

    // One family of addresses could not be looked up.
    {"AHalfResolvedHostIsUsed", {half_resolved(host({{kTls}}))}, kNothing, "TLSv1.3", "0.0 everything"},
    {"AlsoInClearWhereItOffersNoTls", {half_resolved(host({{kNoTls}}))}, kNothing, "clear", "0.0 everything"},
    {"NotAfterFailedHandshakes", {half_resolved(host({{kBroken}}))}, kNothing, "ladder.handshake-failed", "0.0 everything", kNotEvery},
    {"NorDoesItLetAnother", {host({{kBroken}}), half_resolved(long_silent(host({{kDead}})))}, kNothing,
     "ladder.handshake-failed", "0.0 everything, 1.0 everything", kNotEvery},
    {"WhatItRefusesMayBeTakenThere", {half_resolved(host({{kSays554}}))}, kNothing, "dns.failed", "0.0 everything", kNoneFailed},
    {"AndWhatMustNotBeConnectedTo", {half_resolved(host({refused_address()}))}, kNothing, "dns.failed", "", kNoneFailed},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, NextHopLimits, testing::ValuesIn(kTable),
                         [](const auto& row) { return row.param.name; });

class Findings : public testing::Test {
protected:
    // "0 refused, 0.1 refused, …": what is to be remembered of hosts, and of their addresses.
    std::string found(const std::vector<RecordedHost>& hosts)
    {
        TlsDemand demand;
        demand.organization = &organization;
        NextHopSelection selection{demand, names_of(hosts), kNow, kUnknown};
        run_selection(selection, hosts);
        std::string text;
        for (const auto& note : selection.take_notes()) {
            if (note.kind != HopNote::Kind::Found) continue;
            const std::string address =
                note.address ? fmt::format(".{}", note.address->address.octets().back() - 1) : "";
            text += fmt::format("{}{}{} {}", text.empty() ? "" : ", ", note.host, address,
                                name(note.finding));
        }
        return text;
    }

    objects::Organization organization;
};

TEST_F(Findings, AreWhatLaterAttemptsGoBy)
{
    EXPECT_EQ(found({host({{kBroken}})}), "0 handshakes-failed, 0.0 handshakes-failed");
    EXPECT_EQ(found({host({{kBroken}, {kDead}})}),
              "0 handshakes-failed, 0.0 handshakes-failed, 0.1 silent");
    EXPECT_EQ(found({host({{kForbidden}})}), "0 unsettled, 0.0 unsettled") << "it can do better";
    EXPECT_EQ(found({host({{kBusy}})}), "0 unsettled, 0.0 unsettled");
    EXPECT_EQ(found({host({{kDead}})}), "0 unsettled, 0.0 silent")
        << "how long it has been silent is remembered by itself";
    EXPECT_EQ(found({host({{kSays554}})}), "0 refused, 0.0 refused");
    EXPECT_EQ(found({host({{kSays554}, {kBusy}})}), "0 unsettled, 0.0 refused, 0.1 unsettled");
    EXPECT_EQ(found({without_address()}), "0 no-host");
    EXPECT_EQ(found({host({refused_address()})}), "0 no-host, 0.0 no-host");
    EXPECT_EQ(found({unresolved(Reason::DnsFailed, OutcomeClass::Deferred)}), "0 unsettled");
    EXPECT_EQ(found({implicit(host({{kBroken}}))}), "0 unsettled, 0.0 unsettled");
}

TEST_F(Findings, OfAHostArePartialWhileSomeOfItIsNotTried)
{
    EXPECT_EQ(found({with_more(host({{kBroken}}), kUnknown)}),
              "0 unsettled, 0.0 handshakes-failed");
    EXPECT_EQ(found({with_more(host({{kSays554}}), kUnknown)}), "0 unsettled, 0.0 refused");
    EXPECT_EQ(found({half_resolved(host({{kBroken}}))}), "0 unsettled, 0.0 handshakes-failed");
}

TEST_F(Findings, ThatHandshakesFailLeadNowhereWhereTlsIsRequired)
{
    organization.tls = TlsLevel::Encrypt;
    EXPECT_EQ(found({host({{kBroken}})}), "0 unsettled, 0.0 unsettled");
}

// A host's silence is that of all its addresses.
TEST_F(Findings, NoHostIsSilentWhileAnAddressOfItIsLeft)
{
    TlsDemand demand;
    demand.organization = &organization;
    for (const auto& one :
         {host({{kDead}}), with_more(host({{kDead}}), kUnknown), half_resolved(host({{kDead}}))}) {
        const std::vector<RecordedHost> hosts{one};
        NextHopSelection selection{demand, names_of(hosts), kNow};
        run_selection(selection, hosts);
        const auto notes = selection.take_notes();
        const bool silent = std::ranges::any_of(
            notes, [](const auto& note) { return note.kind == HopNote::Kind::HostSilent; });
        const bool complete = !one.gaps.unresolved && one.gaps.left_out == kNothing;
        EXPECT_EQ(silent, complete);
    }
}

// Whether a permanent refusal by one host is the last word on a transaction.
TEST_F(Findings, HostsThatWereLeftUntriedAreNoneThatWasTried)
{
    TlsDemand demand;
    demand.organization = &organization;
    const std::vector<RecordedHost> hosts{host({{kSays554}}), host({{kSays554}})};
    NextHopSelection route{demand, names_of(hosts), kNow, kUnknown};
    ASSERT_EQ(run_selection(route, hosts).verdict, "delivery.left-untried");
    EXPECT_FALSE(route.failure().host);
    EXPECT_FALSE(route.last_host());
    EXPECT_EQ(route.label(route.failure()), "");
    const std::vector<RecordedHost> with{with_more(host({{kSays554}}), kUnknown),
                                         host({{kSays554}})};
    NextHopSelection addresses{demand, names_of(with), kNow};
    ASSERT_EQ(run_selection(addresses, with).verdict, "delivery.left-untried");
    EXPECT_EQ(addresses.failure().host, 0U) << "the host whose addresses were left";
    EXPECT_EQ(addresses.label(addresses.failure()), "mx0.example.net");
}

TEST_F(Findings, OthersMayTakeWhatOneHostCannot)
{
    TlsDemand demand;
    demand.organization = &organization;
    const struct {
        std::vector<RecordedHost> hosts;
        LeftOut left_out;
        bool others;
    } rows[] = {
        {{host({{kTls}})}, kNothing, false},
        {{host({{kTls}})}, kUnknown, true},
        {{host({{kTls}})}, kKnownToRefuse, false},
        {{host({{kTls}}), host({{kTls}})}, kNothing, true},
        {{host({{kDead}}), host({{kTls}})}, kNothing, true},
        {{host({{kSays554}}), host({{kTls}})}, kNothing, false},
        {{without_address(), host({{kTls}})}, kNothing, false},
        {{host({{kDead}, {kTls}})}, kNothing, false},  // there may be no way to it from here
        {{host({{kBroken}, {kTls}})}, kNothing, true},
        {{host({{kTls}, {kTls}})}, kNothing, true},
        {{host({{kSays554}, {kTls}})}, kNothing, false},
        {{half_resolved(host({{kTls}}))}, kNothing, true},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(testing::Message() << "row " << (&row - rows));
        NextHopSelection selection{demand, names_of(row.hosts), kNow, row.left_out};
        ASSERT_EQ(run_selection(selection, row.hosts).verdict, "TLSv1.3");
        EXPECT_EQ(selection.others_may_take(), row.others);
    }
    const std::vector<RecordedHost> hosts{host({{kTls}}), host({{kDead}})};
    NextHopSelection selection{demand, names_of(hosts), kNow};
    ASSERT_EQ(run_selection(selection, hosts).verdict, "TLSv1.3");
    ASSERT_TRUE(selection.try_another_host());
    EXPECT_EQ(run_selection(selection, hosts).verdict, "connect.refused");
    EXPECT_TRUE(selection.others_may_take()) << "it may answer another time";
}

// Those that offered too little for one message are not waited for with it.
TEST_F(Findings, OthersMayTakeWhatTheyOfferEnoughFor)
{
    TlsDemand demand;
    demand.organization = &organization;
    const LeftOut small{true, false, smtp::Offer{100, false, false}};
    const smtp::MessageNeeds large{1000, false, {}, false};
    const struct {
        std::vector<RecordedHost> hosts;
        LeftOut left_out;
    } rows[] = {{{host({{kTls}})}, small}, {{with_more(host({{kTls}}), small)}, kNothing}};
    for (const auto& row : rows) {
        NextHopSelection selection{demand, names_of(row.hosts), kNow, row.left_out};
        ASSERT_EQ(run_selection(selection, row.hosts).verdict, "TLSv1.3");
        EXPECT_TRUE(selection.others_may_take());
        EXPECT_TRUE(selection.others_may_take({100, false, {}, false}));
        EXPECT_FALSE(selection.others_may_take(large));
        EXPECT_FALSE(selection.others_may_take({10, false, {}, true}));
    }
    const std::vector<RecordedHost> refusing{host({{kSays554}})};
    NextHopSelection selection{demand, names_of(refusing), kNow, small};
    EXPECT_EQ(run_selection(selection, refusing).verdict, "delivery.left-untried")
        << "of this mail nothing is known";
}

TEST_F(Findings, WhatAHostLacksIsRememberedOfItWhereNothingElseIsInTheWay)
{
    TlsDemand demand;
    demand.organization = &organization;
    const smtp::Offer one{100, false, false};
    const smtp::Offer other{50, true, false};
    const struct {
        const char* name;
        RecordedHost host;
        std::optional<smtp::Offer> lacking;
    } rows[] = {
        {"both", host({{kTls}, {kTls}}), smtp::Offer{100, true, false}},
        {"one is dead", host({{kTls}, {kDead}}), one},
        {"one refuses", host({{kTls}, {kSays554}}), one},
        {"one is busy", host({{kTls}, {kBusy}}), std::nullopt},
        {"one is left out", with_more(host({{kTls}, {kTls}}), kUnknown), std::nullopt},
        {"one was not found", half_resolved(host({{kTls}, {kTls}})), std::nullopt},
    };
    for (const auto& row : rows) {
        const std::vector<RecordedHost> hosts{row.host};
        NextHopSelection selection{demand, names_of(hosts), kNow};
        run_selection(selection, hosts);
        if (selection.try_another_address(one)) {
            run_selection(selection, hosts);
            if (selection.step().what == NextHopStep::What::Use) {
                EXPECT_FALSE(selection.try_another_host(other)) << row.name;
            }
        }
        const auto notes = selection.take_notes();
        const auto last = std::find_if(notes.rbegin(), notes.rend(), [](const HopNote& each) {
            return each.kind == HopNote::Kind::Found && !each.address;
        });
        ASSERT_NE(last, notes.rend()) << row.name;
        EXPECT_EQ(last->lacking, row.lacking) << row.name;
    }
}

// So that those that were not asked have their turn first.
TEST_F(Findings, AHostWhereATransactionCameToNothingIsRemembered)
{
    TlsDemand demand;
    demand.organization = &organization;
    const std::vector<RecordedHost> hosts{host({{kTls}, {kTls}}), host({{kTls}})};
    NextHopSelection selection{demand, names_of(hosts), kNow};
    const auto noted = [&] {
        std::string text;
        for (const HopNote& each : selection.take_notes()) {
            if (each.kind != HopNote::Kind::Found) continue;
            text +=
                fmt::format("{}{} {}, ", each.host,
                            each.address ? "/" + each.address->format() : "", name(each.finding));
        }
        return text;
    };
    run_selection(selection, hosts);
    ASSERT_TRUE(selection.try_another_address());
    EXPECT_EQ(noted(), "0/192.0.2.1:25 unsettled, ");
    run_selection(selection, hosts);
    ASSERT_TRUE(selection.try_another_host());
    EXPECT_EQ(noted(), "0/192.0.2.2:25 unsettled, 0 unsettled, ");
    run_selection(selection, hosts);
    ASSERT_FALSE(selection.try_another_host());
    EXPECT_EQ(noted(), "1/192.0.2.1:25 unsettled, 1 unsettled, ") << "the last one, too";
}

}  // namespace
}  // namespace hermetic::policy
