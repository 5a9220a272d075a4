#include "facts/reasons.h"
#include "policy/next_hop_peers_fixture.h"

#include <gtest/gtest.h>

#include <ostream>

namespace hermetic::policy {
namespace {

using facts::DnsSecurity;
using facts::OutcomeClass;
using facts::Stage;

struct Row {
    const char* name;
    TlsLevel level;
    std::vector<RecordedHost> hosts;
    std::string_view verdict;
    std::string_view path;
    bool temporary = true;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class NextHop : public testing::TestWithParam<Row> {};

TEST_P(NextHop, IsFoundOrToldWhyNot)
{
    const Row& row = GetParam();
    objects::Organization organization;
    organization.tls = row.level;
    TlsDemand demand;
    demand.organization = &organization;
    NextHopSelection selection{demand, names_of(row.hosts, DnsSecurity::Secure), kNow};

    const SelectionRun found = run_selection(selection, row.hosts);

    EXPECT_EQ(found.verdict, row.verdict);
    EXPECT_EQ(found.path, row.path);
    if (selection.step().what == NextHopStep::What::GiveUp) {
        EXPECT_EQ(selection.last_host(), selection.failure().host) << "whose failure is told";
        EXPECT_EQ(selection.failure().temporary, row.temporary);
    }
}

constexpr auto kMay = TlsLevel::Opportunistic;
constexpr auto kMust = TlsLevel::Encrypt;
constexpr auto kCa = TlsLevel::VerifyCa;

// clang-format off
const Row kTable[] = {
    {"TheFirstHost", kMay, {host({{kTls}}), host({{kTls}})}, "TLSv1.3", "0.0 everything"},
    {"TheNextAddress", kMust, {host({{kBroken}, {kTls}})}, "TLSv1.3", "0.0 everything, 0.1 everything"},
    {"TheNextAddressWithoutStartTls", kMust, {host({{kNoTls}, {kTls}})}, "TLSv1.3", "0.0 everything, 0.1 everything"},
    {"TheNextAddressUnproved", kCa, {host({{kSelfSigned}, {kTls}})}, "TLSv1.3", "0.0 everything, 0.1 everything"},
    {"TheNextHost", kMust, {host({{kBroken}}), host({{kTls}})}, "TLSv1.3", "0.0 everything, 1.0 everything"},
    {"ADeadAddressIsTriedOnce", kMay, {host({{kDead}, {kTls}})}, "TLSv1.3", "0.0 everything, 0.1 everything"},
    {"WhatIsDeadComesLast", kMay, {host({dead(kTls)}), host({{kTls}})}, "TLSv1.3", "1.0 everything"},
    {"WhatIsDeadComesAllTheSame", kMay, {host({dead(kTls)}), host({{kDead}})}, "TLSv1.3", "1.0 everything, 0.0 everything"},
    {"EverythingOnce", kMay, {host({{kDead}, dead(kDead)}), host({{kDead}})}, "connect.refused",
     "0.0 everything, 1.0 everything, 0.1 everything"},

    // Clear text after failed handshakes.
    {"InClearWhereEveryHandshakeFailed", kMay, {host({{kBroken}})}, "clear", "0.0 everything, 0.0 clear"},
    {"NeverInClearWhereTlsIsRequired", kMust, {host({{kBroken}})}, "ladder.handshake-failed", "0.0 everything"},
    {"ADeadAddressHidesNoFailedHandshake", kMay, {host({{kBroken}, {kDead}})}, "clear",
     "0.0 everything, 0.1 everything, 0.0 clear"},
    {"ADeadAddressIsNotTriedAgainInClear", kMay, {host({{kDead}, {kBroken}, dead(kDead)})}, "clear",
     "0.0 everything, 0.1 everything, 0.2 everything, 0.1 clear"},
    {"NorOneBeforeIt", kMay, {host({{kDead}, {kBroken}})}, "clear",
     "0.0 everything, 0.1 everything, 0.1 clear"},
    {"EachAddressHasTheWholeLadder", kMay, {host({{alerts(40)}, {kTls}})}, "TLSv1.3",
     "0.0 everything, 0.0 compatible, 0.0 lower-version, 0.0 weak, 0.1 everything"},
    {"ADeadHostCounts", kMay, {host({{kBroken}}), host({{kDead}})}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"ButNotForEver", kMay, {host({{kBroken}}), long_silent(host({{kDead}}))}, "clear",
     "0.0 everything, 1.0 everything, 0.0 clear"},
    {"NotWhereItAnswersAgain", kMay, {host({{kBroken}}), long_silent(host({{kBusy}}))}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"ABusyHostCounts", kMay, {host({{kBroken}}), host({{kBusy}})}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"ANameWithoutAddressIsNobody", kMay, {host({{kBroken}}), unresolved(Reason::DnsNoAddress, OutcomeClass::Failed)}, "clear",
     "0.0 everything, 0.0 clear"},
    {"AFailedLookupCounts", kMay, {host({{kBroken}}), unresolved(Reason::DnsFailed, OutcomeClass::Deferred)},
     "ladder.handshake-failed", "0.0 everything"},
    {"AFailedLookupCountsForEver", kMay,
     {host({{kBroken}}), long_silent(unresolved(Reason::DnsFailed, OutcomeClass::Deferred))},
     "ladder.handshake-failed", "0.0 everything"},
    {"ASkippedHostCounts", kMay, {host({{kBroken}}), with_tlsa(host({{kTls}}), TlsaStatus::Failed)},
     "ladder.handshake-failed", "0.0 everything"},
    {"ARefusedAddressIsNobody", kMay, {host({{kBroken}}), host({{kTls, false, false, Reason::RouteTargetLoopback}})}, "clear",
     "0.0 everything, 0.0 clear"},
    {"InappropriateFallbackBarsClear", kMay, {host({{kForbidden}}), host({{kBroken}})}, "ladder.inappropriate-fallback",
     "0.0 everything, 1.0 everything"},
    {"AlsoAtAnotherAddress", kMay, {host({{kForbidden}, {kBroken}})}, "ladder.inappropriate-fallback",
     "0.0 everything, 0.1 everything"},
    {"InClearHostByHost", kMay, {host({{kBroken}}), host({{kBroken}})}, "clear",
     "0.0 everything, 1.0 everything, 0.0 clear"},
    {"StartTlsRefusedIsAFailedHandshake", kMay, {host({{kRefusesStartTls}})}, "clear", "0.0 everything, 0.0 clear"},
    {"AnUnaskedReplyBeforeStartTlsIsNone", kMay, {host({{kSpeaksUnasked}})}, "reply.unexpected", "0.0 everything"},
    {"AndCountsAgainstClear", kMay, {host({{kBroken}}), host({{kSpeaksUnasked}})}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"AlsoAtAnotherAddressAlone", kMay, {host({{kSpeaksUnasked}, {kSpeaksUnasked}})}, "reply.unexpected",
     "0.0 everything, 0.1 everything"},
    {"ImplicitTlsIsNeverClear", kMay, {implicit(host({{kBroken}}))}, "ladder.handshake-failed", "0.0 everything"},
    {"NorBesideAHostThatMayBe", kMay, {implicit(host({{kBroken}})), host({{kBroken}})}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"NorBesideADeadOneForEver", kMay, {implicit(host({{kBroken}})), long_silent(host({{kDead}}))}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},

    // STARTTLS not offered.
    {"NotOffered", kMay, {host({{kNoTls}})}, "clear", "0.0 everything"},
    {"NotOfferedWhereRequired", kMust, {host({{kNoTls}})}, "starttls.not-offered", "0.0 everything"},
    {"NotOfferedBehindADeadAddress", kMay, {host({{kDead}, {kNoTls}})}, "clear", "0.0 everything, 0.1 everything"},
    {"VanishedAtAnotherAddress", kMay, {host({{kBroken}, {kNoTls}}), host({{kBusy}})}, "ladder.handshake-failed",
     "0.0 everything, 0.1 everything, 1.0 everything"},
    {"VanishedWhereTlsWasHadAtAnotherAddress", kMay, {host({{kBusyInTls}, {kNoTls}})}, "starttls.vanished",
     "0.0 everything, 0.1 everything"},
    {"VanishedAtTwoAddresses", kMay, {host({{kNoTls}, {kBroken}, {kNoTls}}), host({{kBusy}})}, "clear", "0.0 everything"},
    {"VanishedBehindADeadAddress", kMay, {host({{kBroken}, {kDead}, {kNoTls}}), host({{kBusy}})}, "ladder.handshake-failed",
     "0.0 everything, 0.1 everything, 0.2 everything, 1.0 everything"},
    {"VanishedEverywhere", kMay, {host({{kBroken}, {kNoTls}})}, "clear", "0.0 everything, 0.1 everything, 0.0 clear"},

    // Whose refusal is believed.
    {"A554InClearIsBelievedBelowEncrypt", kMay, {host({{kSays554}})}, "greeting.refused", "0.0 everything", false},
    {"A554InClearIsAnybodys", kMust, {host({{kSays554}})}, "peer.unproved", "0.0 everything"},
    {"SoIsA421", kMust, {host({{kBusy}})}, "peer.unproved", "0.0 everything"},
    {"A421ToStartTlsToo", kMust, {host({{kClosesAtStartTls}})}, "peer.unproved", "0.0 everything"},
    {"WhichPermitsNoClearText", kMay, {host({{kClosesAtStartTls}})}, "starttls.deferred", "0.0 everything"},
    {"NorAtTheOtherHost", kMay, {host({{kBroken}}), host({{kClosesAtStartTls}})}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
    {"AndKeepsNoMailFromTheNextAddress", kMay, {host({{kClosesAtStartTls}, {kTls}})}, "TLSv1.3",
     "0.0 everything, 0.1 everything"},
    {"WhichIsBelievedBelowEncrypt", kMay, {host({{kBusy}})}, "greeting.deferred", "0.0 everything"},
    {"AndTheNextHostIsTried", kMust, {host({{kSays554}}), host({{kTls}})}, "TLSv1.3", "0.0 everything, 1.0 everything"},
    {"A550InTlsIsThePeers", kMust, {host({{says_550_in_tls(false)}})}, "ehlo.refused", "0.0 everything", false},
    {"NotBeforeItIsProved", kCa, {host({{says_550_in_tls(false)}})}, "tls.chain-not-verified", "0.0 everything"},
    {"AnImpostorThatCloses", kCa, {host({{closes_in_tls(false)}})}, "tls.chain-not-verified", "0.0 everything"},
    {"WhoIsProvedCloses", kCa, {host({{closes_in_tls(true)}})}, "connection.closed", "0.0 everything"},
    {"AndThenItIs", kCa, {host({{says_550_in_tls(true)}})}, "ehlo.refused", "0.0 everything", false},

    // A login is for who is proved; its mail too.
    {"NothingInClearWhereALoginIsAskedFor", kMay, {with_login(host({{kNoTls}}))}, "starttls.not-offered", "0.0 everything"},
    {"NorAfterFailedHandshakes", kMay, {with_login(host({{kBroken}}))}, "ladder.handshake-failed", "0.0 everything, 0.0 clear"},

    // DANE.
    {"TlsaMatches", kMay, {with_tlsa(host({{kTls}}), TlsaStatus::Usable)}, "TLSv1.3", "0.0 everything"},
    {"TlsaOfAnother", kMay, {with_tlsa(host({{kSelfSigned}}), TlsaStatus::Usable)}, "dane.tlsa-mismatch", "0.0 everything"},
    {"TlsaOfAnotherAtOneAddress", kMay, {with_tlsa(host({{kSelfSigned}, {kTls}}), TlsaStatus::Usable)}, "TLSv1.3",
     "0.0 everything, 0.1 everything"},
    {"AHostUnderDaneKeepsOthersFromClear", kMay,
     {host({{kBroken}}), with_tlsa(host({{kBroken}}), TlsaStatus::Usable)}, "ladder.handshake-failed",
     "0.0 everything, 1.0 everything"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, NextHop, testing::ValuesIn(kTable),
                         [](const auto& row) { return row.param.name; });

// Specification §1: what the organization asks of others' hosts strands no mail for this machine.
TEST(NextHopSelection, ALocalHostMayHaveItsMailInClearWhateverTheOrganizationAsks)
{
    objects::Organization organization;
    organization.tls = TlsLevel::Encrypt;
    TlsDemand demand;
    demand.organization = &organization;
    const std::vector<RecordedHost> hosts{host({{kBroken}})};
    auto names = names_of(hosts);
    names[0].hop = loopback();
    NextHopSelection selection{demand, names, kNow};
    EXPECT_EQ(run_selection(selection, hosts).verdict, "clear");
    names[0].hop.kind = HopKind::Network;
    NextHopSelection over_the_network{demand, names, kNow};
    EXPECT_EQ(run_selection(over_the_network, hosts).verdict, "ladder.handshake-failed");
}

// Specification §3.1.
TEST(NextHopSelection, ALiteralIsRefusedForGoodWhereANameIsAskedFor)
{
    objects::Organization organization;
    organization.tls = TlsLevel::VerifyName;
    TlsDemand demand;
    demand.organization = &organization;
    const std::vector<RecordedHost> hosts{host({{kTls}})};
    auto names = names_of(hosts);
    names[0].hop = literal();
    NextHopSelection selection{demand, names, kNow};
    const SelectionRun found = run_selection(selection, hosts);
    EXPECT_EQ(found.verdict, "tls.literal-without-name");
    EXPECT_EQ(found.path, "") << "nobody is connected to";
    EXPECT_FALSE(selection.failure().temporary);
}

TEST(NextHopSelection, AForgedRefusalReturnsNoMailThatAnOperatorHasApproved)
{
    objects::Organization organization;
    organization.tls = TlsLevel::Encrypt;
    TlsDemand demand;
    demand.organization = &organization;
    demand.message.approved = Approved::Yes;
    const std::vector<RecordedHost> hosts{host({{kSays554}})};
    NextHopSelection selection{demand, names_of(hosts), kNow};
    EXPECT_EQ(run_selection(selection, hosts).verdict, "greeting.refused");
    EXPECT_TRUE(selection.failure().temporary);
}

class Selection : public testing::Test {
protected:
    NextHopSelection& select(const std::vector<RecordedHost>& hosts)
    {
        TlsDemand demand;
        demand.organization = &organization;
        demand.connector = connector ? &*connector : nullptr;
        return selection_.emplace(demand, names_of(hosts), kNow);
    }

    objects::Organization organization;
    std::optional<objects::OutboundConnector> connector;

private:
    std::optional<NextHopSelection> selection_;
};

// Specification §4.3: what the attempt's time limit left untried comes first next time and counts
// against clear text.
TEST_F(Selection, LeavesWhatItHadNoTimeForToTheNextAttempt)
{
    std::vector<RecordedHost> hosts{host({{kBroken}, {kTls}}), host({{kTls}})};
    auto& selection = select(hosts);
    while (selection.step().what != NextHopStep::What::Connect || selection.step().address == 0) {
        if (selection.step().what == NextHopStep::What::Connect) {
            selection.on_connection(kBroken(selection.step().plan));
        } else if (selection.step().what == NextHopStep::What::Resolve) {
            selection.on_addresses(
                {{{IpAddress::v4({192, 0, 2, 1}), 25}}, {{IpAddress::v4({192, 0, 2, 2}), 25}}});
        } else if (selection.step().what == NextHopStep::What::AskTlsa) {
            selection.on_tlsa(TlsaStatus::NotAsked, nullptr, {});
        } else {
            selection.on_credentials({});
        }
    }
    selection.on_time_over();

    EXPECT_EQ(selection.step().what, NextHopStep::What::GiveUp);
    EXPECT_EQ(selection.failure().reason, Reason::LadderHandshakeFailed)
        << "it says more than the time";
    EXPECT_EQ(selection.why_not_clear(), Reason::DeliveryTimeOver);
    std::string left;
    for (const auto& note : selection.take_notes()) {
        if (note.kind != HopNote::Kind::LeftUntried) continue;
        left += fmt::format("{}{} ", note.host, note.address ? "/" + note.address->format() : "");
    }
    EXPECT_EQ(left, "0 0/192.0.2.2:25 1 ");

    hosts[0].left_untried = hosts[0].addresses[1].left_untried = hosts[1].left_untried = true;
    EXPECT_EQ(run_selection(select(hosts), hosts).path, "0.0 everything")
        << "the second address, first";
    hosts[0].left_untried = false;
    EXPECT_EQ(run_selection(select(hosts), hosts).path, "1.0 everything");
}

TEST_F(Selection, GoesToAnotherHostWhereATransactionCameToNothing)
{
    const std::vector<RecordedHost> hosts{host({{kTls}}), host({{kDead}}), host({{kTls}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).path, "0.0 everything");
    ASSERT_TRUE(selection.try_another_host());
    EXPECT_TRUE(selection.is_narrowed());
    EXPECT_EQ(run_selection(selection, hosts).path, "1.0 everything, 2.0 everything");
    EXPECT_FALSE(selection.try_another_host());
    selection.begin_transaction();
    EXPECT_EQ(selection.step().host, 2U) << "what is in use stays so";
    selection.retry();
    EXPECT_EQ(run_selection(selection, hosts).path, "0.0 everything");
}

TEST_F(Selection, SendsNothingInClearForHandshakesThatFailedWhereAnotherHostHasTls)
{
    const std::vector<RecordedHost> hosts{host({{kTls}}), host({{kBroken}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "TLSv1.3");
    ASSERT_TRUE(selection.try_another_host());
    EXPECT_EQ(run_selection(selection, hosts).verdict, "ladder.handshake-failed");
}

TEST_F(Selection, AsksAnotherAddressOfTheHostWhereOneOffersTooLittle)
{
    const std::vector<RecordedHost> hosts{host({{kTls}, {kTls}}), host({{kTls}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).path, "0.0 everything");
    ASSERT_TRUE(selection.try_another_address());
    EXPECT_TRUE(selection.is_narrowed());
    EXPECT_EQ(run_selection(selection, hosts).path, "0.1 everything");
    EXPECT_FALSE(selection.try_another_address());
    ASSERT_TRUE(selection.try_another_host());
    EXPECT_EQ(run_selection(selection, hosts).path, "1.0 everything");
    EXPECT_FALSE(selection.try_another_host());
    selection.begin_transaction();
    EXPECT_FALSE(selection.is_narrowed());
    selection.retry();
    EXPECT_EQ(run_selection(selection, hosts).path, "0.0 everything");
}

TEST_F(Selection, SendsNothingInClearToAnAddressOfAHostThatHasTlsAtAnother)
{
    const std::vector<RecordedHost> hosts{host({{kTls}, {kBroken}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "TLSv1.3");
    ASSERT_TRUE(selection.try_another_address());
    EXPECT_EQ(run_selection(selection, hosts).verdict, "ladder.handshake-failed");
}

TEST_F(Selection, UsesAConnectionThatIsKept)
{
    const std::vector<RecordedHost> hosts{host({{kNoTls}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "clear");
    selection.begin_transaction();
    selection.retry();
    ASSERT_EQ(selection.step().what, NextHopStep::What::Connect);
    (void)selection.take_attempt_steps();
    selection.on_kept();
    EXPECT_EQ(selection.step().what, NextHopStep::What::Use);
    EXPECT_TRUE(selection.take_attempt_steps().empty());
}

TEST_F(Selection, TellsWhatIsWorthRemembering)
{
    const std::vector<RecordedHost> hosts{host({{kDead}}), host({{alerts(40)}, {kTls}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "TLSv1.3");
    using Kind = HopNote::Kind;
    std::vector<Kind> kinds;
    for (const auto& note : selection.take_notes()) {
        if (kinds.empty() || kinds.back() != note.kind) kinds.push_back(note.kind);
    }
    const std::vector<Kind> expected{Kind::AddressDead, Kind::HostSilent, Kind::AddressAlive,
                                     Kind::HostGreeted, Kind::StepFailed, Kind::AddressAlive,
                                     Kind::HostGreeted, Kind::StepFailed, Kind::AddressAlive,
                                     Kind::HostGreeted, Kind::StepFailed, Kind::AddressAlive,
                                     Kind::HostGreeted, Kind::StepFailed, Kind::AddressAlive,
                                     Kind::HostGreeted, Kind::StepWorked};
    EXPECT_EQ(kinds, expected);
}

TEST_F(Selection, BeginsWithTheStepThatWorked)
{
    auto one = host({{kTls}});
    one.credentials.remembered = StepKind::Compatible;
    const std::vector<RecordedHost> hosts{one};
    EXPECT_EQ(run_selection(select(hosts), hosts).path, "0.0 compatible");
}

class SelectionWithLogin : public Selection {
protected:
    void SetUp() override
    {
        connector.emplace();
        connector->tls.level = TlsLevel::VerifyName;
        connector->tls.names = {tls_name("relay.example.net")};
    }
    static Answer named(bool verified)
    {
        return [=](const std::optional<StepPlan>& plan) {
            auto facts = in_tls(verified)(plan);
            if (!facts.tls) return facts;
            facts.tls->chain.emplace_back();
            facts.tls->chain.front().dns_names = {"relay.example.net"};
            return facts;
        };
    }
    static RecordedHost with_login(RecordedHost host)
    {
        host.credentials.login = true;
        return host;
    }
};

TEST_F(SelectionWithLogin, LogsInWhereTheHostIsProved)
{
    const std::vector<RecordedHost> hosts{with_login(host({{named(true)}}))};
    EXPECT_EQ(run_selection(select(hosts), hosts).path, "0.0 everything, login");
}

TEST_F(SelectionWithLogin, AsksNoOtherAddressWhereTheLoginIsRefused)
{
    auto one = with_login(host({{named(true)}, {named(true)}}));
    one.login = outcome(Stage::Auth, Reason::AuthRefused);
    const std::vector<RecordedHost> hosts{one};
    const auto found = run_selection(select(hosts), hosts);
    EXPECT_EQ(found.verdict, "auth.refused");
    EXPECT_EQ(found.path, "0.0 everything, login");
}

TEST_F(SelectionWithLogin, AsksAnotherAddressWhereTheServerClosesInsteadOfALogin)
{
    auto one = with_login(host({{named(true)}, {named(true)}}));
    one.login =
        outcome(Stage::Auth, Reason::AuthDeferred, OutcomeClass::Deferred, facts::Origin::Remote);
    one.login->code = 421;
    const std::vector<RecordedHost> hosts{one};
    const auto found = run_selection(select(hosts), hosts);
    EXPECT_EQ(found.verdict, "auth.deferred");
    EXPECT_EQ(found.path, "0.0 everything, login, 0.1 everything, login");
}

// Specification §6.1: wherever a handshake was completed, whatever ended it then.
TEST_F(SelectionWithLogin, WhatAHandshakeShowedIsKeptWithTheFailureAndItsStep)
{
    auto refused = with_login(host({{named(true)}}));
    refused.login = outcome(Stage::Auth, Reason::AuthRefused);
    const struct {
        RecordedHost host;
        std::string_view verdict;
    } rows[] = {
        {refused, "auth.refused"},
        {with_login(host({{named(false)}})), "tls.chain-not-verified"},
        {host({{closes_in_tls(false)}}), "tls.chain-not-verified"},
    };
    for (const auto& row : rows) {
        const std::vector<RecordedHost> hosts{row.host};
        auto& selection = select(hosts);
        const auto found = run_selection(selection, hosts);
        EXPECT_EQ(found.verdict, row.verdict);
        ASSERT_EQ(selection.step().what, NextHopStep::What::GiveUp);
        ASSERT_TRUE(selection.failure().evidence) << found.verdict;
        EXPECT_EQ(selection.take_attempt_steps().back().tls, selection.failure().evidence);
    }
}

// An attempt has hundreds of connections, and a peer chooses its certificates.
TEST_F(SelectionWithLogin, WhatIsKeptOfAHugeCertificateIsShortAndJudgedAlike)
{
    const Answer huge = [good = named(true)](const std::optional<StepPlan>& plan) {
        ConnectionFacts facts = good(plan);
        std::vector<std::string> names(10'000, std::string(80, 'a') + ".example");
        names.push_back("relay.example.net");
        facts.tls->chain.assign(10, facts::CertificateFacts{});
        for (auto& each : facts.tls->chain) each.dns_names = names;
        return facts;
    };
    auto one = with_login(host({{huge}}));
    one.login = outcome(Stage::Auth, Reason::AuthRefused);
    const std::vector<RecordedHost> hosts{one};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "auth.refused");
    const auto steps = selection.take_attempt_steps();
    for (const auto& kept : {selection.failure().evidence, steps.back().tls}) {
        ASSERT_TRUE(kept);
        ASSERT_EQ(kept->chain.size(), 10U);
        const auto& leaf = kept->chain.front();
        EXPECT_EQ(leaf.dns_names.front(), "relay.example.net") << "which was asked for";
        EXPECT_LT(leaf.dns_names.size(), 200U);
        EXPECT_EQ(leaf.dns_names.size() + leaf.more_names, 10'001U);
        EXPECT_TRUE(kept->chain.back().dns_names.empty());
        EXPECT_TRUE(judge_evidence(selection.decision(0).policy, *kept).passes);
    }
}

TEST_F(SelectionWithLogin, KeepsThePasswordInAuditModeWhereEnforcingWouldNotHaveSent)
{
    connector->tls.mode = objects::ConnectorMode::Audit;
    auto missing = with_login(host({{named(true)}}));
    missing.credentials.missing = outcome(Stage::Verify, Reason::TlsCrlUnreadable);
    for (const auto& one :
         {with_login(host({{named(false)}})), with_login(host({{kNoTls}})), missing}) {
        const std::vector<RecordedHost> hosts{one};
        auto& selection = select(hosts);
        const auto found = run_selection(selection, hosts);
        EXPECT_EQ(found.path, "0.0 everything");
        EXPECT_EQ(selection.use().audit.back(), Reason::AuthWithheld);
        EXPECT_EQ(selection.use().audit.front(), Reason::TlsAuditWouldRefuse);
    }
}

// What audit mode records for an attempt is what the same attempt would fail with in enforce mode.
TEST_F(SelectionWithLogin, NamesInAuditModeTheReasonThatEnforcingWouldName)
{
    const Answer old = [](const std::optional<StepPlan>& plan) {
        ConnectionFacts facts = ready_in_clear(plan, true);
        if (plan && plan->min > TlsVersion::Tls12) return alerts(70)(plan);
        if (plan) facts.tls = evidence(TlsVersion::Tls12, true);
        return facts;
    };
    auto missing = host({{named(true)}});
    missing.credentials.missing = outcome(Stage::Verify, Reason::TlsCrlUnreadable);
    auto missing_too = host({{kNoTls}});
    missing_too.credentials.missing = outcome(Stage::Verify, Reason::TlsCaUnreadable);
    const struct {
        RecordedHost host;
        std::string_view reason;
    } rows[] = {
        {host({{kNoTls}}), "starttls.not-offered"},
        {with_login(host({{kNoTls}})), "starttls.not-offered"},
        {host({{kBroken}}), "ladder.handshake-failed"},
        {host({{kRefusesStartTls}}), "starttls.refused"},
        {host({{old}}), "ladder.handshake-failed"},
        {host({{named(false)}}), "tls.chain-not-verified"},
        {with_login(host({{named(false)}})), "tls.chain-not-verified"},
        {host({{in_tls(true)}}), "tls.name-mismatch"},
        {missing, "tls.crl-unreadable"},
        {missing_too, "tls.ca-unreadable"},
    };
    connector->tls.min = TlsVersion::Tls13;
    for (const auto& row : rows) {
        const std::vector<RecordedHost> hosts{row.host};
        connector->tls.mode = objects::ConnectorMode::Enforce;
        EXPECT_EQ(run_selection(select(hosts), hosts).verdict, row.reason);
        connector->tls.mode = objects::ConnectorMode::Audit;
        auto& audited = select(hosts);
        (void)run_selection(audited, hosts);
        ASSERT_EQ(audited.step().what, NextHopStep::What::Use) << row.reason;
        const auto& says = audited.use().audit;
        ASSERT_GE(says.size(), 2U) << row.reason;
        EXPECT_EQ(says[0], Reason::TlsAuditWouldRefuse);
        EXPECT_EQ(facts::name(says[1]), row.reason);
    }
}

TEST_F(Selection, ConnectsToNobodyWhereFilesOfThePolicyAreMissing)
{
    auto one = host({{kTls}});
    one.credentials.missing = outcome(Stage::Verify, Reason::TlsCaUnreadable);
    const std::vector<RecordedHost> hosts{one, host({{kBroken}})};
    const auto found = run_selection(select(hosts), hosts);
    EXPECT_EQ(found.path, "1.0 everything") << "and it counts against clear text";
    EXPECT_EQ(found.verdict, "tls.ca-unreadable");
}

TEST_F(Selection, TakesNoHostWithoutRequireTlsWhereTheMessageAsksForIt)
{
    const std::vector<RecordedHost> hosts{host({{kTls}})};
    TlsDemand demand;
    demand.organization = &organization;
    demand.message.requests.requiretls = true;
    auto names = names_of(hosts, DnsSecurity::Secure);
    for (const bool offers : {false, true}) {
        NextHopSelection selection{demand, names, kNow};
        const std::vector<RecordedHost> peers{host({{[&](const std::optional<StepPlan>& plan) {
            auto facts = kTls(plan);
            facts.requiretls = offers;
            facts.tls->chain.emplace_back();
            facts.tls->chain.front().dns_names = {"mx0.example.net"};
            return facts;
        }}})};
        EXPECT_EQ(run_selection(selection, peers).verdict,
                  offers ? "TLSv1.3" : "requiretls.not-offered");
        if (offers) continue;
        EXPECT_FALSE(selection.failure().temporary);
        ASSERT_TRUE(selection.failure().evidence) << "what the handshake showed is kept";
        EXPECT_EQ(selection.take_attempt_steps().back().tls, selection.failure().evidence);
    }
}

// A client certificate that the library does not take says nothing of the host.
TEST_F(Selection, SendsNothingInClearForAFaultOfOurOwn)
{
    const std::vector<RecordedHost> hosts{host({{kBroken}})};
    auto& selection = select(hosts);
    while (selection.step().what != NextHopStep::What::Connect) {
        if (selection.step().what == NextHopStep::What::Resolve) {
            selection.on_addresses({{{IpAddress::v4({192, 0, 2, 1}), 25}}});
        } else if (selection.step().what == NextHopStep::What::AskTlsa) {
            selection.on_tlsa(TlsaStatus::NotAsked, nullptr, {});
        } else {
            selection.on_credentials({});
        }
    }
    selection.on_own_fault(outcome(Stage::Local, Reason::TlsClientContext));
    EXPECT_EQ(selection.step().what, NextHopStep::What::GiveUp);
    EXPECT_EQ(selection.failure().reason, Reason::TlsClientContext);
}

TEST_F(Selection, KeepsToTheLastResortWhileItLasts)
{
    const std::vector<RecordedHost> hosts{host({{kBroken}})};
    auto& selection = select(hosts);
    EXPECT_EQ(run_selection(selection, hosts).verdict, "clear");
    EXPECT_TRUE(selection.use().after_failures);
    selection.retry();
    EXPECT_EQ(run_selection(selection, hosts).path, "0.0 clear")
        << "what failed is not tried again";
}

}  // namespace
}  // namespace hermetic::policy
