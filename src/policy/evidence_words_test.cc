#include "policy/evidence_words.h"

#include "facts/reasons.h"
#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

using facts::ChainFault;
using facts::ChainVerdict;
using facts::TlsaVerdict;

facts::TlsEvidence evidence()
{
    facts::TlsEvidence shown;
    shown.version = TlsVersion::Tls12;
    shown.sni = "mx.example.net";
    facts::CertificateFacts leaf;
    leaf.subject = "CN=mail.example.com";
    leaf.dns_names = {"mail.example.com", "example.com"};
    leaf.spki_sha256 = "ab12";
    leaf.not_before = *parse_rfc3339("2026-01-01T00:00:00Z");
    leaf.not_after = *parse_rfc3339("2026-05-01T12:00:00Z");
    shown.chain = {leaf};
    return shown;
}

facts::TlsEvidence failed(ChainFault fault)
{
    auto shown = evidence();
    shown.verdict.state = ChainVerdict::State::Failed;
    shown.verdict.error = "OpenSSL's words";
    shown.verdict.fault = fault;
    shown.verdict.subject = "CN=mail.example.com";
    shown.verdict.issuer = "CN=Some CA";
    shown.verdict.not_before = shown.chain[0].not_before;
    shown.verdict.not_after = shown.chain[0].not_after;
    return shown;
}

std::string told(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    return describe_finding(judge_evidence(policy, evidence).reason, policy, evidence, kNow);
}

TEST(EvidenceWords, NameTheCauseAndWhatWasSeen)
{
    const auto ca = policy(TlsLevel::VerifyCa);
    const struct {
        ChainFault fault;
        Reason reason;
        std::string_view words;
    } rows[] = {
        {ChainFault::Expired, Reason::TlsCertificateExpired,
         "the certificate has expired: CN=mail.example.com expired on 2026-05-01T12:00:00.000Z"},
        {ChainFault::NotYetValid, Reason::TlsCertificateNotYetValid,
         "the certificate is not valid yet: CN=mail.example.com is valid from "
         "2026-01-01T00:00:00.000Z on"},
        {ChainFault::UnknownCa, Reason::TlsUnknownCa,
         "the certificate was issued by a CA that is not trusted here: CN=mail.example.com is "
         "issued by "
         "CN=Some CA"},
        {ChainFault::SelfSigned, Reason::TlsSelfSigned,
         "the certificate is self-signed: CN=mail.example.com"},
        {ChainFault::IncompleteChain, Reason::TlsIncompleteChain,
         "the server does not send the CA certificates between its own and a trusted one: "
         "CN=mail.example.com is issued by CN=Some CA"},
        {ChainFault::Revoked, Reason::TlsRevoked,
         "the certificate has been revoked: CN=mail.example.com"},
        {ChainFault::StapleMissing, Reason::TlsStapleMissing,
         "the certificate demands a stapled OCSP response, and no valid one was sent"},
        {ChainFault::WeakKey, Reason::TlsWeakKey,
         "a key of the certificate's chain is too weak: CN=mail.example.com"},
        {ChainFault::WeakSignature, Reason::TlsWeakCertificateSignature,
         "a signature of the certificate's chain is too weak: CN=mail.example.com"},
        {ChainFault::WrongPurpose, Reason::TlsWrongPurpose,
         "the certificate was not issued for this use: CN=mail.example.com"},
        {ChainFault::Other, Reason::TlsChainNotVerified,
         "the certificate's chain does not verify: OpenSSL's words"},
    };
    for (const auto& row : rows) {
        const auto shown = failed(row.fault);
        EXPECT_EQ(judge_evidence(ca, shown).reason, row.reason);
        EXPECT_EQ(told(ca, shown), row.words);
        EXPECT_EQ(judge_certificate(shown), row.reason) << "recorded where nothing is asked";
    }
}

TEST(EvidenceWords, NoCertificateIsACauseToo)
{
    facts::TlsEvidence none;
    none.version = TlsVersion::Tls13;
    none.verdict.state = ChainVerdict::State::NoCertificate;
    EXPECT_EQ(told(policy(TlsLevel::VerifyCa), none), "the server showed no certificate");
}

TEST(EvidenceWords, SayWhichNamesWerePresentedAndWhichAreAskedFor)
{
    auto shown = evidence();
    shown.verdict.state = ChainVerdict::State::Verified;
    const auto named = policy(TlsLevel::VerifyName, TlsVersion::Tls12,
                              {tls_name("mx.example.net"), tls_name("*.example.net")});
    EXPECT_EQ(told(named, shown),
              "the certificate does not have the expected name: presented: mail.example.com, "
              "example.com; expected: mx.example.net, *.example.net");
    EXPECT_TRUE(
        told(named_by_domain(), shown).ends_with("expected: example.org or a name below it"));
    EXPECT_TRUE(told(policy(TlsLevel::Opportunistic), shown).ends_with("expected: mx.example.net"));
    TlsPolicy sts = policy(TlsLevel::VerifyName);
    sts.chain = false;
    sts.sts_name = tls_name("mx.example.org");
    EXPECT_EQ(judge_evidence(sts, shown).reason, Reason::StsNameMismatch);
    EXPECT_TRUE(told(sts, shown).ends_with("expected: mx.example.org"));
    shown.chain[0].dns_names.assign(12, "a.example");
    EXPECT_NE(told(named, shown).find("a.example and 2 more; expected"), std::string::npos);
    shown.chain[0].dns_names.clear();
    EXPECT_NE(told(named, shown).find("presented: none;"), std::string::npos);
}

TEST(EvidenceWords, OfTlsaRecords)
{
    TlsPolicy dane;
    dane.level = TlsLevel::Dane;
    dane.tlsa = tlsa();
    auto shown = evidence();
    shown.tlsa = TlsaVerdict::Expired;
    EXPECT_TRUE(
        told(dane, shown).ends_with(": CN=mail.example.com expired on 2026-05-01T12:00:00.000Z"));
    shown.tlsa = TlsaVerdict::HostMismatch;
    EXPECT_TRUE(told(dane, shown).ends_with("expected: mx.example.net"));
}

TEST(EvidenceWords, OfKeysAndVersions)
{
    const auto pinned = policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"cd"});
    EXPECT_EQ(told(pinned, evidence()), "the key matches no pin: presented: ab12");
    EXPECT_EQ(told(policy(TlsLevel::Encrypt, TlsVersion::Tls13), evidence()),
              "the server accepted only versions of TLS below the minimum: TLSv1.2 where TLSv1.3 "
              "is required");
}

// The connector's own CAs verify, the system's, which MTA-STS asks for, do not: those are told of.
TEST(EvidenceWords, AreOfTheVerdictThatFailed)
{
    auto shown = failed(ChainFault::None);
    shown.verdict = {};
    shown.verdict.state = ChainVerdict::State::Verified;
    shown.system_verdict = failed(ChainFault::UnknownCa).verdict;
    TlsPolicy both = policy(TlsLevel::VerifyCa);
    both.ca = "/etc/bank-ca.pem";
    both.sts_name = tls_name("mail.example.com");
    EXPECT_EQ(judge_evidence(both, shown).reason, Reason::TlsUnknownCa);
    EXPECT_TRUE(told(both, shown).ends_with("is issued by CN=Some CA"));
}

}  // namespace
}  // namespace hermetic::policy
