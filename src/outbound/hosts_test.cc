// Base domains and names of hosts (RFC 7672 §2.2.3, §3.2.2).
#include "outbound/hosts.h"

#include <gmock/gmock.h>

namespace hermetic::outbound {
namespace {

using facts::DnsSecurity;
using Names = std::vector<std::string>;

Host host(const std::string& name)
{
    Host made;
    made.name = name;
    return made;
}

HostAddresses addresses(DnsSecurity security, const std::string& canonical_name)
{
    return {{*IpAddress::parse("192.0.2.1")}, security, canonical_name};
}

TEST(TlsaBases, AreTheNameAfterAliasesAndThenTheOwnOne)
{
    const struct {
        const char* what;
        Host host;
        HostAddresses addresses;
        bool secure_alias;
        Names bases;
    } rows[] = {
        {"no alias",
         host("mx.example.org"),
         addresses(DnsSecurity::Secure, "mx.example.org"),
         false,
         {"mx.example.org"}},
        {"another case",
         host("MX.Example.org"),
         addresses(DnsSecurity::Secure, "mx.example.org"),
         false,
         {"mx.example.org"}},
        {"alias",
         host("mx.example.org"),
         addresses(DnsSecurity::Secure, "a.example.net"),
         false,
         {"a.example.net", "mx.example.org"}},
        {"not proved",
         host("mx.example.org"),
         addresses(DnsSecurity::Insecure, "mx.example.org"),
         false,
         {}},
        {"alias, not proved",
         host("mx.example.org"),
         addresses(DnsSecurity::Insecure, "a.example.net"),
         false,
         {}},
        {"proved alias of what is not",
         host("mx.example.org"),
         addresses(DnsSecurity::Insecure, "a.example.net"),
         true,
         {"mx.example.org"}},
        {"bogus", host("mx.example.org"), addresses(DnsSecurity::Bogus, ""), false, {}},
        {"an address", host(""), addresses(DnsSecurity::Secure, ""), false, {}},
        {"no canonical name",
         host("mx.example.org"),
         addresses(DnsSecurity::Secure, ""),
         false,
         {"mx.example.org"}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(tlsa_bases(row.host, row.addresses, row.secure_alias), row.bases) << row.what;
    }
}

TEST(TlsaNames, AreTheDomainsWhereItsMxAnswerIsProved)
{
    const Host mx = host("mx.example.org");
    Host configured = mx;
    configured.source = routing::TargetSource::Configured;
    Host implicit = host("example.org");
    implicit.implicit = true;
    const MxFacts secure{"Example.org", "real.example.net", DnsSecurity::Secure};
    MxFacts insecure = secure;
    insecure.security = DnsSecurity::Insecure;
    const struct {
        const char* what;
        std::string base;
        Host host;
        MxFacts mx;
        Names names;
    } rows[] = {
        {"proved", "mx.example.org", mx, secure, {"example.org", "real.example.net"}},
        {"not proved", "mx.example.org", mx, insecure, {}},
        {"an alias of the MX host is none",
         "a.example.net",
         mx,
         secure,
         {"example.org", "real.example.net"}},
        {"the domain is its own host", "example.org", implicit, secure, {}},
        {"an alias of it", "a.example.net", implicit, secure, {"example.org"}},
        {"configured", "mx.example.org", configured, {}, {}},
        {"configured alias", "a.example.net", configured, {}, {"mx.example.org"}},
        {"one name once",
         "mx.example.org",
         mx,
         {"example.org", "example.org", DnsSecurity::Secure},
         {"example.org"}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(tlsa_names(row.base, row.host, row.mx), row.names) << row.what;
    }
}

}  // namespace
}  // namespace hermetic::outbound
