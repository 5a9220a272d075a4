#include "objects/org_file.h"

#include <gtest/gtest.h>

#include <ostream>

namespace hermetic::objects {
namespace {

using Read = Result<Snapshot::Contents, config::Diagnostics>;

Read read(std::string_view text)
{
    const auto document = config::parse_document(text, "org.toml");
    if (!document) return failure(config::Diagnostics{document.error()});
    return read_org_document(*document, "org.toml");
}

constexpr std::string_view kOrganization =
    "[organization]\nname = \"Example\"\npostmaster = \"postmaster@example.org\"\n";

constexpr std::string_view kWhole = R"([organization]
name = "Example"
postmaster = "postmaster@example.org"
delay_notice = "2h"
retry_after = ["2m", "10m"]
tls = "encrypt"
min_tls = "1.2"

[[accepted_domain]]
name = "example.org"
kind = "authoritative"
next_hop = ["lmtp://store.example.org:2424", "lmtp://[192.0.2.7]:24"]
recipients = ["a@example.org"]

[[accepted_domain]]
name = "*.example.org"
kind = "internal_relay"
comment = "a \"quoted\" word"

[[inbound_connector]]
name = "gateways"
kind = "on_premises"
networks = ["192.0.2.0/24"]
may_relay = true

[[outbound_connector]]
name = "smart"
recipient_domains = ["example.net", "*.example.net", "*"]
smart_hosts = ["relay.example.org:25", "[2001:db8::1]:2525"]

[[outbound_connector]]
name = "bank"
recipient_domains = ["bank.example"]
tls = "verify_name"
tls_names = ["mx.bank.example", "*.bank.example"]
pins = ["00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]
min_tls = "1.3"
mode = "audit"

[[outbound_connector]]
name = "old partner"
recipient_domains = ["old.example"]
tls = "opportunistic"
min_tls = "1.0"
valid_until = "2027-01-31T00:00:00.000Z"

)";

TEST(OrgFile, ComesOutAsItWentIn)
{
    const auto contents = read(kWhole);
    ASSERT_TRUE(contents.has_value()) << config::format_diagnostic(contents.error().front());
    const std::string written = format_org_file(*contents);
    const auto again = read(written);
    ASSERT_TRUE(again.has_value()) << written;
    EXPECT_EQ(*again, *contents);
    EXPECT_EQ(format_org_file(*again), written);
}

struct Refused {
    const char* name;
    std::string text;
    std::string key;
    std::string what;
    friend void PrintTo(const Refused& row, std::ostream* out) { *out << row.name; }
};

class OrgFileRefuses : public testing::TestWithParam<Refused> {};

TEST_P(OrgFileRefuses, WithKeyAndWhatWouldBeRight)
{
    const auto contents = read(std::string{kOrganization} + GetParam().text);
    ASSERT_FALSE(contents.has_value());
    const auto& diagnostic = contents.error().front();
    EXPECT_EQ(diagnostic.key, GetParam().key);
    EXPECT_NE(diagnostic.what.find(GetParam().what), std::string::npos) << diagnostic.what;
    EXPECT_FALSE(diagnostic.right.empty());
    EXPECT_GT(diagnostic.line, 0U);
}

// clang-format off
const Refused kRefused[] = {
    {"UnknownObject", "[[acepted_domain]]\nname = \"a.example\"\n", "acepted_domain", "no such key"},
    {"UnknownKey", "[[accepted_domain]]\nname = \"example.org\"\nnexthop = \"mx\"\n", "accepted_domain[0].nexthop", "no such key"},
    {"BadDomain", "[[accepted_domain]]\nname = \"exa mple\"\n", "accepted_domain[0].name", "does not fit"},
    {"EmbeddedWildcard", "[[accepted_domain]]\nname = \"a.*.example\"\n", "accepted_domain[0].name", "does not fit"},
    {"BadNextHop", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"ftp://x\"\n", "accepted_domain[0].next_hop", "does not fit"},
    {"MixedProtocols", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = [\"smtp://a.example\", \"lmtp://b.example\"]\n", "accepted_domain[0].next_hop", "does not fit"},
    {"AuthoritativeByMx", "[[accepted_domain]]\nname = \"example.org\"\n", "accepted_domain[0].next_hop", "loop"},
    {"TwiceTheSame", "[[accepted_domain]]\nname = \"example.org\"\nkind = \"internal_relay\"\n[[accepted_domain]]\nname = \"EXAMPLE.org\"\nkind = \"internal_relay\"\n", "accepted_domain[1].name", "twice"},
    {"ForeignRecipient", "[[accepted_domain]]\nname = \"example.org\"\nkind = \"internal_relay\"\nrecipients = [\"a@example.net\"]\n", "accepted_domain[0].recipients", "not in this domain"},
    {"ConnectorWithoutEvidence", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\n", "inbound_connector[0].networks", "nothing proves"},
    {"OpenRelay", "[[inbound_connector]]\nname = \"x\"\nnetworks = [\"0.0.0.0/0\"]\nmay_relay = true\n", "inbound_connector[0].networks", "open relay"},
    {"HostBits", "[[inbound_connector]]\nname = \"x\"\nnetworks = [\"192.0.2.1/24\"]\n", "inbound_connector[0].networks", "does not fit"},
    {"PartnerIsNotYetThere", "[[inbound_connector]]\nname = \"x\"\nkind = \"partner\"\nnetworks = [\"192.0.2.0/24\"]\n", "inbound_connector[0].kind", "partner"},
    {"ConnectorsThatTie", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\n[[outbound_connector]]\nname = \"b\"\nrecipient_domains = [\"*\"]\n", "outbound_connector[1].recipient_domains", "neither would win"},
    {"WeakWithoutEnd", "min_tls = \"1.3\"\n[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nmin_tls = \"1.2\"\n", "outbound_connector[0].min_tls", "without an end"},
    {"NoneWithoutEnd", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\ntls = \"none\"\n", "outbound_connector[0].tls", "weaker"},
    {"VersionsThatCross", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nmin_tls = \"1.3\"\nmax_tls = \"1.2\"\n", "outbound_connector[0].min_tls", "above max_tls"},
    {"OrganizationWithoutTls", "tls = \"none\"\n", "organization.tls", "no default"},
    {"OrganizationsVersionsCross", "min_tls = \"1.3\"\nmax_tls = \"1.2\"\n", "organization.min_tls", "above max_tls"},
    {"NamesWithoutVerifyName", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\ntls = \"encrypt\"\ntls_names = [\"mx.example.net\"]\n", "outbound_connector[0].tls_names", "verify_name only"},
    {"AddressWithoutName", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"[192.0.2.1]:25\"]\ntls = \"verify_name\"\n", "outbound_connector[0].smart_hosts", "no name"},
    {"PinsWithoutEncryption", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\npins = [\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"]\n", "outbound_connector[0].pins", "need encryption"},
    {"BadPin", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\npins = [\"00\"]\n", "outbound_connector[0].pins", "does not fit"},
    {"BadTime", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nvalid_until = \"tomorrow\"\n", "outbound_connector[0].valid_until", "does not fit"},
    {"BadSmartHost", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"[nowhere]:25\"]\n", "outbound_connector[0].smart_hosts", "does not fit"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, OrgFileRefuses, testing::ValuesIn(kRefused),
                         [](const auto& row) { return row.param.name; });

TEST(OrgFile, NeedsAPostmaster)
{
    const auto contents = read("[organization]\nname = \"Example\"\n");
    ASSERT_FALSE(contents.has_value());
    EXPECT_EQ(contents.error().front().key, "organization.postmaster");
}

TEST(Snapshot, FindsTheMostSpecific)
{
    const auto contents = read(kWhole);
    ASSERT_TRUE(contents.has_value());
    const Snapshot snapshot{*contents};
    const auto domain = [](const char* text) { return *mail::Domain::parse(text); };
    EXPECT_EQ(snapshot.accepted_domain(domain("example.org"))->kind, DomainKind::Authoritative);
    EXPECT_EQ(snapshot.accepted_domain(domain("a.b.example.org"))->kind, DomainKind::InternalRelay);
    EXPECT_EQ(snapshot.accepted_domain(domain("example.net")), nullptr);
    EXPECT_EQ(snapshot.outbound_connector(domain("elsewhere.test"))->name, "smart");
    EXPECT_EQ(snapshot.inbound_connector(*IpAddress::parse("192.0.2.9"))->name, "gateways");
    EXPECT_EQ(snapshot.inbound_connector(*IpAddress::parse("198.51.100.1")), nullptr);
}

}  // namespace
}  // namespace hermetic::objects
