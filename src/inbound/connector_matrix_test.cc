// Who may send what to whom in which session: client × recipient × TLS, over the real session.
//
// Specification §2.3. Each cell is one RCPT: its reply code, enhanced code and reason.
#include "inbound/connector_fixture.h"
#include "inbound/refusals.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace hermetic::inbound {
namespace {

using facts::TlsVersion;

enum class Arrival : std::uint8_t { Direct, Xclient, Proxy };

// One reply; its code and enhanced code are those of the id's row in docs/policy/receiving.md,
// and stand here again: the public contract.
struct Expected {
    std::string_view reply;  // "550 5.7.51"
    std::string_view id;     // empty: accepted
};

constexpr Expected kOk{"250 2.1.5", ""};
constexpr Expected kRelay{"550 5.7.64", "recipient.relay-denied"};
constexpr Expected kClear{"530 5.7.0", "connector.tls-required"};
constexpr Expected kProxy{"530 5.7.0", "connector.tls-at-proxy"};
constexpr Expected kFloor{"550 5.7.51", "organization.tls-version"};
constexpr Expected kOld{"550 5.7.51", "connector.tls-version"};
constexpr Expected kCertificate{"550 5.7.51", "connector.certificate-mismatch"};
constexpr Expected kOwn{"550 5.7.68", "sender.own-domain"};

struct Row {
    std::string_view client;
    Arrival arrival;
    std::string_view sender;
    ShownCertificate shown;
    TlsVersion version;      // None: in clear; 1.2: below the floor; 1.3: good
    Expected own;            // to a.example
    Expected other;          // to b.example
    Expected foreign;        // to a domain of nobody here
    std::string_view names;  // the connector that replies name; empty: none
    int audited = 0;
};

const ShownCertificate kNone{};
const ShownCertificate kPartner{"x", "mx.x.example"};
const ShownCertificate kOwnGateway{"a", "gw.a.example"};
const ShownCertificate kOthersGateway{"b", "gw.b.example"};
// A certificate with the right name by somebody else's CA.
const ShownCertificate kForged{"y", "gw.a.example"};

constexpr auto kNoTls = TlsVersion::None;
constexpr auto kBelow = TlsVersion::Tls12;
constexpr auto kGood = TlsVersion::Tls13;

// clang-format off
const std::vector<Row> kRows = {
    {"a stranger",                      Arrival::Direct,  "u@s.example", kNone,          kNoTls, kOk,          kOk,    kRelay, ""},
    {"a stranger",                      Arrival::Direct,  "u@s.example", kNone,          kBelow, kFloor,       kFloor, kRelay, ""},
    {"a stranger",                      Arrival::Direct,  "u@s.example", kNone,          kGood,  kOk,          kOk,    kRelay, ""},
    {"a forged accepted sender",        Arrival::Direct,  "u@a.example", kNone,          kNoTls, kOwn,         kOk,    kRelay, ""},
    {"a forged accepted sender",        Arrival::Direct,  "u@a.example", kNone,          kBelow, kFloor,       kFloor, kRelay, ""},
    {"a forged accepted sender",        Arrival::Direct,  "u@a.example", kNone,          kGood,  kOwn,         kOk,    kRelay, ""},
    {"a partner with its certificate",  Arrival::Direct,  "u@x.example", kPartner,       kNoTls, kClear,       kOk,    kRelay, "partner-x"},
    {"a partner with its certificate",  Arrival::Direct,  "u@x.example", kPartner,       kBelow, kFloor,       kFloor, kRelay, ""},
    {"a partner with its certificate",  Arrival::Direct,  "u@x.example", kPartner,       kGood,  kOk,          kOk,    kRelay, ""},
    {"another organization's certificate", Arrival::Direct, "u@a.example", kOthersGateway, kNoTls, kOwn,       kOk,    kRelay, ""},
    {"another organization's certificate", Arrival::Direct, "u@a.example", kOthersGateway, kBelow, kFloor,     kFloor, kOld,   "b-gateway"},
    {"another organization's certificate", Arrival::Direct, "u@a.example", kOthersGateway, kGood, kOwn,        kOk,    kOk,    ""},
    {"X's certificate, Y's sender",     Arrival::Direct,  "u@y.example", kPartner,       kNoTls, kClear,       kOk,    kRelay, "partner-y"},
    {"X's certificate, Y's sender",     Arrival::Direct,  "u@y.example", kPartner,       kBelow, kFloor,       kFloor, kRelay, ""},
    {"X's certificate, Y's sender",     Arrival::Direct,  "u@y.example", kPartner,       kGood,  kCertificate, kOk,    kRelay, "partner-y"},
    {"audit",                           Arrival::Direct,  "u@z.example", kNone,          kNoTls, kOk,          kOk,    kRelay, "", 1},
    {"audit",                           Arrival::Direct,  "u@z.example", kNone,          kBelow, kFloor,       kFloor, kRelay, "", 0},
    {"audit",                           Arrival::Direct,  "u@z.example", kNone,          kGood,  kOk,          kOk,    kRelay, "", 1},
    {"XCLIENT by a gateway",            Arrival::Xclient, "u@x.example", kOwnGateway,    kNoTls, kClear,       kOk,    kRelay, "partner-x"},
    {"XCLIENT by a gateway",            Arrival::Xclient, "u@x.example", kOwnGateway,    kBelow, kFloor,       kFloor, kRelay, ""},
    {"XCLIENT by a gateway",            Arrival::Xclient, "u@x.example", kOwnGateway,    kGood,  kProxy,       kOk,    kRelay, "partner-x"},
    {"PROXY, a gateway's TLS",          Arrival::Proxy,   "u@x.example", kOwnGateway,    kNoTls, kClear,       kOk,    kRelay, "partner-x"},
    {"PROXY, a gateway's TLS",          Arrival::Proxy,   "u@x.example", kOwnGateway,    kBelow, kFloor,       kFloor, kRelay, ""},
    {"PROXY, a gateway's TLS",          Arrival::Proxy,   "u@x.example", kOwnGateway,    kGood,  kProxy,       kOk,    kRelay, "partner-x"},
    {"our own gateway",                 Arrival::Direct,  "u@a.example", kOwnGateway,    kNoTls, kOwn,         kOk,    kRelay, ""},
    {"our own gateway",                 Arrival::Direct,  "u@a.example", kOwnGateway,    kBelow, kFloor,       kFloor, kOld,   "a-gateway"},
    {"our own gateway",                 Arrival::Direct,  "u@a.example", kOwnGateway,    kGood,  kOk,          kOk,    kOk,    ""},
    {"its name by a stranger's CA",     Arrival::Direct,  "u@a.example", kForged,        kNoTls, kOwn,         kOk,    kRelay, ""},
    {"its name by a stranger's CA",     Arrival::Direct,  "u@a.example", kForged,        kBelow, kFloor,       kFloor, kRelay, ""},
    {"its name by a stranger's CA",     Arrival::Direct,  "u@a.example", kForged,        kGood,  kOwn,         kOk,    kRelay, ""},
};
// clang-format on

std::string_view id_of(const std::string& reply)
{
    for (const auto* kind :
         {&refusal::kConnectorTlsRequired, &refusal::kConnectorTlsAtProxy,
          &refusal::kConnectorTlsVersion, &refusal::kConnectorCertificateMismatch,
          &refusal::kConnectorNetworkMismatch, &refusal::kConnectorCasUnavailable,
          &refusal::kOrganizationTlsVersion, &refusal::kSenderOwnDomain,
          &refusal::kRecipientRelayDenied, &refusal::kRecipientUnknown}) {
        if (reply.find(kind->text) != std::string::npos) return facts::name(kind->reason);
    }
    return "";
}

class MatrixFixture : public ConnectorFixture {
public:
    explicit MatrixFixture(const Row& row_to_try) : row{row_to_try}
    {
        set_versions(TlsVersion::Tls12, TlsVersion::Tls13);
        if (row.arrival == Arrival::Xclient)
            options.xclient_networks = {*Network::parse("127.0.0.0/8")};
        if (row.arrival == Arrival::Proxy)
            options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    }

    const Row& row;
    std::map<std::string, std::string> replies;  // by recipient's domain
};

net::Task<> try_row(SessionFixture& fixture, TestClient& client)
{
    auto& matrix = static_cast<MatrixFixture&>(fixture);
    const Row& row = matrix.row;
    if (row.arrival == Arrival::Proxy)
        co_await client.send("PROXY TCP4 203.0.113.9 192.0.2.25 4000 25\r\n");
    (void)co_await client.reply();
    co_await ConnectorFixture::greet(client, row.version, row.shown);
    if (row.arrival == Arrival::Xclient) {
        (void)co_await client.say("XCLIENT ADDR=203.0.113.9");
        (void)co_await client.say("EHLO client.example");
    }
    const auto mail = co_await client.say("MAIL FROM:<" + std::string{row.sender} + ">");
    EXPECT_THAT(mail, testing::StartsWith("250"));
    for (const std::string domain : {"a.example", "b.example", "foreign.example"})
        matrix.replies[domain] = co_await client.say("RCPT TO:<r@" + domain + ">");
}

void expect(const std::string& reply, const Expected& expected, std::string_view connector)
{
    EXPECT_TRUE(reply.starts_with(expected.reply)) << reply;
    EXPECT_EQ(id_of(reply), expected.id) << reply;
    if (expected.id.starts_with("connector.")) {
        EXPECT_THAT(reply, testing::HasSubstr("connector \"" + std::string{connector} + "\""));
    }
}

TEST(ConnectorMatrix, EveryClientToEveryRecipientInEverySession)
{
    for (const Row& row : kRows) {
        SCOPED_TRACE(fmt::format("{}, {}", row.client, facts::format_version(row.version)));
        MatrixFixture fixture{row};
        fixture.run(try_row);
        expect(fixture.replies["a.example"], row.own, row.names);
        expect(fixture.replies["b.example"], row.other, row.names);
        expect(fixture.replies["foreign.example"], row.foreign, row.names);
        EXPECT_EQ(fixture.metrics.value(metrics::Metric::InboundAudited), row.audited);
        // What would have passed is the log's alone.
        for (const auto& [domain, reply] : fixture.replies) {
            EXPECT_EQ(reply.find("or later"), std::string::npos) << reply;
            EXPECT_EQ(reply.find("mx.y.example"), std::string::npos) << reply;
        }
    }
}

TEST(ConnectorMatrix, HasEveryCell)
{
    std::map<std::string_view, int> sessions;
    for (const Row& row : kRows) ++sessions[row.client];
    EXPECT_EQ(sessions.size(), 10U);
    for (const auto& [client, count] : sessions) EXPECT_EQ(count, 3) << client;
}

}  // namespace
}  // namespace hermetic::inbound
