#include "dns/answer.h"

#include <gtest/gtest.h>

namespace hermetic::dns {
namespace {

using namespace std::string_literals;
using facts::DnsSecurity;
using facts::DnsStatus;

RawAnswer found(std::vector<std::string> data)
{
    RawAnswer raw;
    raw.have_data = true;
    raw.data = std::move(data);
    raw.time_to_live = std::chrono::seconds{60};
    return raw;
}

RawAnswer secure(RawAnswer raw)
{
    raw.secure = true;
    return raw;
}

RawAnswer failed(int rcode = 2)
{
    RawAnswer raw;
    raw.rcode = rcode;
    return raw;
}

RawAnswer bogus()
{
    RawAnswer raw = failed();
    raw.bogus = true;
    raw.why_bogus = "no signatures";
    return raw;
}

TEST(WireName, ReadsHostNamesAndTheRootAndNothingElse)
{
    const std::pair<std::string, std::optional<std::string>> rows[] = {
        {"\0"s, ""},
        {"\2mx\7example\3org\0"s, "mx.example.org"},
        {"\2MX\7Example\3ORG\0"s, "mx.example.org"},
        {"\4_foo\3bar\0"s, "_foo.bar"},
        {""s, std::nullopt},
        {"\2mx"s, std::nullopt},
        {"\2m"s, std::nullopt},
        {"\2mx\0extra"s, std::nullopt},
        {"\xc0\x0c"s, std::nullopt},
        {"\3a.b\0"s, std::nullopt},
        {"\3a b\0"s, std::nullopt},
        {"\3a\0b\0"s, std::nullopt},
        {"\1\xff\0"s, std::nullopt},
        {std::string(300, '\1'), std::nullopt},
    };
    for (const auto& [wire, name] : rows) EXPECT_EQ(parse_wire_name(wire), name);
}

TEST(MxAnswer, KeepsPreferencesAndTheNullMx)
{
    const auto answer =
        mx_answer("Example.org", secure(found({"\0\12\2mx\7example\3org\0"s, "\1\0\0"s})));
    EXPECT_EQ(answer.status, DnsStatus::Found);
    EXPECT_EQ(answer.security, DnsSecurity::Secure);
    EXPECT_EQ(answer.canonical_name, "example.org");
    ASSERT_EQ(answer.records.size(), 2U);
    EXPECT_EQ(answer.records[0].preference, 10);
    EXPECT_EQ(answer.records[0].exchange, "mx.example.org");
    EXPECT_EQ(answer.records[1].preference, 256);
    EXPECT_EQ(answer.records[1].exchange, "");
}

TEST(MxAnswer, RecordsThatCannotBeReadAreUnknownNotAbsent)
{
    const auto answer = mx_answer("example.org", found({"\0"s, "\0\12\2mx"s}));
    EXPECT_EQ(answer.status, DnsStatus::Failed);
    EXPECT_FALSE(answer.why.empty());
    EXPECT_EQ(mx_answer("example.org", found({"\0"s, "\0\1\0"s})).records.size(), 1U);
}

TEST(MxAnswer, TellsEveryKindOfNothingApart)
{
    RawAnswer nothing;
    EXPECT_EQ(mx_answer("a.test", nothing).status, DnsStatus::NoData);
    nothing.nxdomain = true;
    EXPECT_EQ(mx_answer("a.test", nothing).status, DnsStatus::NxDomain);
    EXPECT_EQ(mx_answer("a.test", failed(3)).status, DnsStatus::NxDomain);
    EXPECT_EQ(mx_answer("a.test", failed()).status, DnsStatus::Failed);
    EXPECT_EQ(mx_answer("a.test", failed()).why, "MX: SERVFAIL");
    EXPECT_EQ(mx_answer("a.test", failed(5)).why, "MX: REFUSED");
    const auto lie = mx_answer("a.test", bogus());
    EXPECT_EQ(lie.status, DnsStatus::Failed);
    EXPECT_EQ(lie.security, DnsSecurity::Bogus);
    EXPECT_EQ(lie.why, "MX: bogus (DNSSEC: no signatures)");
    RawAnswer late;
    late.trouble = "timeout";
    EXPECT_EQ(mx_answer("a.test", late).why, "MX: timeout");
}

TEST(MxAnswer, LeavesNoneOutForTheirNumber)
{
    EXPECT_EQ(mx_answer("a.test", found(std::vector(2000, "\0\1\2mx\0"s))).records.size(), 2000U);
}

TEST(Answer, SaysWhichQuestionFailed)
{
    EXPECT_EQ(tlsa_answer("a.test", bogus()).why, "TLSA: bogus (DNSSEC: no signatures)");
    EXPECT_EQ(tlsa_answer("a.test", found({"\3"s})).why, "TLSA: the records cannot be read");
    EXPECT_EQ(alias_answer("a.test", failed()).why, "CNAME: SERVFAIL");
    EXPECT_EQ(text_answer("a.test", failed()).why, "TXT: SERVFAIL");
    EXPECT_EQ(pointer_answer("a.test", failed()).why, "PTR: SERVFAIL");
    const RawAnswer v4 = found({"\300\0\2\1"s});
    EXPECT_EQ(address_answer("a.test", failed(), failed(5)).why, "A: SERVFAIL; AAAA: REFUSED");
    EXPECT_EQ(address_answer("a.test", v4, bogus()).why, "AAAA: bogus (DNSSEC: no signatures)");
    EXPECT_EQ(address_answer("a.test", secure(v4), failed()).why, "AAAA: SERVFAIL");
}

// RFC 5321 §5.1: its addresses are used, and it is known that there may be more.
TEST(AddressAnswer, SaysThatOneFamilyIsMissing)
{
    const RawAnswer v4 = found({"\300\0\2\1"s});
    const RawAnswer v6 = found({std::string(16, '\1')});
    EXPECT_EQ(address_answer("a.test", v4, failed()).missing, "AAAA: SERVFAIL");
    EXPECT_EQ(address_answer("a.test", v4, failed()).addresses.size(), 1U);
    EXPECT_EQ(address_answer("a.test", failed(5), v6).missing, "A: REFUSED");
    EXPECT_EQ(address_answer("a.test", v4, v6).missing, "");
    EXPECT_EQ(address_answer("a.test", v4, RawAnswer{}).missing, "");
}

struct AddressRow {
    const char* name;
    RawAnswer a;
    RawAnswer aaaa;
    DnsStatus status;
    DnsSecurity security;
    std::size_t addresses;
};

TEST(AddressAnswer, CombinesBothFamilies)
{
    const RawAnswer v4 = found({"\300\0\2\1"s});
    const RawAnswer v6 = found({std::string(16, '\1')});
    RawAnswer none;
    RawAnswer gone;
    gone.nxdomain = true;
    const AddressRow rows[] = {
        {"both", v4, v6, DnsStatus::Found, DnsSecurity::Insecure, 2},
        {"both secure", secure(v4), secure(v6), DnsStatus::Found, DnsSecurity::Secure, 2},
        {"one secure", secure(v4), v6, DnsStatus::Found, DnsSecurity::Insecure, 2},
        {"only v4", v4, none, DnsStatus::Found, DnsSecurity::Insecure, 1},
        {"only v6", none, v6, DnsStatus::Found, DnsSecurity::Insecure, 1},
        {"secure v4, securely no v6", secure(v4), secure(none), DnsStatus::Found,
         DnsSecurity::Secure, 1},
        {"neither", secure(none), secure(none), DnsStatus::NoData, DnsSecurity::Secure, 0},
        {"no such name", gone, gone, DnsStatus::NxDomain, DnsSecurity::Insecure, 0},
        {"insecure v4, v6 fails", v4, failed(), DnsStatus::Found, DnsSecurity::Insecure, 1},
        {"secure v4, v6 fails: DANE would be lifted", secure(v4), failed(), DnsStatus::Failed,
         DnsSecurity::Insecure, 0},
        {"v4 fails, secure v6", failed(), secure(v6), DnsStatus::Failed, DnsSecurity::Insecure, 0},
        {"v6 is bogus", v4, bogus(), DnsStatus::Failed, DnsSecurity::Bogus, 0},
        {"v4 is bogus", bogus(), v6, DnsStatus::Failed, DnsSecurity::Bogus, 0},
        {"both fail", failed(), failed(), DnsStatus::Failed, DnsSecurity::Insecure, 0},
        {"one fails, the other has none", failed(), none, DnsStatus::Failed, DnsSecurity::Insecure,
         0},
        {"of a wrong length", found({"\1\2\3"s}), none, DnsStatus::Failed, DnsSecurity::Insecure,
         0},
    };
    for (const AddressRow& row : rows) {
        SCOPED_TRACE(row.name);
        const auto answer = address_answer("mx.test", row.a, row.aaaa);
        EXPECT_EQ(answer.status, row.status);
        EXPECT_EQ(answer.security, row.security);
        EXPECT_EQ(answer.addresses.size(), row.addresses);
        EXPECT_EQ(answer.why.empty(), row.status != DnsStatus::Failed);
    }
    EXPECT_EQ(address_answer("mx.test", v4, none).addresses[0].format(), "192.0.2.1");
}

TEST(TlsaAnswer, ReadsItsFieldsAndSkipsWhatIsTooShort)
{
    const auto answer = tlsa_answer("_25._tcp.mx.test", found({"\3\1\1abc"s, "\3\1"s}));
    ASSERT_EQ(answer.records.size(), 1U);
    EXPECT_EQ(answer.records[0].usage, 3);
    EXPECT_EQ(answer.records[0].selector, 1);
    EXPECT_EQ(answer.records[0].matching, 1);
    EXPECT_EQ(answer.records[0].data, "abc");
    EXPECT_EQ(tlsa_answer("a", found({"\3\1"s})).status, DnsStatus::Failed);
    EXPECT_EQ(tlsa_answer("a", found({"\3\1\1"s})).records.size(), 1U) << "of no use, but there";
}

TEST(TextAnswer, JoinsTheStringsOfARecord)
{
    const auto answer =
        text_answer("example.org", found({"\5v=spf\4 -al"s, "\0"s, "\11cut short"s.substr(0, 4)}));
    EXPECT_EQ(answer.status, DnsStatus::Found);
    EXPECT_EQ(answer.texts, (std::vector<std::string>{"v=spf -al", ""}));

    EXPECT_EQ(text_answer("example.org", found({"\11cut"s})).status, DnsStatus::Failed);
    EXPECT_EQ(text_answer("example.org", failed()).status, DnsStatus::Failed);
    EXPECT_TRUE(text_answer("example.org", bogus()).texts.empty());
}

TEST(PointerAnswer, HasTheNamesOfAnAddress)
{
    const auto answer =
        pointer_answer("1.2.0.192.in-addr.arpa", secure(found({"\2MX\4test\0"s, "\2mx"s})));
    EXPECT_EQ(answer.status, DnsStatus::Found);
    EXPECT_EQ(answer.security, DnsSecurity::Secure);
    EXPECT_EQ(answer.names, (std::vector<std::string>{"mx.test"}));
    EXPECT_EQ(pointer_answer("x", found({"\2mx"s})).status, DnsStatus::Failed);
}

TEST(ReverseName, IsWhereTheNamesOfAnAddressStand)
{
    EXPECT_EQ(reverse_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
    EXPECT_EQ(reverse_name(*IpAddress::parse("2001:db8::1f")),
              "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace hermetic::dns
