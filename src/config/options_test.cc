#include "config/options.h"

#include "config/validate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <ostream>

namespace hermetic::config {
namespace {

constexpr std::string_view kLeast = R"(hostname = "mx.example.org"
data_directory = "data"
organization_file = "org.toml"
[[listener]]
name = "mx"
addresses = ["127.0.0.1:0"]
)";

Result<NodeOptions, Diagnostics> read(std::string_view text)
{
    const auto document = parse_document(text, "/etc/hermetic/hermetic.toml");
    if (!document) return failure(Diagnostics{document.error()});
    return read_node_options(*document, "/etc/hermetic/hermetic.toml");
}

TEST(NodeOptions, TheLeastThatIsNeeded)
{
    const auto options = read(kLeast);
    ASSERT_TRUE(options.has_value()) << format_diagnostic(options.error().front());
    EXPECT_EQ(options->data_directory, "/etc/hermetic/data");
    EXPECT_EQ(options->organization_file, "/etc/hermetic/org.toml");
    EXPECT_EQ(options->admin.socket, "/etc/hermetic/data/admin.sock");
    EXPECT_EQ(options->delivery.ehlo_name, "mx.example.org");
    EXPECT_EQ(options->limits, LimitOptions{});
}

// Values other than the defaults, or a test could not tell that they are read.
TEST(NodeOptions, EveryKindOfValueIsRead)
{
    const auto options = read(std::string{kLeast} + R"(role = "lmtp"
tls = "implicit"
min_tls = "1.3"
client_certificates = "request"
certificates = ["c"]
proxy_networks = ["192.0.2.0/24"]
[[certificate]]
name = "c"
chain = "tls/c.pem"
key = "/k.pem"
[limits]
message_size = "5MiB"
recipients = 200
bare_newlines = "repair"
routed_addresses = "accept"
connections_per_client = 7
messages_per_client = 8
refused_recipients_per_client = 9
command_timeout = "1m30s"
[resolver]
forward = ["127.0.0.1:5300"]
[delivery]
port = 2525
allow_loopback = true
source_addresses = ["192.0.2.9"]
attempt_time = "90s"
[spool]
high_water = "3GiB"
low_water = "4GiB"
max_messages = 77
[log]
format = "json"
level = "debug"
[admin]
socket = "/run/h.sock"
)");
    ASSERT_TRUE(options.has_value()) << format_diagnostic(options.error().front());
    EXPECT_EQ(options->listeners[0].role, ListenerRole::Lmtp);
    EXPECT_EQ(options->listeners[0].tls, ListenerTls::Implicit);
    EXPECT_EQ(options->listeners[0].min_tls, facts::TlsVersion::Tls13);
    EXPECT_EQ(options->listeners[0].proxy_networks.size(), 1U);
    EXPECT_EQ(options->certificates[0].chain, "/etc/hermetic/tls/c.pem");
    EXPECT_EQ(options->limits.message_size, 5ULL << 20);
    EXPECT_EQ(options->limits.bare_newlines, BareNewlines::Repair);
    EXPECT_EQ(options->limits.routed_addresses, RoutedAddresses::Accept);
    EXPECT_EQ(options->limits.connections_per_client, 7U);
    EXPECT_EQ(options->limits.messages_per_client, 8U);
    EXPECT_EQ(options->limits.refused_recipients_per_client, 9U);
    EXPECT_EQ(options->limits.command_timeout, std::chrono::seconds{90});
    EXPECT_EQ(options->resolver.forward[0].port, 5300);
    EXPECT_EQ(options->delivery.port, 2525);
    EXPECT_TRUE(options->delivery.allow_loopback);
    EXPECT_EQ(options->delivery.attempt_time, std::chrono::seconds{90});
    EXPECT_EQ(options->spool.max_messages, 77U);
    EXPECT_EQ(options->log.format, LogFormat::Json);
    EXPECT_EQ(options->admin.socket, "/run/h.sock");
}

struct Refused {
    const char* name;
    std::string text;
    std::string key;
    std::string expected;
    friend void PrintTo(const Refused& row, std::ostream* out) { *out << row.name; }
};

class NodeOptionsRefuse : public testing::TestWithParam<Refused> {};

TEST_P(NodeOptionsRefuse, WithFileLineKeyAndTheRightForm)
{
    const auto options = read(GetParam().text);
    ASSERT_FALSE(options.has_value());
    const Diagnostic& diagnostic = options.error().front();
    EXPECT_EQ(diagnostic.key, GetParam().key);
    EXPECT_NE(diagnostic.expected.find(GetParam().expected), std::string::npos)
        << diagnostic.expected;
    EXPECT_EQ(diagnostic.file, "/etc/hermetic/hermetic.toml");
    EXPECT_GT(diagnostic.line, 0U);
}

const std::string kStart{kLeast};

// clang-format off
const Refused kRefused[] = {
    {"BrokenToml", "hostname = ", "", "TOML"},
    {"UnknownTopKey", "hostnam = \"x\"\n" + kStart, "hostnam", "\"hostname\""},
    {"UnknownNestedKey", kStart + "[limits]\nmesage_size = 1\n", "limits.mesage_size", "\"message_size\""},
    {"UnknownListenerKey", kStart + "portt = 1\n", "listener[0].portt", "name, role"},
    {"WrongType", kStart + "[limits]\nrecipients = \"many\"\n", "limits.recipients", "whole number from 100"},
    {"OutOfBounds", kStart + "[limits]\nrecipients = 5\n", "limits.recipients", "from 100"},
    {"Negative", kStart + "[limits]\nrecipients = -1\n", "limits.recipients", "from 100"},
    {"BadDuration", kStart + "[limits]\ncommand_timeout = \"5 minutes\"\n", "limits.command_timeout", "1h30m"},
    {"BadVersion", kStart + "min_tls = \"1.4\"\n", "listener[0].min_tls", "\"1.3\""},
    {"BadEndpoint", kStart + "[resolver]\nforward = [\"localhost\"]\n", "resolver.forward", "with a port"},
    {"AnchorWithAShortDigest", kStart + "[resolver]\ntrust_anchors = [\"x. IN DS 1 13 2 aaa\"]\n", "resolver.trust_anchors", "64 digits"},
    {"AnchorThatIsNone", kStart + "[resolver]\ntrust_anchors = [\"nonsense\"]\n", "resolver.trust_anchors", "a DS record: owner"},
    {"HostBits", kStart + "proxy_networks = [\"192.0.2.1/24\"]\n", "listener[0].proxy_networks", "without host bits"},
    {"ProxiesEverywhere", kStart + "proxy_networks = [\"0.0.0.0/0\"]\n", "listener[0].proxy_networks", "your own proxies"},
    {"XclientEverywhere", kStart + "xclient_networks = [\"192.0.2.1\", \"::/0\"]\n", "listener[0].xclient_networks", "your own proxies"},
    {"TableForList", kStart + "[certificate]\nname = \"x\"\n", "certificate", "[[certificate]]"},
    {"NoVersionLeft", kStart + "min_tls = \"1.3\"\nmax_tls = \"1.2\"\n", "listener[0].min_tls", "up to max_tls"},
    {"OldVersionForEverybody", kStart + "min_tls = \"1.0\"\n", "listener[0].min_tls", "legacy_networks"},
    {"LegacyNetworksForNothing", kStart + "legacy_networks = [\"192.0.2.0/24\"]\n", "listener[0].legacy_networks", "\"1.0\""},
    {"NoSuchCertificate", kStart + "certificates = [\"nowhere\"]\n", "listener[0].certificates", "[[certificate]]"},
    {"ClientCertificatesInClear", kStart + "tls = \"off\"\nclient_certificates = \"require\"\n", "listener[0].client_certificates", "\"off\""},
    {"WaterMarksTheWrongWay", kStart + "[spool]\nhigh_water = \"2GiB\"\nlow_water = \"1GiB\"\n", "spool.low_water", "high_water"},
    {"HostnameMissing", "data_directory = \"d\"\norganization_file = \"o\"\n[[listener]]\nname=\"a\"\naddresses=[\"127.0.0.1:0\"]\n", "hostname", "full name"},
    {"ReadSocketThatIsTooLong", kStart + "[admin]\nread_socket = \"/" + std::string(107, 'r') + "\"\n", "admin.read_socket", "shorter"},
    {"MetricsAtAListener", kStart + "[[listener]]\nname = \"b\"\naddresses = [\"127.0.0.1:25\"]\n[metrics]\naddresses = [\"127.0.0.1:9090\", \"127.0.0.1:25\"]\n", "metrics.addresses", "nothing else uses"},
    {"MetricsTwice", kStart + "[metrics]\naddresses = [\"127.0.0.1:9090\", \"127.0.0.1:9090\"]\n", "metrics.addresses", "nothing else uses"},
    {"SameAddressTwice", kStart + "[[listener]]\nname = \"b\"\naddresses = [\"127.0.0.1:25\", \"127.0.0.1:25\"]\n", "listener[1].addresses", "once"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table, NodeOptionsRefuse, testing::ValuesIn(kRefused),
                         [](const auto& row) { return row.param.name; });

TEST(NodeOptions, ASizeIsReadAsTheReferenceWritesItsBounds)
{
    const auto options = read(kStart + "[spool]\nhigh_water = \"0\"\nballast = \"1500\"\n");
    ASSERT_TRUE(options.has_value());
    EXPECT_EQ(options->spool.high_water, 0U);
    EXPECT_EQ(options->spool.ballast, 1500U);
    EXPECT_FALSE(read(kStart + "[spool]\nhigh_water = \"-1\"\n").has_value());
}

TEST(NodeOptions, AllFaultsAreToldAtOnce)
{
    const auto options =
        read(kStart + "[limits]\nrecipients = 5\nnothing = 1\n[log]\nformat = \"xml\"\n");
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.error().size(), 3U);
}

TEST(NodeOptions, WideNetworksOfProxiesAreWarnedOf)
{
    const auto document = parse_document(kStart +
                                             "proxy_networks = [\"10.0.0.0/8\", \"128.0.0.0/1\"]\n"
                                             "xclient_networks = [\"2000::/3\"]\n",
                                         "hermetic.toml");
    const auto options = read_node_options(*document, "/hermetic.toml");
    ASSERT_TRUE(options.has_value());
    Diagnostics warnings;
    find_node_warnings(*options, *document, "/hermetic.toml", warnings);
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0].key, "listener[0].proxy_networks");
    EXPECT_GT(warnings[0].line, 0U);
    EXPECT_NE(warnings[0].what.find("128.0.0.0/1"), std::string::npos);
    EXPECT_NE(warnings[0].what.find("claim any address"), std::string::npos);
    EXPECT_EQ(warnings[1].key, "listener[0].xclient_networks");
}

TEST(Diagnostic, NamesTheElementOfAListThatDoesNotFit)
{
    const auto options =
        read(kStart + "proxy_networks = [\n  \"192.0.2.0/24\",\n  \"192.0.2.5/24\",\n]\n");
    EXPECT_EQ(
        format_diagnostic(options.error().front()),
        "/etc/hermetic/hermetic.toml:9: listener[0].proxy_networks: \"192.0.2.5/24\" does not "
        "fit; expected: a network without host bits, such as \"192.0.2.0/24\" or "
        "\"2001:db8::/32\"");
    const auto no_list = read(kStart + "proxy_networks = \"192.0.2.0/24\"\n");
    EXPECT_EQ(no_list.error().front().expected, "a list, such as [\"192.0.2.0/24\"]");
}

TEST(Diagnostic, SaysThatQuotesAreMissing)
{
    const auto options = read(kStart + "min_tls = 1.2\n");
    EXPECT_EQ(options.error().front().expected,
              "one of \"1.0\", \"1.1\", \"1.2\", \"1.3\", with the quotes");
}

TEST(Diagnostic, ReadsAsASentence)
{
    const auto options = read(kStart + "[limits]\nrecipients = 5\n");
    EXPECT_EQ(format_diagnostic(options.error().front()),
              "/etc/hermetic/hermetic.toml:8: limits.recipients: 5 does not fit; expected: a whole "
              "number from 100 to 100000");
}

TEST(NodeOptions, TheSocketIsFoundInAFileThatIsOtherwiseBroken)
{
    const std::string file = testing::TempDir() + "broken_hermetic.toml";
    std::ofstream{file} << "data_directory = \"/var/lib/h\"\nnonsense = 1\n";
    EXPECT_EQ(find_admin_socket(file), "/var/lib/h/admin.sock");
    EXPECT_EQ(find_admin_socket("/nonexistent/hermetic.toml"), "");
}

TEST(Reference, NamesEveryOptionWithItsDefault)
{
    const std::string reference = format_node_reference();
    EXPECT_NE(reference.find("| `message_size` |"), std::string::npos);
    EXPECT_NE(reference.find("`\"100MiB\"`"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::config
