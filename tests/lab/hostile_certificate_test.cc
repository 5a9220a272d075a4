// Certificates as an enemy would write them: which names they prove, and how much of them is kept.
//
// The handshakes with partners that show such certificates are in every_partner_test.cc and
// levels_test.cc; here each name stands against each host, and the bounds are measured.
#include "lab/certificate.h"
#include "policy/tls_policy.h"
#include "tls/evidence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

namespace hermetic::lab_test {
namespace {

using objects::TlsName;

lab::Identity make_certificate(std::vector<std::string> names, const std::string& subject = "x")
{
    lab::CertificateRequest request;
    request.common_name = subject;
    request.dns_names = std::move(names);
    return lab::make_identity(request, nullptr);
}

bool is_printable(std::string_view text)
{
    return std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// A name in a certificate, and the host that it is held against.
struct Pair {
    std::string name;
    std::string host;
    bool proves = false;

    friend void PrintTo(const Pair& pair, std::ostream* out)
    {
        *out << testing::PrintToString(pair.name) << " for " << pair.host;
    }
};

using namespace std::string_literals;

// clang-format off
const std::vector<Pair> kPairs = {
    {"mx.example.test",              "mx.example.test", true},
    {"MX.Example.TEST",              "mx.example.test", true},
    {"*.example.test",               "mx.example.test", true},
    {"example.test",                 "mx.example.test"},
    {"*.example.test",               "example.test"},
    {"*.example.test",               "a.mx.example.test"},

    {"mx.example.test\0"s,           "mx.example.test"},
    {"mx.example.test\0.evil.test"s, "mx.example.test"},
    {"\0mx.example.test"s,           "mx.example.test"},
    {"mx.example.test\n"s,           "mx.example.test"},
    {"mx.example.test "s,            "mx.example.test"},
    {" mx.example.test"s,            "mx.example.test"},
    {"",                             "mx.example.test"},
    {".",                            "mx.example.test"},
    {".example.test",                "mx.example.test"},
    {"mx.example.test.evil.test",    "mx.example.test"},
    {"evilmx.example.test",          "mx.example.test"},

    {"*",                            "mx.example.test"},
    {"*",                            "test"},
    {"*.test",                       "example.test"},
    {"*.test",                       "mx.example.test"},
    {"*.*.test",                     "mx.example.test"},
    {"mx.*.test",                    "mx.example.test"},
    {"mx.example.*",                 "mx.example.test"},
    {"m*.example.test",              "mx.example.test"},
    {"*x.example.test",              "mx.example.test"},
    {"**.example.test",              "mx.example.test"},
    {"*.",                           "mx.example.test"},
    {"*..example.test",              "mx.example.test"},

    {"xn--bcher-kva.test",           "xn--bcher-kva.test", true},
    {"b\xc3\xbc" "cher.test",        "xn--bcher-kva.test"},
    {"b\xfc" "cher.test",            "xn--bcher-kva.test"},
    {"*.xn--bcher-kva.test",         "mx.xn--bcher-kva.test", true},
    {"xn--*.test",                   "xn--bcher-kva.test"},
};
// clang-format on

class HostileName : public testing::TestWithParam<Pair> {};

// Both who compares names: OpenSSL, for the host that was asked for, and the policy, for tls_names.
TEST_P(HostileName, ProvesNoMoreThanItSays)
{
    const auto [name, host, proves] = GetParam();
    const auto made = make_certificate({name});
    EXPECT_EQ(tls::names_host(made.certificate.get(), host), proves);

    const auto wanted = TlsName::parse(host);
    const auto names = tls::dns_names_of(made.certificate.get());
    const bool matched = std::ranges::any_of(names, [&](const std::string& each) {
        EXPECT_TRUE(is_printable(each));
        return wanted && policy::matches(*wanted, each);
    });
    EXPECT_EQ(matched, proves);
}

INSTANTIATE_TEST_SUITE_P(Table, HostileName, testing::ValuesIn(kPairs));

TEST(HostileCertificate, NamesAreKeptUpToABoundOfTheirSize)
{
    const auto names_of = [](int count) {
        std::vector<std::string> names;
        for (int i = 0; i < count; ++i) names.push_back(fmt::format("host-{}.example.test", i));
        return tls::describe_certificate(make_certificate(names).certificate.get()).dns_names;
    };
    EXPECT_EQ(names_of(4000).back(), "host-3999.example.test")
        << "the last may be the one asked for";
    const auto bounded = names_of(40'000);
    std::size_t octets = 0;
    for (const auto& name : bounded) octets += name.size();
    EXPECT_LE(octets, tls::kMaxNameOctets);
    EXPECT_LT(bounded.size(), 20'000U);
}

TEST(HostileCertificate, ANameIsKeptUpToABound)
{
    const auto made = make_certificate({std::string(60'000, 'a') + ".example.test"});
    for (const auto& name : tls::dns_names_of(made.certificate.get())) {
        EXPECT_LE(name.size(), 300U);
    }
}

TEST(HostileCertificate, WordsForPeopleHoldNoControlOctets)
{
    const auto made = make_certificate({"a\x1b[2J.test",
                                        "b\xc3\xbc"
                                        "cher.test\r\nX: y"},
                                       "a\x1b[2J\r\nb");
    const auto facts = tls::describe_certificate(made.certificate.get());
    EXPECT_TRUE(is_printable(facts.subject)) << facts.subject;
    EXPECT_TRUE(is_printable(facts.issuer));
    for (const auto& name : facts.dns_names) EXPECT_TRUE(is_printable(name)) << name;
}

TEST(HostileCertificate, AnAddressIsNoName)
{
    lab::CertificateRequest request;
    request.common_name = "mx.example.test";
    request.addresses = {"\x7f\x00\x00\x01"s};
    const auto made = lab::make_identity(request, nullptr);
    EXPECT_TRUE(tls::dns_names_of(made.certificate.get()).empty());
    EXPECT_FALSE(tls::names_host(made.certificate.get(), "127.0.0.1"));
    EXPECT_FALSE(tls::names_host(made.certificate.get(), "mx.example.test")) << "nor is a subject";
}

TEST(HostileCertificate, AChainIsDescribedUpToABound)
{
    const auto leaf = make_certificate({"mx.example.test"});
    STACK_OF(X509)* const chain = sk_X509_new_null();
    for (int i = 0; i < 200; ++i) sk_X509_push(chain, leaf.certificate.get());
    EXPECT_EQ(tls::describe_chain(nullptr, chain).size(), tls::kMaxChain);
    sk_X509_free(chain);
}

}  // namespace
}  // namespace hermetic::lab_test
