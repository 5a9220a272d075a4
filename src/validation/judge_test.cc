#include "validation/judge.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::validation {
namespace {

using facts::ChainVerdict;
using facts::TlsVersion;
using policy::TlsLevel;
using End = policy::ConnectionFacts::End;
using facts::Reason;
using facts::Stage;
using Record = std::vector<RecordedConnection>;

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

facts::TlsEvidence evidence(ChainVerdict::State state, std::vector<std::string> names)
{
    facts::TlsEvidence evidence;
    evidence.version = TlsVersion::Tls13;
    evidence.verdict.state = state;
    evidence.chain.resize(1);
    evidence.chain[0].dns_names = std::move(names);
    return evidence;
}

policy::ConnectionFacts in_tls(facts::TlsEvidence shown)
{
    policy::ConnectionFacts facts;
    facts.end = End::Ready;
    facts.tls = std::move(shown);
    return facts;
}

policy::ConnectionFacts ended(End end, Stage stage = Stage::Handshake,
                              Reason reason = Reason::HandshakeClosed)
{
    policy::ConnectionFacts facts;
    facts.end = end;
    if (end == End::HandshakeFailed) {
        facts.failure = facts::TlsFailure{};
        facts.failure->kind = facts::TlsFailure::Kind::Alert;
        facts.failure->alert = 42;  // bad_certificate: no other step of the ladder helps
    }
    if (end != End::Ready && end != End::NotOffered) {
        facts.outcome = facts::Outcome{};
        facts.outcome->stage = stage;
        facts.outcome->reason = reason;
        facts.outcome->result = facts::OutcomeClass::Deferred;
    }
    return facts;
}

struct Published {
    facts::DnsSecurity mx = facts::DnsSecurity::Insecure;
    policy::TlsaStatus tlsa_status = policy::TlsaStatus::NotAsked;
    std::shared_ptr<policy::TlsaSet> tlsa{};
};

// The first handshake is this one, and clear text works. "none~ opportunistic~ encrypt-(id) …": +
// goes, ~ goes in clear, - waits, ! returns.
std::string judged(const policy::ConnectionFacts& first, const Published& published = {},
                   TlsVersion floor = TlsVersion::Tls12)
{
    objects::Organization organization;
    organization.min_tls = floor;
    policy::ConnectionFacts clear;
    clear.end = End::Ready;
    policy::TlsPolicy everything;
    everything.min = floor;
    const Record record{{std::nullopt, clear},
                        {*policy::plan_step(everything, policy::StepKind::Everything), first}};
    LevelQuestion question{organization,
                           {},
                           {},
                           published.tlsa_status,
                           published.tlsa,
                           {},
                           [](const auto&) { return policy::HopCredentials{}; },
                           kNow};
    question.host.hop.host = question.host.label = "mx.example.org";
    question.host.hop.domain = "example.org";
    question.host.hop.mx_security = published.mx;
    question.address.endpoint = {IpAddress::v4({192, 0, 2, 1}), 25};
    std::string text;
    for (const auto level : {TlsLevel::None, TlsLevel::Opportunistic, TlsLevel::Encrypt,
                             TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
        const auto answer = judge_level(question, level, record);
        text += policy::name(level);
        if (!answer.verdict) {
            text += "? ";
            continue;
        }
        const auto& verdict = *answer.verdict;
        const bool goes = verdict.fate == Fate::Goes;
        text += goes ? verdict.in_clear ? "~" : "+" : verdict.fate == Fate::Waits ? "-" : "!";
        if (!goes) text += "(" + std::string{facts::name(verdict.reason)} + ")";
        text += ' ';
    }
    return text;
}

TEST(Levels, AGoodCertificatePassesAllButDane)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Verified, {"mx.example.org"}));
    EXPECT_EQ(judged(address),
              "none~ opportunistic+ encrypt+ verify_ca+ verify_name+ "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AForeignNameFailsVerifyName)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Verified, {"mx.elsewhere.test"}));
    EXPECT_EQ(judged(address),
              "none~ opportunistic+ encrypt+ verify_ca+ verify_name-(tls.name-mismatch) "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AnUnknownAuthorityFailsFromVerifyCaUp)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Failed, {"mx.example.org"}));
    EXPECT_EQ(judged(address),
              "none~ opportunistic+ encrypt+ verify_ca-(tls.chain-not-verified) "
              "verify_name-(tls.chain-not-verified) dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, WithoutStarttlsOnlyClearTextIsLeft)
{
    EXPECT_EQ(judged(ended(End::NotOffered)),
              "none~ opportunistic~ encrypt-(starttls.not-offered) "
              "verify_ca-(starttls.not-offered) verify_name-(starttls.not-offered) "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AfterAFailedHandshakeOnlyOpportunisticGoesOnInClear)
{
    EXPECT_EQ(judged(ended(End::HandshakeFailed)),
              "none~ opportunistic~ encrypt-(ladder.handshake-failed) "
              "verify_ca-(ladder.handshake-failed) verify_name-(ladder.handshake-failed) "
              "dane-(dane.mandatory-insecure-mx) ");
}

// Specification §4.3: only a failed handshake may lead to clear text.
TEST(Levels, ASessionThatBreaksBehindItsHandshakeNeverGoesOnInClear)
{
    auto broken = ended(End::Failed, Stage::Ehlo, Reason::ConnectionClosed);
    broken.tls = evidence(ChainVerdict::State::Verified, {"mx.example.org"});
    EXPECT_EQ(judged(broken),
              "none~ opportunistic-(connection.closed) encrypt-(connection.closed) "
              "verify_ca-(connection.closed) verify_name-(connection.closed) "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, WhatIsNotOnRecordIsAskedFor)
{
    auto intolerant = ended(End::HandshakeFailed);
    intolerant.failure->alert = 40;
    EXPECT_EQ(judged(intolerant),
              "none~ opportunistic? encrypt? verify_ca? verify_name? "
              "dane-(dane.mandatory-insecure-mx) ");
}

// As delivery does: records that are there raise every level.
TEST(Levels, EveryLevelHeedsDane)
{
    Published published{facts::DnsSecurity::Secure, policy::TlsaStatus::Usable,
                        std::make_shared<policy::TlsaSet>()};
    published.tlsa->base = "mx.example.org";
    published.tlsa->records.push_back({3, 1, 1, std::string(32, 'x')});
    auto shown = evidence(ChainVerdict::State::Failed, {});
    shown.tlsa = facts::TlsaVerdict::Matched;
    EXPECT_EQ(judged(in_tls(shown), published),
              "none~ opportunistic+ encrypt+ verify_ca-(tls.chain-not-verified) "
              "verify_name-(tls.chain-not-verified) dane+ ");
    shown.tlsa = facts::TlsaVerdict::Mismatch;
    EXPECT_EQ(judged(in_tls(shown), published),
              "none~ opportunistic-(dane.tlsa-mismatch) encrypt-(dane.tlsa-mismatch) "
              "verify_ca-(dane.tlsa-mismatch) verify_name-(dane.tlsa-mismatch) "
              "dane-(dane.tlsa-mismatch) ");
}

TEST(Levels, AFailedTlsaLookupFailsThemAll)
{
    const auto text = judged(in_tls(evidence(ChainVerdict::State::Verified, {"mx.example.org"})),
                             {facts::DnsSecurity::Secure, policy::TlsaStatus::Failed});
    EXPECT_EQ(text,
              "none~ opportunistic-(dane.lookup-failed) encrypt-(dane.lookup-failed) "
              "verify_ca-(dane.lookup-failed) verify_name-(dane.lookup-failed) "
              "dane-(dane.lookup-failed) ");
}

}  // namespace
}  // namespace hermetic::validation
