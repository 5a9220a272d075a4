#include "objects/org_file.h"

#include "objects/warnings.h"

#include <fmt/format.h>
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
tls = "encrypt"
recipients = ["a@example.org"]
smtputf8 = false

[[accepted_domain]]
name = "*.example.org"
kind = "internal_relay"
comment = "a \"quoted\" word"

[[accepted_domain]]
name = "local.example.org"
next_hop = ["lmtp://localhost:24", "lmtp+unix:/run/lmtp"]
tls = "opportunistic"

[[accepted_domain]]
name = "old.example.org"
next_hop = ["lmtp://old.example.org:24"]
exception = { tls = "opportunistic", valid_until = "2027-01-31T00:00:00.000Z", reason = "no TLS there yet" }

[[inbound_connector]]
name = "gateways"
kind = "on_premises"
networks = ["192.0.2.0/24"]
may_relay = true

[[outbound_connector]]
name = "smart"
recipient_domains = ["example.net", "*.example.net", "*"]
smart_hosts = ["relay.example.org:25", "[2001:db8::1]:2525", "smtps://relay.example.net:465"]

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
exception = { tls = "none", min_tls = "1.0", dane = "none", mta_sts = "none", valid_until = "2027-01-31T00:00:00.000Z", reason = "their relay is replaced in \"January\"" }

[[outbound_connector]]
name = "old router"
recipient_domains = ["router.example"]
exception = { compatibility = "weak", valid_until = "2027-01-31T00:00:00.000Z", reason = "DH of 1024 bits" }

)";

// Several organizations, and every field that the first example leaves out.
constexpr std::string_view kSeveral = R"([[organization]]
name = "A"
postmaster = "postmaster@a.example"
inbound_min_tls = "1.3"
own_domains_need_evidence = true
revocation = "off"
crl_folder = "/etc/crls"
ratchet = "enforce"
ratchet_days = 7
ratchet_hold = "2h"
comment = "the first"

[[organization]]
name = "B"
postmaster = "postmaster@b.example"

[[accepted_domain]]
name = "a.example"
next_hop = ["smtp://store.a.example:25"]
organization = "A"

[[accepted_domain]]
name = "b.example"
connector = "to-b"
organization = "B"

[[inbound_connector]]
name = "from-bank"
organization = "A"
sender_domains = ["bank.example", "*.bank.example"]
networks = ["192.0.2.0/24", "2001:db8::/32"]
certificate_names = ["mx.bank.example", "*.bank.example"]
ca = "/etc/ssl/bank.pem"
certificate_purpose = "client"
require_tls = true
min_tls = "1.3"
exception = { min_tls = "1.2", valid_until = "2027-01-31T00:00:00.000Z", reason = "1.3 next year" }
require_certificate = true
require_network = true
mode = "audit"

[[inbound_connector]]
name = "own"
kind = "on_premises"
organization = "B"
certificate_names = ["out.b.example"]
treat_as_internal = true
may_relay = true
enabled = false

[[outbound_connector]]
name = "to-b"
kind = "on_premises"
organization = "B"
all_accepted_domains = true
smart_hosts = ["hub.b.example:25"]
tls = "verify_name"
ca = "/etc/ssl/own.pem"
client_certificate = "client"
auth_user = "relay"
auth_password_file = "/etc/hermetic/hub.password"

[[outbound_connector]]
name = "dane-only"
organization = "A"
recipient_domains = ["gov.example"]
tls = "dane"
dane = "mandatory"
mta_sts = "mandatory"
test_recipients = ["test@gov.example"]

[[outbound_connector]]
name = "by-rule"
organization = "A"
rule_scoped = true
dane = "none"
valid_until = "2027-01-31T00:00:00.000Z"

[[certificate]]
name = "client"
organization = "B"
chain = "/etc/ssl/client.pem"
key = "/etc/ssl/client.key"

[[retirement]]
name = "old TLS out"
organization = "A"
direction = "outbound"
versions = ["1.0", "1.1"]
start = "2026-12-01T00:00:00.000Z"
end = "2027-01-31T00:00:00.000Z"

)";

class OrgFile : public testing::TestWithParam<std::string_view> {};

TEST_P(OrgFile, ComesOutAsItWentIn)
{
    const auto contents = read(GetParam());
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
    EXPECT_FALSE(diagnostic.expected.empty());
    EXPECT_GT(diagnostic.line, 0U);
}

// clang-format off
const Refused kRefused[] = {
    {"UnknownObject", "[[acepted_domain]]\nname = \"a.example\"\n", "acepted_domain", "no such key"},
    {"LineEndInAName", "[[inbound_connector]]\nname = \"x\\r\\n250 ok\"\nnetworks = [\"192.0.2.0/24\"]\n", "inbound_connector[0].name", "a control character"},
    {"ControlInAName", "[[outbound_connector]]\nname = \"x\\u001b[2J\"\nrecipient_domains = [\"*\"]\n", "outbound_connector[0].name", "a control character"},
    {"DirectionInAName", "[[certificate]]\nname = \"x\\u202Ey\"\nchain = \"/c.pem\"\nkey = \"/k.pem\"\n", "certificate[0].name", "turns the direction"},
    {"UnknownKey", "[[accepted_domain]]\nname = \"example.org\"\nnexthop = \"mx\"\n", "accepted_domain[0].nexthop", "no such key"},
    {"BadDomain", "[[accepted_domain]]\nname = \"exa mple\"\n", "accepted_domain[0].name", "does not fit"},
    {"EmbeddedWildcard", "[[accepted_domain]]\nname = \"a.*.example\"\n", "accepted_domain[0].name", "does not fit"},
    {"BadNextHop", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"ftp://x\"\n", "accepted_domain[0].next_hop", "does not fit"},
    {"ImplicitTlsOfANextHop", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"smtps://a.example\"\n", "accepted_domain[0].next_hop", "does not fit"},
    {"MixedProtocols", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = [\"smtp://a.example\", \"lmtp://b.example\"]\n", "accepted_domain[0].next_hop", "does not fit"},
    {"NextHopBelowTheOrganization", "tls = \"encrypt\"\n[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"lmtp://store.example\"\ntls = \"opportunistic\"\n", "accepted_domain[0].tls", "example.org is opportunistic, below"},
    {"NextHopInClear", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"lmtp://store.example\"\ntls = \"none\"\n", "accepted_domain[0].tls", "permanently"},
    {"NextHopWithoutName", "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = \"lmtp://[192.0.2.1]\"\ntls = \"verify_name\"\n", "accepted_domain[0].tls", "no name"},
    {"LevelWithoutNextHop", "[[accepted_domain]]\nname = \"example.org\"\nkind = \"internal_relay\"\ntls = \"encrypt\"\n", "accepted_domain[0].tls", "there are none"},
    {"AuthoritativeByMx", "[[accepted_domain]]\nname = \"example.org\"\n", "accepted_domain[0].next_hop", "loop"},
    {"TwiceTheSame", "[[accepted_domain]]\nname = \"example.org\"\nkind = \"internal_relay\"\n[[accepted_domain]]\nname = \"EXAMPLE.org\"\nkind = \"internal_relay\"\n", "accepted_domain[1].name", "twice"},
    {"ForeignRecipient", "[[accepted_domain]]\nname = \"example.org\"\nkind = \"internal_relay\"\nrecipients = [\"a@example.net\"]\n", "accepted_domain[0].recipients", "not in this domain"},
    {"ConnectorWithoutEvidence", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\n", "inbound_connector[0].networks", "nothing proves"},
    {"OpenRelay", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nnetworks = [\"0.0.0.0/0\"]\nmay_relay = true\n", "inbound_connector[0].networks", "open relay"},
    {"HostBits", "[[inbound_connector]]\nname = \"x\"\nnetworks = [\"192.0.2.1/24\"]\n", "inbound_connector[0].networks", "does not fit"},
    {"GrantWithoutEvidence", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\n", "inbound_connector[0].networks", "nothing proves a client"},
    {"PartnerThatGrants", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nmay_relay = true\n", "inbound_connector[0].may_relay", "grants nothing"},
    {"PartnerAtSomeListeners", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nlisteners = [\"mx\"]\n", "inbound_connector[0].listeners", "restricts its mail at every listener"},
    {"PartnerThatIsInternal", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\ntreat_as_internal = true\n", "inbound_connector[0].treat_as_internal", "grants nothing"},
    {"PartnerOfNobody", "[[inbound_connector]]\nname = \"x\"\n", "inbound_connector[0].sender_domains", "neither sender_domains nor"},
    {"CertificateWithoutNames", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nrequire_certificate = true\n", "inbound_connector[0].require_certificate", "no name that a certificate could have"},
    {"NetworkWithoutNetworks", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nrequire_network = true\n", "inbound_connector[0].require_network", "no network"},
    {"NameClaimedTwice", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\ncertificate_names = [\"mx.example\"]\n[[inbound_connector]]\nname = \"y\"\nkind = \"on_premises\"\ncertificate_names = [\"mx.example\"]\n", "inbound_connector[1].certificate_names", "connector \"x\" has"},
    {"NetworkOfEverybody", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nnetworks = [\"128.0.0.0/1\"]\n", "inbound_connector[0].networks", "too large"},
    {"NameOfATopLevelDomain", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\ncertificate_names = [\"*.example\"]\n", "inbound_connector[0].certificate_names", "top-level"},
    {"NameOfAPublicSuffix", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\ncertificate_names = [\"*.co.uk\"]\n", "inbound_connector[0].certificate_names", "public suffix"},
    {"PartnerOfAPublicSuffix", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"a.co.uk\"]\ncertificate_names = [\"*.co.uk\"]\n", "inbound_connector[0].certificate_names", "public suffix"},
    {"EverybodyOfIpv6", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nnetworks = [\"::/0\"]\nmay_relay = true\n", "inbound_connector[0].networks", "open relay"},
    {"GrantBySender", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nnetworks = [\"192.0.2.0/24\"]\nsender_domains = [\"example.org\"]\n", "inbound_connector[0].sender_domains", "never grants"},
    {"GrantInAudit", "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nnetworks = [\"192.0.2.0/24\"]\nmode = \"audit\"\n", "inbound_connector[0].mode", "cannot be in audit mode"},
    {"CertificateInClear", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\ncertificate_names = [\"mx.example.net\"]\nrequire_certificate = true\nrequire_tls = false\n", "inbound_connector[0].require_tls", "without TLS"},
    {"CasForNothing", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nca = \"/ca.pem\"\n", "inbound_connector[0].ca", "there are none"},
    {"NobodysOrganization", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\norganization = \"Other\"\n", "inbound_connector[0].organization", "no organization"},
    {"NoneBesideDane", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"none\"\nvalid_until = \"2027-01-01T00:00:00Z\"\n", "outbound_connector[0].exception", "DANE or MTA-STS"},
    {"DaneNoneWithoutEnd", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ndane = \"none\"\n", "outbound_connector[0].dane", "permanently"},
    {"DaneWithoutDane", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"dane\"\ndane = \"none\"\nvalid_until = \"2027-01-01T00:00:00Z\"\n", "outbound_connector[0].exception", "are ignored"},
    {"CaWithoutVerification", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"encrypt\"\nca = \"/x.pem\"\n", "outbound_connector[0].ca", "verify_ca"},
    {"RelativePath", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"verify_ca\"\nca = \"x.pem\"\n", "outbound_connector[0].ca", "does not fit"},
    {"RelativePasswordFile", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"hub.example:25\"]\ntls = \"verify_name\"\nauth_user = \"u\"\nauth_password_file = \"p\"\n", "outbound_connector[0].auth_password_file", "does not fit"},
    {"NoSuchCertificate", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nclient_certificate = \"c\"\n", "outbound_connector[0].client_certificate", "no certificate"},
    {"PasswordByMx", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"verify_name\"\nauth_user = \"u\"\nauth_password_file = \"/p\"\n", "outbound_connector[0].auth_user", "needs smart hosts"},
    {"PasswordToAnybody", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"hub.example:25\"]\ntls = \"verify_ca\"\nauth_user = \"u\"\nauth_password_file = \"/p\"\n", "outbound_connector[0].auth_user", "nothing proves the host"},
    {"UserWithoutPassword", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"hub.example:25\"]\ntls = \"verify_name\"\nauth_user = \"u\"\n", "outbound_connector[0].auth_user", "only valid together"},
    {"RuleScopedWithDomains", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nrule_scoped = true\n", "outbound_connector[0].rule_scoped", "only a rule"},
    {"PartnersAcceptedDomains", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nall_accepted_domains = true\n", "outbound_connector[0].all_accepted_domains", "our own"},
    {"NoSuchConnector", "[[accepted_domain]]\nname = \"example.org\"\nconnector = \"c\"\n", "accepted_domain[0].connector", "no enabled outbound connector"},
    {"CertificateWithoutKey", "[[certificate]]\nname = \"c\"\nchain = \"/c.pem\"\n", "certificate[0].key", "missing"},
    {"RetirementOfToday", "[[retirement]]\nname = \"r\"\nversions = [\"1.2\"]\nstart = \"2026-12-01T00:00:00Z\"\nend = \"2027-01-01T00:00:00Z\"\n", "retirement[0].versions", "not an old version"},
    {"RetirementBackwards", "[[retirement]]\nname = \"r\"\nversions = [\"1.0\"]\nstart = \"2027-12-01T00:00:00Z\"\nend = \"2027-01-01T00:00:00Z\"\n", "retirement[0].end", "before the start"},
    {"ConnectorsThatTie", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\n[[outbound_connector]]\nname = \"b\"\nrecipient_domains = [\"*\"]\n", "outbound_connector[1].recipient_domains", "neither takes precedence"},
    {"WeakWithoutEnd", "min_tls = \"1.3\"\n[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nmin_tls = \"1.2\"\n", "outbound_connector[0].min_tls", "connector \"a\" is below"},
    {"NoneWithoutEnd", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\ntls = \"none\"\n", "outbound_connector[0].tls", "permanently"},
    {"BelowTheOrganizationForGood", "tls = \"verify_ca\"\n[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\ntls = \"encrypt\"\n", "outbound_connector[0].tls", "connector \"a\" is encrypt, below"},
    {"ExceptionOfNothing", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { valid_until = \"2027-01-01T00:00:00Z\", reason = \"r\" }\n", "outbound_connector[0].exception", "no weaker value"},
    {"ExceptionWithoutEnd", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { min_tls = \"1.0\", reason = \"r\" }\n", "outbound_connector[0].exception", "valid_until is missing"},
    {"ExceptionWithoutReason", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { min_tls = \"1.0\", valid_until = \"2027-01-01T00:00:00Z\", reason = \" \" }\n", "outbound_connector[0].exception", "reason is missing"},
    {"ExceptionWithUnknownKey", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { min = \"1.0\", valid_until = \"2027-01-01T00:00:00Z\", reason = \"r\" }\n", "outbound_connector[0].exception.min", "no such key"},
    {"ExceptionWithBadTime", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { min_tls = \"1.0\", valid_until = \"tomorrow\", reason = \"r\" }\n", "outbound_connector[0].exception.valid_until", "does not fit"},
    {"ExceptionThatIsNoTable", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = true\n", "outbound_connector[0].exception", "does not fit"},
    {"NoneInAnException", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\nexception = { tls = \"none\", valid_until = \"2027-01-01T00:00:00Z\", reason = \"r\" }\n", "outbound_connector[0].exception", "DANE or MTA-STS"},
    {"WeakHandshakesThatVerify", "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\ntls = \"verify_ca\"\nexception = { compatibility = \"weak\", valid_until = \"2027-01-01T00:00:00Z\", reason = \"r\" }\n", "outbound_connector[0].exception", "prove no identity"},
    {"InboundExceptionByClaims", "[[inbound_connector]]\nname = \"x\"\nsender_domains = [\"*\"]\nexception = { min_tls = \"1.0\", valid_until = \"2027-01-01T00:00:00Z\", reason = \"r\" }\n", "inbound_connector[0].exception", "nothing proves"},
    {"InboundExceptionWithoutEnd", "[[inbound_connector]]\nname = \"x\"\nnetworks = [\"192.0.2.0/24\"]\nexception = { min_tls = \"1.0\", reason = \"r\" }\n", "inbound_connector[0].exception", "valid_until is missing"},
    {"LocalHopsOnceMore", "tls = \"verify_ca\"\n[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"localhost\", \"192.0.2.1\"]\ntls = \"encrypt\"\n", "outbound_connector[0].tls", "below"},
    {"VersionsThatCross", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nmin_tls = \"1.3\"\nmax_tls = \"1.2\"\n", "outbound_connector[0].min_tls", "above max_tls"},
    {"OrganizationWithoutTls", "tls = \"none\"\n", "organization.tls", "cannot be without TLS"},
    {"OrganizationsVersionsCross", "min_tls = \"1.3\"\nmax_tls = \"1.2\"\n", "organization.min_tls", "above max_tls"},
    {"NamesWithoutVerifyName", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\ntls = \"encrypt\"\ntls_names = [\"mx.example.net\"]\n", "outbound_connector[0].tls_names", "verify_name only"},
    {"AddressWithoutName", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"[192.0.2.1]:25\"]\ntls = \"verify_name\"\n", "outbound_connector[0].smart_hosts", "no name"},
    {"PinsWithoutEncryption", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\npins = [\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"]\n", "outbound_connector[0].pins", "pins need TLS"},
    {"BadPin", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\npins = [\"00\"]\n", "outbound_connector[0].pins", "does not fit"},
    {"BadTime", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nvalid_until = \"tomorrow\"\n", "outbound_connector[0].valid_until", "no such key"},
    {"BadSmartHost", "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = [\"[nowhere]:25\"]\n", "outbound_connector[0].smart_hosts", "does not fit"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, OrgFileRefuses, testing::ValuesIn(kRefused),
                         [](const auto& row) { return row.param.name; });

TEST(OrgFileRefuses, LevelsOfPostfixWithTheNamesHere)
{
    const std::pair<const char*, const char*> kLevels[] = {{"may", "\"opportunistic\""},
                                                           {"verify", "\"verify_name\""},
                                                           {"secure", "\"verify_name\""},
                                                           {"fingerprint", "`pins`"},
                                                           {"dane-only", "\"dane\""}};
    for (const auto& [postfix, ours] : kLevels) {
        const auto contents = read(std::string{kOrganization} + "tls = \"" + postfix + "\"\n");
        ASSERT_FALSE(contents.has_value()) << postfix;
        EXPECT_EQ(contents.error().front().key, "organization.tls");
        EXPECT_NE(contents.error().front().expected.find(ours), std::string::npos) << postfix;
    }
}

// A list where one value belongs, and the other way round: the right form of what was written.
TEST(OrgFileRefuses, HostsInTheWrongFormWithTheRightOne)
{
    const std::string domain = "[[accepted_domain]]\nname = \"example.org\"\nnext_hop = ";
    const std::string connector =
        "[[outbound_connector]]\nname = \"a\"\nrecipient_domains = [\"*\"]\nsmart_hosts = ";
    const std::pair<std::string, const char*> kForms[] = {
        {domain + "\"mail.example.org\"", "\"smtp://mail.example.org\""},
        {domain + "[\"mx\"]", "\"mx\" alone"},
        {domain + "[]", "at least one host"},
        {domain + "\"smtp://a.example, smtp://b.example\"",
         "[\"smtp://a.example\", \"smtp://b.example\"]"},
        {domain + "[\"smtp://a.example\", \"lmtp://b.example\"]", "one protocol"},
        {domain + "[\"smtp://a.example\", 25]", "\"lmtp://host:port\""},
        {connector + "\"hub.example:587\"", "[\"hub.example:587\"]"},
        {connector + "\"a.example, b.example\"", "[\"a.example\", \"b.example\"]"},
        {connector + "[]", "at least one host"},
        {connector + "[\"smtp://hub.example\"]", "\"hub.example\""},
        {"[[outbound_connector]]\nname = \"a\"\nrecipient_domains = \"example.net\"",
         "[\"example.net\"]"}};
    for (const auto& [text, right] : kForms) {
        const auto contents = read(std::string{kOrganization} + text + "\n");
        ASSERT_FALSE(contents.has_value()) << text;
        const auto& diagnostic = contents.error().front();
        EXPECT_TRUE(diagnostic.what.ends_with(" does not fit")) << diagnostic.what;
        EXPECT_NE(diagnostic.expected.find(right), std::string::npos) << diagnostic.expected;
    }
}

// By the declarations, whatever a diagnostic of it says.
TEST(FieldFit, TellsWhatTheFieldTakes)
{
    using config::FieldFit;
    struct Row {
        const char* kind;
        const char* field;
        FieldFit fit;
    };
    const Row kRows[] = {
        {"outbound_connector", "enabled = true", FieldFit::Fits},
        {"outbound_connector", "enabled = \"true\"", FieldFit::Misfit},
        {"outbound_connector", "smart_hosts = []", FieldFit::Misfit},
        {"outbound_connector", "exception = true", FieldFit::Misfit},
        {"outbound_connector", "exception = { valid_until = \"tomorrow\" }", FieldFit::Fits},
        {"outbound_connector", "valid_until = \"2027-01-31T00:00:00Z\"", FieldFit::NoSuchField},
        {"organization", "ratchet_days = 30", FieldFit::Fits},
        {"accepted_domain", "next_hop = \"mx\"", FieldFit::Fits},
        {"accepted_domain", "next_hop = [\"mx\"]", FieldFit::Misfit},
        {"inbound_connector", "networks = \"192.0.2.0/24\"", FieldFit::Misfit},
        {"certificate", "ca = true", FieldFit::NoSuchField},
        {"retirement", "name = 1", FieldFit::Misfit},
        {"rule", "name = \"x\"", FieldFit::NoSuchField}};
    for (const auto& [kind, field, fit] : kRows) {
        const auto document = config::parse_document(field, {});
        ASSERT_TRUE(document) << field;
        const auto& [key, value] = document->table.front();
        EXPECT_EQ(find_field_fit(kind, key, value), fit) << kind << ": " << field;
    }
}

TEST(OrgFileRefuses, NoPostmaster)
{
    const auto contents = read("[organization]\nname = \"Example\"\n");
    ASSERT_FALSE(contents.has_value());
    EXPECT_EQ(contents.error().front().key, "organization.postmaster");
}

TEST(OrgFile, LocalHopsMeetEveryDemand)
{
    EXPECT_TRUE(read(std::string{kOrganization} +
                     "tls = \"verify_name\"\nmin_tls = \"1.3\"\n[[outbound_connector]]\n"
                     "name = \"filter\"\nrecipient_domains = [\"*\"]\n"
                     "smart_hosts = [\"localhost:10025\", \"[::1]:10025\"]\n"
                     "tls = \"opportunistic\"\nmin_tls = \"1.2\"\n"));
}

INSTANTIATE_TEST_SUITE_P(Files, OrgFile, testing::Values(kWhole, kSeveral));

Read two_organizations(const std::string& more)
{
    return read(
        "[[organization]]\nname = \"A\"\npostmaster = \"p@a.example\"\n"
        "[[organization]]\nname = \"B\"\npostmaster = \"p@b.example\"\n"
        "[[accepted_domain]]\nname = \"a.example\"\nkind = \"internal_relay\"\n"
        "organization = \"A\"\n" +
        more);
}

TEST(Organizations, CannotCaptureEachOthersDomains)
{
    for (const char* domain : {"a.example", "sub.a.example", "*.a.example"}) {
        const auto contents = two_organizations(
            fmt::format("[[accepted_domain]]\nname = \"{}\"\nkind = \"internal_relay\"\n"
                        "organization = \"B\"\n",
                        domain));
        ASSERT_FALSE(contents) << domain;
        EXPECT_EQ(contents.error().front().key, "accepted_domain[1].name");
    }
    EXPECT_TRUE(
        two_organizations("[[accepted_domain]]\nname = \"ba.example\"\n"
                          "kind = \"internal_relay\"\norganization = \"B\"\n"));
}

TEST(Organizations, OwnEveryObject)
{
    const auto contents =
        two_organizations("[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\n");
    ASSERT_FALSE(contents);
    EXPECT_EQ(contents.error().front().key, "outbound_connector[0].organization");
}

TEST(Organizations, MayHaveConnectorsForTheSameDomain)
{
    const auto contents = two_organizations(
        "[[outbound_connector]]\nname = \"x\"\nrecipient_domains = [\"*\"]\n"
        "organization = \"A\"\n"
        "[[outbound_connector]]\nname = \"y\"\nrecipient_domains = [\"*\"]\n"
        "organization = \"B\"\n");
    ASSERT_TRUE(contents);
    const Snapshot snapshot{*contents};
    const auto domain = *mail::Domain::parse("elsewhere.test");
    EXPECT_EQ(snapshot.outbound_connector("A", domain)->name, "x");
    EXPECT_EQ(snapshot.outbound_connector("B", domain)->name, "y");
    EXPECT_EQ(snapshot.organization("B").name, "B");
    EXPECT_EQ(snapshot.organization("gone").name, "A");
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
    EXPECT_EQ(snapshot.outbound_connector("", domain("elsewhere.test"))->name, "smart");
    const auto in_network = snapshot.inbound().by_network(*IpAddress::parse("192.0.2.9"));
    ASSERT_EQ(in_network.size(), 1U);
    EXPECT_EQ(snapshot.inbound_at(in_network[0].connector).name, "gateways");
    EXPECT_TRUE(snapshot.inbound().by_network(*IpAddress::parse("198.51.100.1")).empty());
}

TEST(OrgFile, AnEmptyListOfOrganizationsIsAFault)
{
    const auto contents = read(
        "organization = []\n[[accepted_domain]]\nname = \"example.org\"\nkind = "
        "\"internal_relay\"\n");
    ASSERT_FALSE(contents.has_value());
    EXPECT_EQ(contents.error().front().key, "organization");
    EXPECT_EQ(contents.error().front().line, 1U);
}

// Below a CA of one's own a public suffix is one's own, too.
TEST(OrgFile, APublicSuffixIsANameWhereTheCaIsGiven)
{
    EXPECT_TRUE(
        read(std::string{kOrganization} +
             "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\nca = \"/ca.pem\"\n"
             "certificate_names = [\"*.co.uk\"]\n")
            .has_value());
}

TEST(OrgFile, AnExpiryOfTlsAboveTheExpiryIsWarnedOf)
{
    const auto contents =
        read(std::string{kOrganization} + "expiry = \"2h\"\nexpiry_tls = \"3h\"\n");
    ASSERT_TRUE(contents.has_value());
    const auto warnings = find_warnings(*contents);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0].key, "organization \"Example\".expiry_tls");
    EXPECT_NE(warnings[0].what.find("3h, longer than expiry (2h)"), std::string::npos);
    const auto unset = read(std::string{kOrganization} + "expiry = \"2h\"\n");
    ASSERT_TRUE(unset.has_value());
    EXPECT_TRUE(find_warnings(*unset).empty()) << "the default contradicts nobody";
}

TEST(OrgFile, NetworksThatMayRelayAndAreWideAreWarnedOf)
{
    const auto contents =
        read(std::string{kOrganization} +
             "[[inbound_connector]]\nname = \"wide\"\nkind = \"on_premises\"\nmay_relay = true\n"
             "networks = [\"10.0.0.0/8\", \"203.0.0.0/16\", \"2001:db8::/31\"]\n"
             "[[inbound_connector]]\nname = \"internal\"\nkind = \"on_premises\"\n"
             "networks = [\"198.0.0.0/16\"]\n"
             "[[inbound_connector]]\nname = \"off\"\nkind = \"on_premises\"\nmay_relay = true\n"
             "enabled = false\nnetworks = [\"192.0.0.0/16\"]\n");
    ASSERT_TRUE(contents.has_value());
    const auto warnings = find_warnings(*contents);
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0].key, "inbound_connector \"wide\".networks");
    EXPECT_NE(warnings[0].what.find("203.0.0.0/16 has 65536 addresses"), std::string::npos);
    EXPECT_NE(warnings[1].what.find("2001:db8::/31"), std::string::npos);
    EXPECT_FALSE(warnings[1].expected.empty());
}

}  // namespace
}  // namespace hermetic::objects
