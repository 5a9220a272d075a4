#include "setup/files.h"

#include "config/document.h"
#include "config/options.h"
#include "objects/org_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace hermetic::setup {
namespace {

WantedNode some_node()
{
    WantedNode node;
    node.hostname = "mx.example.test";
    node.data_directory = "/var/lib/\"odd\\";
    node.certificate = CertificateKind::Acme;
    node.acme_contact = "hostmaster@example.test";
    node.acme_eab_key_id = "kid";
    node.acme_eab_hmac_file = "/etc/hermetic/eab.key";
    node.forward = {"127.0.0.1:53"};
    node.trust_anchors = {"example.test. IN DS 1 13 2 " + std::string(64, '0')};
    return node;
}

WantedOrganization some_organization()
{
    WantedOrganization organization;
    organization.name = "The \"Example\"";
    organization.postmaster = "postmaster@example.test";
    organization.domains = {{"example.test", "lmtp://[192.0.2.20]:24"},
                            {"*.example.test", "smtp://store.example.test:25"}};
    organization.relay_networks = {"192.0.2.0/28"};
    return organization;
}

TEST(SetupFiles, TheServerReadsBackWhatWasWanted)
{
    const std::string text = format_node_file(some_node(), "org.toml");
    const auto document = config::parse_document(text, "/etc/hermetic/hermetic.toml");
    ASSERT_TRUE(document) << config::format_diagnostic(document.error());
    const auto options = config::read_node_options(*document, "/etc/hermetic/hermetic.toml");
    ASSERT_TRUE(options) << config::format_diagnostic(options.error().front());
    EXPECT_EQ(read_node(*options), some_node());
    EXPECT_EQ(options->organization_file, "/etc/hermetic/org.toml");

    const std::string objects = format_organization_file(some_organization());
    EXPECT_TRUE(judge_organization_text(objects, "org.toml").empty());
    const auto contents =
        objects::read_org_document(*config::parse_document(objects, "org.toml"), "org.toml");
    ASSERT_TRUE(contents);
    EXPECT_EQ(read_organization(*contents), some_organization());
}

TEST(SetupFiles, AnyKindOfCertificateIsReadBack)
{
    for (const auto kind :
         {CertificateKind::SelfSigned, CertificateKind::Files, CertificateKind::Acme}) {
        WantedNode node;
        node.hostname = "mx.example.test";
        node.certificate = kind;
        if (kind == CertificateKind::Files) {
            node.chain = "/etc/hermetic/tls/mx.pem";
            node.key = "/etc/hermetic/tls/mx.key";
        }
        const std::string text = format_node_file(node, "org.toml");
        const auto options =
            config::read_node_options(*config::parse_document(text, "/x/h.toml"), "/x/h.toml");
        ASSERT_TRUE(options) << config::format_diagnostic(options.error().front());
        EXPECT_EQ(read_node(*options), node);
    }
}

TEST(SetupFiles, AFileIsAPersonsOnceAnythingInItHasChanged)
{
    const std::string text = format_organization_file(some_organization());
    EXPECT_EQ(find_author(text), Author::Setup);
    EXPECT_EQ(find_author(text + "\n"), Author::Person);
    EXPECT_EQ(find_author("x" + text), Author::Person);
    EXPECT_EQ(find_author(text.substr(text.find('\n') + 1)), Author::Person);
    EXPECT_EQ(find_author(""), Author::Person);
    EXPECT_EQ(find_author(sign("a = 1\n", Author::Package)), Author::Package);
}

TEST(SetupFiles, ThePackagesFilesAreNobodys)
{
    for (const char* name : {"hermetic.toml", "org.toml"}) {
        std::ifstream in{std::string{HERMETIC_PACKAGED "/"} + name};
        const std::string text{std::istreambuf_iterator<char>{in}, {}};
        EXPECT_EQ(find_author(text), Author::Package)
            << name << " begins with another line than\n"
            << sign(text.substr(text.find('\n') + 1), Author::Package).substr(0, 150);
    }
}

TEST(SetupFiles, WhatAPersonWroteIsReplacedOnlyWithAYes)
{
    const std::vector<Difference> none;
    const std::vector<Difference> some{{"hostname", "a", "b"}};
    const std::vector<std::string> losses{"limits.sessions"};
    const std::string by_setup = format_node_file(some_node(), "org.toml");
    const std::string by_package = sign("hostname = \"mx.example.org\"\n", Author::Package);
    const struct {
        std::optional<std::string> text;
        const std::vector<Difference>& differences;
        Overwrite overwrite;
        Fate fate;
    } rows[] = {
        {std::nullopt, some, Overwrite::No, Fate::Write},
        {by_package, some, Overwrite::No, Fate::Write},
        {by_setup, none, Overwrite::No, Fate::Same},
        {by_setup, some, Overwrite::No, Fate::Write},
        {"hostname = \"a\"\n", none, Overwrite::Yes, Fate::Same},
        {"hostname = \"a\"\n", some, Overwrite::No, Fate::Keep},
        {"hostname = \"a\"\n", some, Overwrite::Yes, Fate::Replace},
        {"", some, Overwrite::No, Fate::Keep},
    };
    for (const auto& row : rows)
        EXPECT_EQ(name(decide_fate(row.text, row.differences, {}, row.overwrite)), name(row.fate))
            << row.text.value_or("no file");
    EXPECT_EQ(name(decide_fate("hostname = \"a\"\n", some, losses, Overwrite::Yes)),
              name(Fate::Keep))
        << "nobody can agree to what setup cannot write";
}

}  // namespace
}  // namespace hermetic::setup
