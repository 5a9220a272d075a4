// [[certificate]] by ACME: what it needs, and what excludes what.
#include "config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::config {
namespace {

Result<NodeOptions, Diagnostics> read(const std::string& certificate,
                                      const std::string& acme = "http = [\"127.0.0.1:80\"]")
{
    const std::string text =
        "hostname = \"mx.example.org\"\ndata_directory = \"/data\"\n"
        "organization_file = \"org.toml\"\n[[listener]]\nname = \"mx\"\n"
        "addresses = [\"127.0.0.1:0\"]\n[[certificate]]\nname = \"mx\"\n" +
        certificate + "\n[acme]\n" + acme + "\n";
    const auto document = parse_document(text, "/etc/hermetic/hermetic.toml");
    if (!document) return failure(Diagnostics{document.error()});
    return read_node_options(*document, "/etc/hermetic/hermetic.toml");
}

constexpr const char* kGood =
    "acme = \"https://acme.test/dir\"\nacme_domains = [\"mx.example.org\"]";

TEST(AcmeOptions, FilesLieBelowTheDataDirectory)
{
    const auto options = read(kGood);
    ASSERT_TRUE(options.has_value()) << format_diagnostic(options.error().front());
    EXPECT_EQ(options->certificates[0].chain, "/data/acme/mx/chain.pem");
    EXPECT_EQ(options->certificates[0].key, "/data/acme/mx/key.pem");
}

TEST(AcmeOptions, TheKeyOfABindingLiesBesideTheFileThatNamesIt)
{
    const auto options =
        read(std::string{kGood} + "\nacme_eab_key_id = \"kid\"\nacme_eab_hmac_file = \"eab.key\"");
    ASSERT_TRUE(options.has_value()) << format_diagnostic(options.error().front());
    EXPECT_EQ(options->certificates[0].acme_eab_key_id, "kid");
    EXPECT_EQ(options->certificates[0].acme_eab_hmac_file, "/etc/hermetic/eab.key");
}

TEST(AcmeOptions, WhatDoesNotFitIsRefusedWithItsKey)
{
    struct Row {
        std::string certificate;
        std::string acme;
        std::string key;
    };
    const std::string http = "http = [\"127.0.0.1:80\"]";
    const std::string url = "acme = \"https://acme.test/dir\"\n";
    const std::vector<Row> rows = {
        {"acme = \"http://acme.test/dir\"\nacme_domains = [\"mx.example.org\"]", http,
         "certificate[0].acme"},
        {url, http, "certificate[0].acme_domains"},
        {url + "acme_domains = [\"*.example.org\"]", http, "certificate[0].acme_domains"},
        {url + "acme_domains = [\"192.0.2.1\"]", http, "certificate[0].acme_domains"},
        {url + "acme_domains = [\"-f\"]", http, "certificate[0].acme_domains"},
        {url + "acme_domains = [\"mx.example.org\"]\nacme_contact = \"-x\"", http,
         "certificate[0].acme_contact"},
        {std::string{kGood} + "\nacme_eab_key_id = \"kid\"", http,
         "certificate[0].acme_eab_hmac_file"},
        {std::string{kGood} + "\nacme_eab_key_id = \"a\\nb\"\nacme_eab_hmac_file = \"k\"", http,
         "certificate[0].acme_eab_key_id"},
        {std::string{kGood} + "\nacme_eab_hmac_file = \"eab.key\"", http,
         "certificate[0].acme_eab_key_id"},
        {url + "acme_domains = [\"mx.example.org\"]\nchain = \"mx.pem\"\nkey = \"mx.key\"", http,
         "certificate[0].acme"},
        {kGood, "", "acme.http"},
        {std::string{kGood} + "\nacme_challenge = \"tls-alpn-01\"", http, "acme.tls"},
        {"chain = \"a\"\nkey = \"b\"\nacme_domains = [\"mx.example.org\"]", http,
         "certificate[0].acme_domains"},
        {"chain = \"a\"\nkey = \"b\"\nacme_eab_key_id = \"kid\"", http,
         "certificate[0].acme_domains"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.certificate + "\n" + row.acme);
        const auto options = read(row.certificate, row.acme);
        ASSERT_FALSE(options.has_value());
        EXPECT_THAT(format_diagnostic(options.error().front()), testing::HasSubstr(row.key));
    }
}

}  // namespace
}  // namespace hermetic::config
