// Each finding once, from the facts that make it; and that what is unknown is never "no".
#include "setup/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace hermetic::setup {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;

IpAddress ip(const char* text)
{
    return *IpAddress::parse(text);
}

template <typename Answer>
Answer with_status(DnsStatus status)
{
    Answer answer;
    answer.status = status;
    if (status == DnsStatus::Failed) answer.why = "timeout";
    return answer;
}

facts::TextAnswer texts(std::vector<std::string> records)
{
    facts::TextAnswer answer;
    answer.status = DnsStatus::Found;
    answer.texts = std::move(records);
    return answer;
}

// All is as it should be; a row changes what it is about.
class SetupJudge : public testing::Test {
protected:
    SetupJudge()
    {
        expected_.hostname = "mx.example.test";
        expected_.postmaster = "postmaster@example.test";
        expected_.certificate = CertificateKind::Acme;
        expected_.now = *parse_rfc3339("2026-12-01T10:00:00Z");
        facts_.clock = ClockState::Synchronized;
        facts_.validation.state = dns::Validation::Works;
        facts_.local = {ip("127.0.0.1"), ip("203.0.113.7")};
        facts_.host.status = DnsStatus::Found;
        facts_.host.security = DnsSecurity::Secure;
        facts_.host.addresses = {ip("203.0.113.7")};
        AddressFacts address;
        address.address = ip("203.0.113.7");
        address.names.status = DnsStatus::Found;
        address.names.names = {"mx.example.test"};
        address.greeting = {Greeting::State::Greeted, "220 mx.example.test ESMTP"};
        facts_.addresses = {address};
        facts_.outbound = OutboundFacts{"mx.other.test", {Greeting::State::Greeted, "220 hello"}};
        facts_.tlsa.status = DnsStatus::Found;
        facts_.tlsa.security = DnsSecurity::Secure;
        facts_.tlsa.records = {{3, 1, 1, "\xab\xcd"}};
        domain_.name = "example.test";
        domain_.mx.status = DnsStatus::Found;
        domain_.mx.records = {{10, "mx.example.test"}};
        domain_.texts = texts({"other", "v=spf1 mx -all"});
        domain_.sts = texts({"v=STSv1; id=1"});
        domain_.policy = {true, "version: STSv1\r\nmode: enforce\r\nmx: *.example.test\r\n", ""};
        domain_.reports = texts({"v=TLSRPTv1; rua=mailto:x@example.test"});
        certificate_.dns_names = {"mx.example.test"};
        certificate_.not_before = *parse_rfc3339("2026-11-01T00:00:00Z");
        certificate_.not_after = *parse_rfc3339("2027-01-01T00:00:00Z");
        certificate_.spki_sha256 = "abcd";
        certificate_.sha256 = "ef01";
    }

    Findings all()
    {
        Findings findings = judge_machine(expected_, facts_);
        const auto add = [&](Findings more) {
            findings.insert(findings.end(), more.begin(), more.end());
        };
        add(judge_host(expected_, facts_));
        add({judge_certificate(expected_, {certificate_, ""})});
        add({judge_tlsa(expected_, facts_, certificate_)});
        add(judge_domain(expected_, facts_, domain_));
        return findings;
    }

    // The finding with this id; fails the test where there is none.
    Finding find(FindingId id)
    {
        const Findings findings = all();
        const auto found = std::find_if(findings.begin(), findings.end(),
                                        [&](const Finding& each) { return each.id == id; });
        if (found != findings.end()) return *found;
        ADD_FAILURE() << kind_of(id).id << " was not found";
        return {id, "", ""};
    }

    Expected expected_;
    NetworkFacts facts_;
    DomainFacts domain_;
    facts::CertificateFacts certificate_;
};

TEST_F(SetupJudge, NothingIsSaidAgainstAServerThatIsAsItShouldBe)
{
    for (const Finding& each : all())
        EXPECT_EQ(name(kind_of(each.id).severity), "ok") << kind_of(each.id).id << " " << each.seen;
}

TEST_F(SetupJudge, WhatWasNotAnsweredIsUnknown)
{
    facts_.host = with_status<facts::AddressAnswer>(DnsStatus::Failed);
    facts_.addresses[0].names = with_status<facts::PointerAnswer>(DnsStatus::Failed);
    facts_.tlsa = with_status<facts::TlsaAnswer>(DnsStatus::Failed);
    domain_.mx = with_status<facts::MxAnswer>(DnsStatus::Failed);
    domain_.texts = with_status<facts::TextAnswer>(DnsStatus::Failed);
    domain_.sts = domain_.texts;
    domain_.reports = domain_.texts;
    facts_.outbound->host.clear();
    facts_.clock = ClockState::Unknown;
    std::size_t unknown = 0;
    for (const Finding& each : all()) {
        EXPECT_LE(kind_of(each.id).severity, Severity::Unknown) << kind_of(each.id).id;
        if (each.id == FindingId::DnsFailed) ++unknown;
    }
    EXPECT_EQ(unknown, 8U);
    EXPECT_EQ(find(FindingId::ClockUnknown).subject, "clock");
}

TEST_F(SetupJudge, TheMachine)
{
    facts_.clock = ClockState::Alone;
    facts_.outbound = std::nullopt;
    facts_.validation.state = dns::Validation::NoAnchor;
    find(FindingId::ClockAlone);
    find(FindingId::OutboundUntried);
    find(FindingId::ResolverWeak);
    facts_.validation.state = dns::Validation::Unreachable;
    facts_.outbound = OutboundFacts{"mx.other.test", {Greeting::State::Silent, "timed out"}};
    find(FindingId::ResolverUnreachable);
    EXPECT_EQ(find(FindingId::OutboundClosed).seen, "timed out");
}

TEST_F(SetupJudge, TheHostsAddresses)
{
    facts_.local = {ip("127.0.0.1"), ip("10.0.0.2")};
    EXPECT_EQ(find(FindingId::HostElsewhere).seen, "203.0.113.7");
    expected_.addresses = {ip("203.0.113.7")};  // behind NAT, and somebody says so
    find(FindingId::HostOk);
    facts_.host.addresses = {ip("10.0.0.2")};
    find(FindingId::HostPrivate);
    facts_.host = with_status<facts::AddressAnswer>(DnsStatus::NxDomain);
    EXPECT_EQ(find(FindingId::HostMissing).expected, "mx.example.test. A 203.0.113.7");
}

TEST_F(SetupJudge, TheNamesOfAddresses)
{
    facts_.addresses[0].names.names = {"host-7.provider.test"};
    EXPECT_EQ(find(FindingId::ReverseOther).expected,
              "7.113.0.203.in-addr.arpa. PTR mx.example.test.");
    facts_.addresses[0].names = with_status<facts::PointerAnswer>(DnsStatus::NoData);
    find(FindingId::ReverseMissing);
}

TEST_F(SetupJudge, WhoAnswersAtPort25)
{
    Greeting& greeting = facts_.addresses[0].greeting;
    greeting.words = "220 mx.example.test.other.test ESMTP Postfix";
    EXPECT_EQ(find(FindingId::InboundOther).subject, "203.0.113.7:25");
    greeting = {Greeting::State::Closed, "refused"};
    find(FindingId::InboundClosed);
    greeting = {Greeting::State::Silent, "timed out"};
    find(FindingId::InboundSilent);
}

TEST_F(SetupJudge, TheCertificate)
{
    certificate_.dns_names = {"*.example.test"};
    find(FindingId::CertificateOk);
    certificate_.dns_names = {"*.test", "mx.other.test"};
    find(FindingId::CertificateName);
    certificate_.not_after = expected_.now;
    find(FindingId::CertificateTime);
    const CertificateState none{std::nullopt, "no such file"};
    EXPECT_EQ(judge_certificate(expected_, none).id, FindingId::CertificateWaiting);
    expected_.certificate = CertificateKind::Files;
    EXPECT_EQ(judge_certificate(expected_, none).id, FindingId::CertificateUnusable);
    expected_.certificate = CertificateKind::SelfSigned;
    EXPECT_EQ(judge_certificate(expected_, none).id, FindingId::CertificateSelfSigned);
}

TEST_F(SetupJudge, TheTlsaRecord)
{
    facts_.tlsa.records = {{3, 0, 1, "\xef\x01"}};
    find(FindingId::TlsaOk);
    facts_.tlsa.records = {{3, 1, 1, "\x01"}};
    EXPECT_EQ(find(FindingId::TlsaStale).expected, "_25._tcp.mx.example.test. TLSA 3 1 1 abcd");
    facts_.tlsa.records.push_back({2, 1, 1, "\x02"});
    find(FindingId::TlsaUnclear);
    facts_.tlsa.records.clear();
    facts_.tlsa.status = DnsStatus::NxDomain;
    find(FindingId::TlsaMissing);
    facts_.host.security = DnsSecurity::Insecure;
    find(FindingId::TlsaUnsigned);
}

TEST_F(SetupJudge, TheMxRecord)
{
    domain_.mx.records = {{10, "mx.other.test"}, {20, ""}};
    EXPECT_EQ(find(FindingId::MxElsewhere).seen, "10 mx.other.test., 20 .");
    domain_.mx = with_status<facts::MxAnswer>(DnsStatus::NoData);
    EXPECT_EQ(find(FindingId::MxMissing).expected, "example.test. MX 10 mx.example.test.");
}

TEST_F(SetupJudge, SpfSaysWhoMaySend)
{
    const struct {
        const char* text;
        FindingId id;
    } rows[] = {
        {"v=spf1 mx -all", FindingId::SpfOk},
        {"v=spf1 +MX ~all", FindingId::SpfOk},
        {"V=SPF1 a:mx.example.test -all", FindingId::SpfOk},
        {"v=spf1 ip4:203.0.113.0/24 -all", FindingId::SpfOk},
        {"v=spf1 +all", FindingId::SpfOk},
        {"v=spf1 -all", FindingId::SpfOther},
        {"v=spf1", FindingId::SpfOther},
        {"v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all", FindingId::SpfOther},
        {"v=spf1 -mx", FindingId::SpfOther},
        {"v=spf1 include:_spf.provider.test -all", FindingId::SpfUnclear},
        {"v=spf1 redirect=_spf.provider.test", FindingId::SpfUnclear},
        {"v=spf1 mx:other.test -all", FindingId::SpfUnclear},
    };
    for (const auto& row : rows) {
        domain_.texts = texts({row.text});
        SCOPED_TRACE(row.text);
        find(row.id);
    }
    domain_.texts = texts({"v=spf1 mx", "v=spf1 -all"});
    find(FindingId::SpfSeveral);
    domain_.texts = texts({"v=spf10 mx"});
    EXPECT_EQ(find(FindingId::SpfMissing).expected,
              "example.test. TXT \"v=spf1 a:mx.example.test -all\"");
    domain_.texts = texts({"v=spf1 mx -all"});
    domain_.mx.records = {{10, "mx.other.test"}};
    find(FindingId::SpfOther);
}

TEST_F(SetupJudge, MtaStsAndReports)
{
    domain_.policy = {true, "version: STSv1\nmode: enforce\nmx: mx.other.test\n", ""};
    EXPECT_EQ(find(FindingId::StsOther).expected, "mx: mx.example.test");
    domain_.policy.body = "mx: mx.example.test\n";  // no version
    find(FindingId::StsOther);
    domain_.policy.body = format_sts_policy("mx.example.test");
    find(FindingId::StsOk);
    domain_.policy = {false, "", "status 404"};
    EXPECT_EQ(find(FindingId::StsUnreachable).seen, "status 404");
    domain_.sts = texts({});
    EXPECT_EQ(find(FindingId::StsMissing).expected,
              "_mta-sts.example.test. TXT \"v=STSv1; id=20261201100000\"");
    domain_.reports = texts({"v=TLSRPTv2;"});
    EXPECT_EQ(find(FindingId::ReportsMissing).expected,
              "_smtp._tls.example.test. TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.test\"");
}

TEST(SetupFindings, EachHasAnIdOfItsOwnAndWhatIsNotOkAFix)
{
    std::set<std::string_view> ids;
    for (std::size_t i = 0; i < kFindingIds; ++i) {
        const FindingKind& kind = kind_of(static_cast<FindingId>(i));
        EXPECT_TRUE(ids.insert(kind.id).second) << kind.id;
        EXPECT_EQ(kind.fix.empty(), kind.severity == Severity::Ok) << kind.id;
    }
    EXPECT_EQ(worst_of({}), Severity::Ok);
    EXPECT_EQ(worst_of({{FindingId::SpfOther, "", ""}, {FindingId::MxOk, "", ""}}),
              Severity::Error);
}

}  // namespace
}  // namespace hermetic::setup
