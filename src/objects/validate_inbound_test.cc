// Clients that two connectors would claim, and what the node must have.
#include "objects/org_file.h"
#include "objects/validate_node.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hermetic::objects {
namespace {

using Read = Result<Snapshot::Contents, config::Diagnostics>;

// Two on_premises connectors, of A and of `second`, with these lines.
Read two_connectors(const char* first, const char* owner, const char* second,
                    const char* kind = "on_premises")
{
    const std::string text = fmt::format(
        "[[organization]]\nname = \"A\"\npostmaster = \"p@a.example\"\n"
        "[[organization]]\nname = \"B\"\npostmaster = \"p@b.example\"\n"
        "[[inbound_connector]]\nname = \"x\"\nkind = \"on_premises\"\n"
        "organization = \"A\"\n{}\n"
        "[[inbound_connector]]\nname = \"y\"\nkind = \"{}\"\n"
        "organization = \"{}\"\n{}\n",
        first, kind, owner, second);
    const auto document = config::parse_document(text, "org.toml");
    if (!document) return failure(config::Diagnostics{document.error()});
    return read_org_document(*document, "org.toml");
}

struct Claimed {
    const char* what;
    const char* first;
    const char* owner;  // of the second
    const char* second;
    const char* key;  // empty: both may stand
};

// clang-format off
const Claimed kClaimed[] = {
    {"the same network",            "networks = [\"192.0.2.0/24\"]",  "B", "networks = [\"192.0.2.0/24\"]",  "inbound_connector[1].networks"},
    {"the same, one organization",  "networks = [\"192.0.2.0/24\"]",  "A", "networks = [\"192.0.2.0/24\"]",  "inbound_connector[1].networks"},
    {"the same, by certificate",    "networks = [\"192.0.2.0/24\"]\ncertificate_names = [\"mx.a.example\"]\nrequire_certificate = true", "A", "networks = [\"192.0.2.0/24\"]", ""},
    {"the same, a certificate that is not asked for", "networks = [\"192.0.2.0/24\"]\ncertificate_names = [\"mx.a.example\"]", "A", "networks = [\"192.0.2.0/24\"]", "inbound_connector[1].networks"},
    {"the same, another's, by certificate", "networks = [\"192.0.2.0/24\"]\ncertificate_names = [\"mx.a.example\"]\nrequire_certificate = true", "B", "networks = [\"192.0.2.0/24\"]", "inbound_connector[1].networks"},
    {"the same, by listener",       "networks = [\"192.0.2.0/24\"]\nlisteners = [\"mx\"]", "A", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"printers\"]", ""},
    {"the same, one listener shared", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"mx\", \"printers\"]", "A", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"printers\"]", "inbound_connector[1].networks"},
    {"the same, everywhere and there", "networks = [\"192.0.2.0/24\"]", "A", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"printers\"]", "inbound_connector[1].networks"},
    {"the same, another's, by listener", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"mx\"]", "B", "networks = [\"192.0.2.0/24\"]\nlisteners = [\"printers\"]", "inbound_connector[1].networks"},
    {"a name, by listener", "certificate_names = [\"mx.a.example\"]\nlisteners = [\"mx\"]", "A", "certificate_names = [\"mx.a.example\"]\nlisteners = [\"printers\"]", ""},
    {"a host in the other's",       "networks = [\"192.0.2.0/24\"]",  "B", "networks = [\"192.0.2.9\"]",     "inbound_connector[1].networks"},
    {"around the other's",          "networks = [\"192.0.2.9\"]",     "B", "networks = [\"192.0.2.0/24\"]",  "inbound_connector[0].networks"},
    {"a host in its own",           "networks = [\"192.0.2.0/24\"]",  "A", "networks = [\"192.0.2.9\"]",     ""},
    {"in the other's, IPv6",        "networks = [\"2001:db8::/32\"]", "B", "networks = [\"2001:db8:1::/48\"]", "inbound_connector[1].networks"},
    {"another network",             "networks = [\"192.0.2.0/25\"]",  "B", "networks = [\"192.0.2.128/25\"]", ""},
    {"the same name",               "certificate_names = [\"mx.a.example\"]", "B", "certificate_names = [\"mx.a.example\"]", "inbound_connector[1].certificate_names"},
    {"a name in the other's",       "certificate_names = [\"*.a.example\"]",  "B", "certificate_names = [\"mx.a.example\"]", "inbound_connector[1].certificate_names"},
    {"a name in its own",           "certificate_names = [\"*.a.example\"]",  "A", "certificate_names = [\"mx.a.example\"]", ""},
    {"another name",                "certificate_names = [\"*.a.example\"]",  "B", "certificate_names = [\"a.example\"]",    ""},
};
// clang-format on

TEST(InboundClaims, AreOfOneConnectorAndOfOneOrganization)
{
    for (const Claimed& row : kClaimed) {
        const auto contents = two_connectors(row.first, row.owner, row.second);
        EXPECT_EQ(contents ? "" : contents.error().front().key, row.key) << row.what;
    }
    // A partner of both, or a partner that is the other organization.
    EXPECT_TRUE(two_connectors("networks = [\"192.0.2.0/24\"]", "B",
                               "networks = [\"192.0.2.0/24\"]", "partner"));
}

TEST(ValidateForNode, KnowsTheListenersThatConnectorsName)
{
    Snapshot::Contents contents;
    contents.inbound_connectors.resize(1);
    contents.inbound_connectors[0].name = "printers";
    contents.inbound_connectors[0].listeners = {"mx", "print"};
    config::NodeOptions options;
    options.listeners.resize(2);
    options.listeners[0].name = "mx";
    options.listeners[1].name = "printing";
    const auto faults = validate_for_node(contents, options, "org.toml");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].key, "inbound_connector[0].listeners");
    EXPECT_NE(faults[0].what.find("\"print\""), std::string::npos);
    EXPECT_EQ(faults[0].expected, "\"mx\", \"printing\"");
}

TEST(ValidateForNode, AsksForAListenerThatAsksForCertificates)
{
    Snapshot::Contents contents;
    contents.inbound_connectors.resize(2);
    contents.inbound_connectors[1].name = "bank";
    contents.inbound_connectors[1].certificate_names = {*TlsName::parse("mx.bank.example")};
    config::NodeOptions options;
    options.listeners.resize(2);
    const auto faults = validate_for_node(contents, options, "org.toml");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].key, "inbound_connector[1].certificate_names");
    EXPECT_NE(faults[0].what.find("\"bank\""), std::string::npos);
    options.listeners[1].client_certificates = config::ClientCertificates::Request;
    EXPECT_TRUE(validate_for_node(contents, options, "org.toml").empty());
    options.listeners.resize(1);
    contents.inbound_connectors[1].enabled = false;
    EXPECT_TRUE(validate_for_node(contents, options, "org.toml").empty());
}

TEST(ValidateForNode, AsksForACertificateWhereTheConnectorIsLimitedTo)
{
    Snapshot::Contents contents;
    contents.inbound_connectors.resize(1);
    InboundConnector& connector = contents.inbound_connectors[0];
    connector.name = "bank";
    connector.certificate_names = {*TlsName::parse("mx.bank.example")};
    connector.listeners = {"off"};
    config::NodeOptions options;
    options.listeners.resize(2);
    options.listeners[0].name = "mx";
    options.listeners[0].client_certificates = config::ClientCertificates::Request;
    options.listeners[1].name = "off";
    const auto faults = validate_for_node(contents, options, "org.toml");
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].key, "inbound_connector[0].certificate_names");
    EXPECT_NE(faults[0].what.find("none of its listeners requests them"), std::string::npos);
    connector.listeners = {"off", "mx"};
    EXPECT_TRUE(validate_for_node(contents, options, "org.toml").empty());
    connector.listeners = {"off"};
    connector.networks = {*Network::parse("192.0.2.0/24")};
    EXPECT_TRUE(validate_for_node(contents, options, "org.toml").empty()) << "known by its network";
    connector.require_certificate = true;
    EXPECT_EQ(validate_for_node(contents, options, "org.toml").size(), 1U);
}

}  // namespace
}  // namespace hermetic::objects
