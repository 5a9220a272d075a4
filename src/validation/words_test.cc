#include "validation/words.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::validation {
namespace {

using facts::TlsVersion;
using End = Seen::End;
using facts::Reason;

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

VersionTry tried(TlsVersion version, bool accepted)
{
    VersionTry each;
    each.version = version;
    each.accepted = accepted;
    if (accepted) each.cipher = "CIPHER";
    if (!accepted) each.why = "no";
    return each;
}

std::vector<VersionTry> versions(bool tls13, bool tls12, bool tls10)
{
    return {tried(TlsVersion::Tls13, tls13), tried(TlsVersion::Tls12, tls12),
            tried(TlsVersion::Tls10, tls10)};
}

facts::TlsEvidence evidence(int days_left)
{
    facts::TlsEvidence evidence;
    evidence.version = TlsVersion::Tls13;
    evidence.cipher = "TLS_AES_256_GCM_SHA384";
    evidence.group = "X25519";
    evidence.verdict.state = facts::ChainVerdict::State::Verified;
    evidence.name_matches = true;
    evidence.chain.resize(2);
    auto& leaf = evidence.chain.front();
    leaf.subject = "CN=mx.example.org";
    leaf.issuer = "CN=Some CA";
    leaf.dns_names = {"mx.example.org"};
    leaf.not_after = kNow + std::chrono::days{days_left};
    leaf.key_type = "EC P-256";
    leaf.signature_algorithm = "ecdsa-with-SHA256";
    leaf.spki_sha256 = std::string(64, 'a');
    return evidence;
}

TEST(Words, VersionsAreFineWithoutOldOnes)
{
    EXPECT_EQ(say_versions(versions(true, true, false), TlsVersion::Tls12).state, State::Ok);
    const auto old = say_versions(versions(true, true, true), TlsVersion::Tls12);
    EXPECT_EQ(old.state, State::Warning);
    EXPECT_NE(old.fix, "");
    const auto only_old = say_versions(versions(false, false, true), TlsVersion::Tls12);
    EXPECT_EQ(only_old.state, State::Failed);
    EXPECT_EQ(only_old.reason, Reason::TlsVersionBelowFloor);
    EXPECT_EQ(only_old.seen, "TLSv1.3 no (no)\nTLSv1.2 no (no)\nTLSv1.0 yes (CIPHER)");
    const auto none = say_versions(versions(false, false, false), TlsVersion::Tls12);
    EXPECT_EQ(none.reason, Reason::LadderHandshakeFailed);
}

TEST(Words, ACertificateIsToldWhole)
{
    const auto step = say_certificate(evidence(100), kNow);
    EXPECT_EQ(step.state, State::Ok);
    EXPECT_EQ(step.seen,
              "CN=mx.example.org; names mx.example.org\n"
              "issued by CN=Some CA; chain of 2\n"
              "valid until 2027-03-01T12:00:00.000Z (100 days); EC P-256, ecdsa-with-SHA256\n"
              "key pin aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
              "verified and names the host");
}

TEST(Words, WhatIsWrongWithACertificateHasAFix)
{
    auto shown = evidence(100);
    shown.name_matches = false;
    EXPECT_EQ(say_certificate(shown, kNow).reason, Reason::TlsNameMismatch);
    const auto mismatch = say_certificate(shown, kNow);
    EXPECT_NE(mismatch.fix.find("if the partner confirms"), std::string::npos) << mismatch.fix;
    shown.verdict.state = facts::ChainVerdict::State::Failed;
    shown.verdict.fault = facts::ChainFault::Expired;
    shown.verdict.subject = "CN=mx.example.org";
    shown.verdict.not_after = kNow - std::chrono::days{1};
    const auto expired = say_certificate(shown, kNow);
    EXPECT_EQ(expired.reason, Reason::TlsCertificateExpired);
    EXPECT_NE(expired.seen.find("CN=mx.example.org expired on 2026-11-20T12:00:00"),
              std::string::npos);
    EXPECT_NE(expired.fix.find("renew"), std::string::npos);
    EXPECT_EQ(say_certificate(evidence(3), kNow).reason, Reason::CertificateExpiring);
    shown.chain.clear();
    EXPECT_EQ(say_certificate(shown, kNow).state, State::Warning);
    for (const auto& step : {expired, say_certificate(evidence(3), kNow)}) {
        EXPECT_EQ(step.state, State::Warning);
        EXPECT_NE(step.fix, "");
    }
}

// As the policy does: a smart host by address has no name of its own.
TEST(Words, TheConnectorsNamesStandForTheHosts)
{
    auto shown = evidence(100);
    shown.name_matches = false;
    const auto passes = say_certificate(shown, kNow, {*policy::TlsName::parse("mx.example.org")});
    EXPECT_EQ(passes.state, State::Ok);
    EXPECT_EQ(passes.reason, Reason::TlsVerified);
    EXPECT_TRUE(passes.seen.ends_with("verified and has one of the connector's tls_names"))
        << passes.seen;
    shown.name_matches = true;
    const auto fails = say_certificate(shown, kNow, {*policy::TlsName::parse("mx.bank.test")});
    EXPECT_EQ(fails.reason, Reason::TlsNameMismatch);
    EXPECT_TRUE(fails.seen.ends_with("expected: mx.bank.test")) << fails.seen;
}

TEST(Words, AConnectionIsToldAsFarAsItCame)
{
    Seen seen;
    seen.outcome = facts::Outcome{};
    seen.outcome->reason = Reason::ConnectRefused;
    auto steps = say_seen(seen);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].id, StepId::Connect);
    EXPECT_EQ(steps[0].state, State::Failed);
    EXPECT_NE(steps[0].fix, "");

    seen.stage = facts::Stage::Ehlo;
    seen.greeting = "mx ESMTP";
    steps = say_seen(seen);
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps[1].seen, "\"mx ESMTP\"");
    EXPECT_EQ(steps[2].id, StepId::Ehlo);

    seen.offered = smtp::Capabilities{};
    seen.end = End::NotOffered;
    seen.outcome.reset();
    steps = say_seen(seen);
    ASSERT_EQ(steps.size(), 4U);
    EXPECT_EQ(steps[2].seen, "no extension");
    EXPECT_EQ(steps[3].reason, Reason::StarttlsNotOffered);

    seen.end = End::Ready;
    seen.tls = evidence(100);
    seen.injected = true;
    steps = say_seen(seen);
    EXPECT_EQ(steps[3].state, State::Warning);
    EXPECT_EQ(steps[3].reason, Reason::StarttlsInjected);
}

TEST(Words, AFlowSaysWhetherMailWouldGo)
{
    Flow flow;
    flow.reason = Reason::TlsNameMismatch;
    flow.words = "the wrong name";
    EXPECT_EQ(say_flow(flow).seen, "mail would wait: the wrong name");
    flow.fate = Fate::Returns;
    EXPECT_EQ(say_flow(flow).seen, "mail would be returned to its sender: the wrong name");
    EXPECT_EQ(say_flow(flow).state, State::Failed);
    flow.fate = Fate::Goes;
    EXPECT_EQ(say_flow(flow).state, State::Ok);
    flow.in_clear = true;
    EXPECT_EQ(say_flow(flow).state, State::Warning);
}

TEST(Words, ThePeersTextIsPrintable)
{
    facts::Outcome outcome;
    outcome.origin = facts::Origin::Remote;
    outcome.code = 554;
    outcome.text = "go\x1b[2J\naway\\ \"now\"";
    const auto step = say_failure(StepId::Greeting, outcome, Proof::None);
    EXPECT_EQ(step.seen,
              "the server replied \"554 go\\x1B[2J away\\\\ \\\"now\\\"\" in clear text: nothing "
              "proves that the reply is its own");
    EXPECT_NE(say_outcome(outcome, Proof::Unproved).find("nothing proves its identity"),
              std::string::npos);
}

}  // namespace
}  // namespace hermetic::validation
