// The service under DANE: every kind of record, what makes a message wait, what is never sent.
#include "delivery/dane_fixture.h"
#include "delivery/service.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>

namespace hermetic::delivery {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using facts::Reason;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

objects::TlsSettings with_dane(objects::Publication dane)
{
    objects::TlsSettings tls;
    if (dane != objects::Publication::None) {
        tls.dane = dane;
        return tls;
    }
    auto& exception = tls.exception.emplace();
    exception.dane = dane;
    exception.valid_until = WallTime::max();
    return tls;
}

TEST_F(DaneTest, EveryKindOfRecordProvesAHost)
{
    const tls::TlsaKind kinds[] = {{3, 1, 1}, {3, 0, 1}, {3, 1, 2}, {3, 0, 2},
                                   {2, 0, 1}, {2, 1, 1}, {2, 1, 2}, {3, 1, 0}};
    auto& peer = secure_peer(with_certificate({}), {});
    for (const auto& kind : kinds) {
        const auto wanted = record(kind);
        SCOPED_TRACE(tls::format_tlsa(wanted).substr(0, 20));
        publish("mx.other.test", {wanted});
        expect_delivered(peer, Reason::DaneMatched, "dane");
        EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::DaneUsable));
        EXPECT_EQ(log.attempts.back().tls->sni, "mx.other.test");
    }
}

TEST_F(DaneTest, ACertificateOfAnotherKeyMakesTheMessageWait)
{
    (void)with_certificate({.name = "other"});
    secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({3, 1, 1}, "other")});
    expect_waits(Reason::DaneTlsaMismatch, "4.7.323");
    EXPECT_EQ(outcome().stage, facts::Stage::Verify);
    publish("mx.other.test", {tls::make_tlsa({2, 0, 1}, tls::PkiFixture{}.read("root.pem"))});
    expect_waits(Reason::DaneTlsaMismatch, "4.7.323");
}

// RFC 8689 §4.2.2: it goes whatever the recipient's domain publishes, in TLS where that can be had.
TEST_F(DaneTest, WhatSaysTlsRequiredNoGoesPastRecordsThatDoNotMatch)
{
    const mail::TlsRequests lifting{.requiretls = false, .tls_required_no = true};
    (void)with_certificate({.name = "other"});
    auto& peer = secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({3, 1, 1}, "other")});
    expect_waits(Reason::DaneTlsaMismatch, "4.7.323");
    EXPECT_EQ(deliver(wishing(make_message({"b@other.test"}), lifting)).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(true));
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::TlsRequiredNo));
    EXPECT_THAT(log.attempts.back().policy_reasons, Not(Contains(Reason::DaneUsable)));

    fail_lookup("mx.other.test", DnsSecurity::Bogus, "a signature has expired");
    EXPECT_EQ(deliver(make_message({"c@other.test"})).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::DaneLookupFailed);
    EXPECT_EQ(deliver(wishing(make_message({"d@other.test"}), lifting)).delivered, 1U);
}

TEST_F(DaneTest, WhatSaysTlsRequiredNoGoesInClearWhereThereIsNoTls)
{
    const mail::TlsRequests lifting{.requiretls = false, .tls_required_no = true};
    (void)with_certificate({});
    auto& peer = secure_peer({}, {record({3, 1, 1})});
    expect_waits(Reason::StarttlsNotOffered, "4.7.321");
    EXPECT_EQ(deliver(wishing(make_message({"b@other.test"}), lifting)).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(DaneTest, AConnectorCountsWhateverTheMessageSays)
{
    const mail::TlsRequests lifting{.requiretls = false, .tls_required_no = true};
    objects::TlsSettings tls;
    tls.level = objects::TlsLevel::Encrypt;
    connect_by(tls);
    auto& peer = secure_peer({}, {});
    EXPECT_EQ(deliver(wishing(make_message({"b@other.test"}), lifting)).deferred, 1U);
    EXPECT_EQ(outcome().reason, Reason::StarttlsNotOffered);
    EXPECT_THAT(peer.messages, IsEmpty());
}

TEST_F(DaneTest, ALeafsRecordNeedsNeitherDatesNorNames)
{
    auto& peer = secure_peer(with_certificate({.name = "leaf",
                                               .dns_names = {"elsewhere.test"},
                                               .issuer = tls::PkiFixture::Issuer::Intermediate,
                                               .valid_days = -1}),
                             {});
    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

TEST_F(DaneTest, ACasRecordNeedsBoth)
{
    auto script = with_certificate({.name = "leaf", .valid_days = -1});
    secure_peer(script, {record({2, 1, 1})});
    expect_waits(Reason::DaneCertificateExpired, "4.7.322");
}

TEST_F(DaneTest, ACasRecordNeedsANameOfTheHostOrOfTheDomain)
{
    auto script = with_certificate({.name = "leaf", .dns_names = {"elsewhere.test"}});
    secure_peer(script, {record({2, 0, 1})});
    expect_waits(Reason::DaneCertificateHostMismatch, "4.7.325");
    finish();
    peers.clear();
    resolver = {};
    auto& peer = secure_peer(with_certificate({.name = "leaf", .dns_names = {"other.test"}}), {});
    publish("mx.other.test", {record({2, 0, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

// RFC 7672 §3.2.2: an unproved MX answer proves nothing of the domain's name.
TEST_F(DaneTest, AnUnprovedMxAnswerRaisesButTheDomainsNameIsNone)
{
    auto& peer = secure_peer(with_certificate({.name = "leaf", .dns_names = {"other.test"}}), {});
    publish("mx.other.test", {record({2, 0, 1})});
    resolver.mxs["other.test"].security = DnsSecurity::Insecure;
    expect_waits(Reason::DaneCertificateHostMismatch, "4.7.325");
    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::DaneUsableInsecureMx));
}

TEST_F(DaneTest, RecordsThatNobodyCanUseAskForTls)
{
    const auto digest = std::string(32, 'x');
    auto& peer = secure_peer(with_certificate({}),
                             {{0, 1, 1, digest}, {1, 0, 1, digest}, {3, 7, 1, digest}});
    expect_delivered(peer, Reason::TlsVerified, "encrypt");
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::DaneUnusable));
}

TEST_F(DaneTest, RecordsThatNobodyCanUseKeepMailFromClearText)
{
    secure_peer({}, {{1, 1, 1, std::string(32, 'x')}});
    expect_waits(Reason::StarttlsNotOffered, "4.4.317");
}

TEST_F(DaneTest, NoStartTlsBesideRecordsMakesTheMessageWait)
{
    auto script = with_certificate({});
    script.tls = nullptr;
    auto& peer = secure_peer(script, {record({3, 1, 1})});
    expect_waits(Reason::StarttlsNotOffered, "4.7.321");
    EXPECT_THAT(peer.commands, Contains(testing::StartsWith("EHLO")));
}

TEST_F(DaneTest, FailedHandshakesBesideRecordsNeverEndInClear)
{
    tls::ServerProfile old;
    old.min = facts::TlsVersion::Tls10;
    old.max = facts::TlsVersion::Tls11;
    old.ciphers = "ALL:@SECLEVEL=0";
    auto& peer = secure_peer(with_certificate({}, old), {});
    publish("mx.other.test", {record({3, 1, 1})});
    expect_waits(Reason::LadderHandshakeFailed, "4.4.317");
    EXPECT_GT(peer.connections, 1) << "the steps of the ladder were tried";
    // Nor at a host without records beside it, whose handshakes fail as well.
    auto& second = second_peer(with_certificate({.name = "second"}, old), {});
    expect_waits(Reason::LadderHandshakeFailed, "4.4.317");
    EXPECT_GT(second.connections, 0);
}

TEST_F(DaneTest, ALookupThatFailsSkipsTheHost)
{
    auto& peer = secure_peer(with_certificate({}), {});
    fail_lookup("mx.other.test", DnsSecurity::Insecure, "SERVFAIL");
    expect_waits(Reason::DaneLookupFailed, "4.7.324");
    EXPECT_THAT(outcome().text, HasSubstr("SERVFAIL"));
    fail_lookup("mx.other.test", DnsSecurity::Bogus, "DNSSEC: signature expired");
    expect_waits(Reason::DaneLookupFailed, "4.7.324");
    EXPECT_EQ(peer.connections, 0) << "it is not even connected to";
    ASSERT_TRUE(spool.changes.at(0).state.tls_failing_since) << "it is a matter of TLS";

    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

TEST_F(DaneTest, AnotherHostTakesTheMailOfOneThatIsSkipped)
{
    auto& broken = secure_peer(with_certificate({}), {});
    auto& good =
        second_peer(with_certificate({.name = "second", .dns_names = {"mx2.other.test"}}), {});
    publish("mx2.other.test", {record({3, 1, 1}, "second")});
    fail_lookup("mx.other.test", DnsSecurity::Bogus, "DNSSEC: forged");
    expect_delivered(good, Reason::DaneMatched, "dane");
    EXPECT_EQ(broken.connections, 0);

    publish("mx.other.test", {record({3, 1, 1}, "second")});
    expect_delivered(good, Reason::DaneMatched, "dane");
    EXPECT_EQ(broken.connections, 1);
    expect_nothing_in_clear(broken);
    EXPECT_THAT(broken.messages, IsEmpty());
    EXPECT_EQ(log.attempts.back().steps.at(0).reason, Reason::DaneTlsaMismatch);
}

// Of a host that was skipped it is not known that its handshake fails.
TEST_F(DaneTest, AHostThatIsSkippedKeepsTheOthersFromClearTextAfterFailures)
{
    tls::ServerProfile old;
    old.min = facts::TlsVersion::Tls10;
    old.max = facts::TlsVersion::Tls11;
    old.ciphers = "ALL:@SECLEVEL=0";
    secure_peer(with_certificate({}), {});
    fail_lookup("mx.other.test", DnsSecurity::Bogus, "DNSSEC: forged");
    second_peer(with_certificate({.name = "second"}, old), {});
    expect_waits(Reason::LadderHandshakeFailed, "4.4.317");
}

TEST_F(DaneTest, WhatIsNotProvedIsNotAskedFor)
{
    auto& peer = secure_peer(with_certificate({.name = "leaf", .dns_names = {"x.test"}}),
                             {{3, 1, 1, std::string(32, 'x')}});
    resolver.address_facts.clear();
    expect_delivered(peer, Reason::TlsNameMismatch, "opportunistic");
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
    // Nor is a TLSA name believed that leads out of what is signed.
    prove("mx.other.test");
    resolver.tlsas[tlsa_name("mx.other.test")].security = DnsSecurity::Insecure;
    expect_delivered(peer, Reason::TlsNameMismatch, "opportunistic");
    EXPECT_THAT(resolver.tlsa_questions, ElementsAre(tlsa_name("mx.other.test")));
}

TEST_F(DaneTest, NoRecordsChangeNothing)
{
    auto& peer = secure_peer({}, {});
    EXPECT_EQ(deliver(make_message({"b@other.test"})).delivered, 1U);
    EXPECT_THAT(peer.in_tls, ElementsAre(false));
}

TEST_F(DaneTest, AnAliasIsAskedForByTheNameThatItStandsFor)
{
    auto& peer =
        secure_peer(with_certificate({.name = "leaf", .dns_names = {"real.host.test"}}), {});
    prove("mx.other.test", "real.host.test");
    publish("real.host.test", {record({2, 0, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_EQ(log.attempts.back().tls->sni, "real.host.test");
    EXPECT_THAT(resolver.tlsa_questions, ElementsAre(tlsa_name("real.host.test")));
}

TEST_F(DaneTest, AnAliasIsAskedForByItsOwnNameWhereTheOtherHasNone)
{
    auto& peer = secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({2, 0, 1})});
    prove("mx.other.test", "real.host.test");
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_EQ(log.attempts.back().tls->sni, "mx.other.test");
    EXPECT_THAT(resolver.tlsa_questions,
                ElementsAre(tlsa_name("real.host.test"), tlsa_name("mx.other.test")));
    // A failure is no "none".
    fail_lookup("real.host.test", DnsSecurity::Insecure, "timeout");
    peer.commands.clear();
    peer.messages.clear();
    expect_waits(Reason::DaneLookupFailed, "4.7.324");
}

// RFC 7672 §2.2.3: the alias is in a signed zone, what it stands for is not.
TEST_F(DaneTest, AProvedAliasOfAnUnprovedHostIsAskedForByItsOwnName)
{
    auto& peer = secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({3, 1, 1})});
    prove("mx.other.test", "real.host.test");
    resolver.address_facts["mx.other.test"].security = DnsSecurity::Insecure;
    auto& alias = resolver.aliases["mx.other.test"];
    alias.status = DnsStatus::Found;
    alias.security = DnsSecurity::Secure;
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_THAT(resolver.tlsa_questions, ElementsAre(tlsa_name("mx.other.test")));
    peer.messages.clear();
    peer.commands.clear();
    alias.status = DnsStatus::Failed;
    alias.why = "timeout";
    expect_waits(Reason::DaneLookupFailed, "4.7.324");
}

TEST_F(DaneTest, ARolloverGoesOnWithOldAndNewRecords)
{
    (void)with_certificate({.name = "next"});
    auto& peer = secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({3, 1, 1}), record({3, 1, 1}, "next")});
    expect_delivered(peer, Reason::DaneMatched, "dane");
    publish("mx.other.test", {record({3, 1, 1}, "next")});
    peer.messages.clear();
    peer.commands.clear();
    EXPECT_EQ(deliver(make_message({"b@other.test"})).deferred, 1U)
        << "the kept connection is under other records";
    EXPECT_EQ(outcome().reason, Reason::DaneTlsaMismatch);
    EXPECT_THAT(peer.messages, IsEmpty());
    EXPECT_EQ(peer.connections, 2);
}

TEST_F(DaneTest, AResumedSessionIsJudgedAgain)
{
    settings.options.messages_per_connection = 1;
    auto& peer = secure_peer(with_certificate({}), {});
    publish("mx.other.test", {record({3, 1, 1})});
    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
    expect_delivered(peer, Reason::DaneMatched, "dane");
    EXPECT_EQ(peer.connections, 2);
    EXPECT_TRUE(log.attempts.back().tls->resumed);
    EXPECT_EQ(log.attempts.back().tls->tlsa, facts::TlsaVerdict::Matched);
}

TEST_F(DaneTest, MandatoryNeedsAProvedMxAnswerAndRecords)
{
    connect_by(with_dane(objects::Publication::Mandatory));
    auto& peer = secure_peer(with_certificate({}), {});
    expect_waits(Reason::DaneMandatoryMissing, "4.7.323");
    publish("mx.other.test", {{0, 0, 1, std::string(32, 'x')}});
    expect_waits(Reason::DaneMandatoryMissing, "4.7.323");
    publish("mx.other.test", {record({3, 1, 1})});
    resolver.mxs["other.test"].security = DnsSecurity::Insecure;
    expect_waits(Reason::DaneMandatoryInsecureMx, "4.7.324");
    EXPECT_EQ(peer.connections, 0);
    resolver.mxs["other.test"].security = DnsSecurity::Secure;
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

TEST_F(DaneTest, LevelDaneIsMandatoryToo)
{
    objects::TlsSettings tls;
    tls.level = objects::TlsLevel::Dane;
    connect_by(tls);
    auto& peer = secure_peer(with_certificate({}), {});
    expect_waits(Reason::DaneMandatoryMissing, "4.7.323");
    publish("mx.other.test", {record({2, 1, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

TEST_F(DaneTest, AuditedItTellsWhatItWouldHaveRefused)
{
    auto tls = with_dane(objects::Publication::Mandatory);
    tls.mode = objects::ConnectorMode::Audit;
    connect_by(tls);
    auto& peer = secure_peer(with_certificate({}), {});
    expect_delivered(peer, Reason::DaneMandatoryMissing, "opportunistic");
    EXPECT_THAT(log.attempts.back().policy_reasons, Contains(Reason::TlsAuditWouldRefuse));
    publish("mx.other.test", {record({3, 1, 1})});
    expect_delivered(peer, Reason::TlsAuditWouldPass, "dane");
}

TEST_F(DaneTest, NoneAsksForNothing)
{
    connect_by(with_dane(objects::Publication::None));
    auto& peer = secure_peer(with_certificate({}), {{3, 1, 1, std::string(32, 'x')}});
    expect_delivered(peer, Reason::TlsVerified, "opportunistic");
    EXPECT_THAT(resolver.tlsa_questions, IsEmpty());
}

// Specification §4.2: DANE never takes the place of a connector's checks.
TEST_F(DaneTest, AConnectorsOwnChecksCountAsWell)
{
    objects::TlsSettings tls;
    tls.level = objects::TlsLevel::VerifyName;
    connect_by(tls);
    auto& peer = secure_peer(with_certificate({.name = "leaf",
                                               .dns_names = {"mx.other.test"},
                                               .issuer = tls::PkiFixture::Issuer::Itself}),
                             {});
    publish("mx.other.test", {record({3, 1, 1})});
    expect_waits(Reason::TlsSelfSigned, "4.7.320");
    EXPECT_EQ(peer.connections, 1);
}

TEST_F(DaneTest, AConfiguredHostIsProvedByItsOwnRecords)
{
    auto& peer = secure_peer(with_certificate({}), {});
    objects::NextHopHost host;
    host.host = "mx.other.test";
    host.port = peer.port();
    next_hop_for("other.test", {host});
    publish("mx.other.test", {record({2, 0, 1})});
    expect_delivered(peer, Reason::DaneMatched, "dane");
}

}  // namespace
}  // namespace hermetic::delivery
