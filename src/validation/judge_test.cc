#include "validation/judge.h"

#include <gtest/gtest.h>

namespace hermetic::validation {
namespace {

using facts::ChainVerdict;
using facts::TlsVersion;
using policy::TlsLevel;
using End = Seen::End;

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

HostFindings host_of(const std::string& name)
{
    HostFindings host;
    host.host.name = name;
    host.domain = "example.org";
    return host;
}

facts::TlsEvidence evidence(ChainVerdict::State state, std::vector<std::string> names)
{
    facts::TlsEvidence evidence;
    evidence.version = TlsVersion::Tls13;
    evidence.verdict.state = state;
    evidence.chain.resize(1);
    evidence.chain[0].dns_names = std::move(names);
    return evidence;
}

AddressFindings in_tls(facts::TlsEvidence shown)
{
    AddressFindings address;
    address.seen.end = End::Ready;
    address.seen.offered = smtp::Capabilities{};
    address.evidence = shown;
    address.seen.tls = std::move(shown);
    return address;
}

AddressFindings ended(End end)
{
    AddressFindings address;
    address.seen.end = end;
    address.seen.offered = smtp::Capabilities{};
    if (end == End::HandshakeFailed) address.seen.failure = facts::TlsFailure{};
    return address;
}

// "none+ opportunistic~ encrypt-(id) …": + passes, ~ passes in clear, - fails.
std::string judged(const HostFindings& host, const AddressFindings& address)
{
    std::string text;
    for (const LevelVerdict& each : judge_levels(host, address, kNow)) {
        text +=
            std::string{policy::name(each.level)} + (each.passes ? each.in_clear ? "~" : "+" : "-");
        if (!each.passes) text += "(" + std::string{facts::name(each.reason)} + ")";
        text += ' ';
    }
    return text;
}

TEST(Levels, AGoodCertificatePassesAllButDane)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Verified, {"mx.example.org"}));
    EXPECT_EQ(judged(host_of("mx.example.org"), address),
              "none~ opportunistic+ encrypt+ verify_ca+ verify_name+ "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AForeignNameFailsVerifyName)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Verified, {"mx.elsewhere.test"}));
    EXPECT_EQ(judged(host_of("mx.example.org"), address),
              "none~ opportunistic+ encrypt+ verify_ca+ verify_name-(tls.name-mismatch) "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AnUnknownAuthorityFailsFromVerifyCaUp)
{
    const auto address = in_tls(evidence(ChainVerdict::State::Failed, {"mx.example.org"}));
    EXPECT_EQ(judged(host_of("mx.example.org"), address),
              "none~ opportunistic+ encrypt+ verify_ca-(tls.chain-not-verified) "
              "verify_name-(tls.chain-not-verified) dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, WithoutStarttlsOnlyClearTextIsLeft)
{
    EXPECT_EQ(judged(host_of("mx.example.org"), ended(End::NotOffered)),
              "none~ opportunistic~ encrypt-(starttls.not-offered) "
              "verify_ca-(starttls.not-offered) verify_name-(starttls.not-offered) "
              "dane-(dane.mandatory-insecure-mx) ");
}

TEST(Levels, AnOldVersionIsNamedAsTheCause)
{
    auto address = ended(End::HandshakeFailed);
    auto shown = evidence(ChainVerdict::State::Verified, {"mx.example.org"});
    shown.version = TlsVersion::Tls10;
    address.evidence = shown;  // of the version alone
    EXPECT_EQ(judged(host_of("mx.example.org"), address),
              "none~ opportunistic~ encrypt-(tls.version-below-floor) "
              "verify_ca-(tls.version-below-floor) verify_name-(tls.version-below-floor) "
              "dane-(dane.mandatory-insecure-mx) ");
}

// As delivery does: records that are there raise every level.
TEST(Levels, EveryLevelHeedsDane)
{
    auto host = host_of("mx.example.org");
    host.mx_security = facts::DnsSecurity::Secure;
    host.tlsa_status = policy::TlsaStatus::Usable;
    auto set = std::make_shared<policy::TlsaSet>();
    set->base = "mx.example.org";
    set->records.push_back({3, 1, 1, std::string(32, 'x')});
    host.tlsa = set;
    auto shown = evidence(ChainVerdict::State::Failed, {});
    shown.tlsa = facts::TlsaVerdict::Matched;
    EXPECT_EQ(judged(host, in_tls(shown)),
              "none~ opportunistic+ encrypt+ verify_ca-(tls.chain-not-verified) "
              "verify_name-(tls.chain-not-verified) dane+ ");
    shown.tlsa = facts::TlsaVerdict::Mismatch;
    EXPECT_EQ(judged(host, in_tls(shown)),
              "none~ opportunistic-(dane.tlsa-mismatch) encrypt-(dane.tlsa-mismatch) "
              "verify_ca-(dane.tlsa-mismatch) verify_name-(dane.tlsa-mismatch) "
              "dane-(dane.tlsa-mismatch) ");
}

TEST(Levels, AFailedTlsaLookupFailsThemAll)
{
    auto host = host_of("mx.example.org");
    host.mx_security = facts::DnsSecurity::Secure;
    host.tlsa_status = policy::TlsaStatus::Failed;
    const auto text =
        judged(host, in_tls(evidence(ChainVerdict::State::Verified, {"mx.example.org"})));
    EXPECT_EQ(text,
              "none~ opportunistic-(dane.lookup-failed) encrypt-(dane.lookup-failed) "
              "verify_ca-(dane.lookup-failed) verify_name-(dane.lookup-failed) "
              "dane-(dane.lookup-failed) ");
}

}  // namespace
}  // namespace hermetic::validation
