#include "tls/certificate.h"

#include "tls/evidence.h"
#include "tls/pki_fixture.h"
#include "tls/signing_key.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace hermetic::tls {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class CertificateFiles : public ::testing::Test {
protected:
    std::string refused(const CertificateSource& source)
    {
        const auto loaded = load_certificate(source);
        if (loaded) return "accepted";
        EXPECT_FALSE(loaded.error().expected.empty()) << "it must say what is expected";
        return loaded.error().what;
    }
    // The PEM blocks of a file.
    std::vector<std::string> blocks(const std::string& file)
    {
        const std::string end = "-----END CERTIFICATE-----\n";
        std::string text = pki_.read(file);
        std::vector<std::string> found;
        for (std::size_t at = 0; (at = text.find(end)) != std::string::npos;) {
            found.push_back(text.substr(0, at + end.size()));
            text.erase(0, at + end.size());
        }
        return found;
    }
    PkiFixture pki_;
    CertificateSource source_ =
        pki_.make_files({.name = "mx", .dns_names = {"MX.example.org", "*.example.com"}});
};

TEST_F(CertificateFiles, AreLoadedWithTheirFacts)
{
    const auto certificate = load_certificate(source_).value();
    const auto& facts = facts_of(*certificate);
    EXPECT_EQ(facts.subject, "CN=MX.example.org");
    EXPECT_EQ(facts.issuer, "CN=Test Intermediate");
    EXPECT_THAT(facts.dns_names, ElementsAre("mx.example.org", "*.example.com"));
    EXPECT_EQ(facts.key_type, "EC P-256");
    EXPECT_EQ(facts.key_bits, 256);
    EXPECT_EQ(facts.signature_algorithm, "ecdsa-with-SHA256");
    EXPECT_THAT(facts.spki_sha256, MatchesRegex("[0-9a-f]+"));
    EXPECT_EQ(facts.spki_sha256.size(), 64U);
    EXPECT_EQ(facts.sha256.size(), 64U);
    EXPECT_LT(facts.not_before, system_clock().wall());
    EXPECT_GT(facts.not_after, system_clock().wall());
}

TEST_F(CertificateFiles, InAWrongOrderAreRepaired)
{
    const auto parts = blocks("mx.pem");
    ASSERT_EQ(parts.size(), 2U);
    const std::string root = pki_.read("root.pem");
    for (const auto& text : {parts[1] + parts[0], root + parts[1] + parts[0],
                             parts[1] + parts[0] + parts[1] + root + root}) {
        pki_.write("mx.pem", text);
        const auto certificate = load_certificate(source_);
        ASSERT_TRUE(certificate.has_value()) << certificate.error().what;
        EXPECT_EQ(facts_of(**certificate).dns_names[0], "mx.example.org");
        const SslContextPointer context{SSL_CTX_new(TLS_server_method())};
        ASSERT_TRUE((*certificate)->use_in(context.get()));
        STACK_OF(X509)* rest = nullptr;
        SSL_CTX_get0_chain_certs(context.get(), &rest);
        ASSERT_GE(sk_X509_num(rest), 1);
        EXPECT_EQ(describe_certificate(sk_X509_value(rest, 0)).subject, "CN=Test Intermediate");
    }
}

TEST_F(CertificateFiles, WithAHoleAreRefusedNamingIt)
{
    pki_.write("mx.pem", blocks("mx.pem")[0] + pki_.read("root.pem"));
    EXPECT_THAT(refused(source_), HasSubstr("the chain is incomplete"));
    EXPECT_THAT(load_certificate(source_).error().expected, HasSubstr("Test Intermediate"));
}

TEST_F(CertificateFiles, ThatDoNotBelongTogetherAreRefused)
{
    const auto other = pki_.make_files({.name = "other", .dns_names = {"other.test"}});
    EXPECT_THAT(refused({"x", source_.chain_file, other.key_file}), HasSubstr("does not belong"));
}

// A chain that everybody may read is in order: the key's mode is not what to mend.
TEST_F(CertificateFiles, InEachOthersPlaceAreNamed)
{
    ASSERT_EQ(::chmod(source_.chain_file.c_str(), 0644), 0);
    EXPECT_THAT(refused({"x", source_.key_file, source_.chain_file}),
                HasSubstr("has a private key and no certificate"));
    EXPECT_THAT(refused({"x", source_.chain_file, source_.chain_file}),
                HasSubstr("has a certificate and no private key"));
    const std::string both = pki_.read("mx.pem") + pki_.read("mx.key");
    pki_.write("both.pem", both);
    ASSERT_EQ(::chmod(pki_.path("both.pem").c_str(), 0644), 0);
    EXPECT_THAT(refused({"x", source_.chain_file, pki_.path("both.pem")}),
                HasSubstr("everybody may read"));
}

TEST_F(CertificateFiles, ThatEverybodyMayReadAreRefused)
{
    struct Row {
        mode_t mode;
        bool accepted;
    };
    for (const Row row : {Row{0600, true}, Row{0640, true}, Row{0400, true}, Row{0644, false},
                          Row{0604, false}, Row{0602, false}, Row{0666, false}}) {
        ASSERT_EQ(::chmod(source_.key_file.c_str(), row.mode), 0);
        const std::string said = refused(source_);
        if (row.accepted) {
            EXPECT_EQ(said, "accepted") << std::oct << row.mode;
        } else {
            EXPECT_THAT(said, HasSubstr("everybody may read")) << std::oct << row.mode;
            EXPECT_THAT(load_certificate(source_).error().expected, HasSubstr("chmod 0640"));
        }
    }
}

// A pipe without a writer never ends, and a device has no end: neither holds up the server.
TEST_F(CertificateFiles, ThatAreNoRegularFilesAreRefusedAtOnce)
{
    ASSERT_EQ(::mkfifo(pki_.path("fifo").c_str(), 0600), 0);
    for (const auto& [file, kind] : {std::pair{pki_.path("fifo"), "it is a named pipe"},
                                     std::pair{std::string{"/dev/zero"}, "it is a device"}}) {
        const std::string words = file + ": " + kind;
        EXPECT_EQ(refused({"x", file, source_.key_file}), words);
        EXPECT_EQ(refused({"x", source_.chain_file, file}), words);
        EXPECT_EQ(load_cas(file).error().what, words);
        EXPECT_EQ(load_cas(file).error().expected, "a regular file");
        EXPECT_EQ(SigningKey::load(file).error().what, words);
    }
}

TEST_F(CertificateFiles, OfCasHoldOneAtLeast)
{
    EXPECT_TRUE(load_cas(pki_.root_file()).has_value());
    EXPECT_THAT(load_cas(source_.key_file).error().what, HasSubstr(": it has no certificate"));
    pki_.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(load_cas(pki_.path("broken.pem")).error().what, HasSubstr("broken.pem: "));
    pki_.write("encrypted.pem",
               "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
               "AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_FALSE(load_cas(pki_.path("encrypted.pem"))) << "and nobody is asked for a password";
    EXPECT_NE(refused({"x", pki_.path("encrypted.pem"), source_.key_file}), "accepted");
}

TEST_F(CertificateFiles, ThatAreMissingEmptyOrForeignAreRefused)
{
    EXPECT_THAT(refused({"x", pki_.path("none.pem"), source_.key_file}), HasSubstr("none.pem"));
    EXPECT_THAT(refused({"x", source_.chain_file, pki_.path("none.key")}), HasSubstr("none.key"));
    EXPECT_THAT(refused({"x", source_.key_file, source_.key_file}), HasSubstr("no certificate"));
    pki_.write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(refused({"x", pki_.path("broken.pem"), source_.key_file}), HasSubstr("broken.pem"));
    pki_.write("long.pem", std::string(2 * 1024 * 1024, 'x'));
    EXPECT_THAT(refused({"x", pki_.path("long.pem"), source_.key_file}), HasSubstr("1 MiB"));
    EXPECT_THAT(refused({"x", pki_.path("."), source_.key_file}), HasSubstr("directory"));
    pki_.write("empty.key", "");
    ::chmod(pki_.path("empty.key").c_str(), 0600);
    EXPECT_THAT(refused({"x", source_.chain_file, pki_.path("empty.key")}),
                HasSubstr("no private key"));
}

TEST_F(CertificateFiles, WithAnEncryptedKeyAreRefusedWithTheCommandThatHelps)
{
    const KeyPointer key{EVP_EC_gen("P-256")};
    const BioPointer out{BIO_new_file(pki_.path("encrypted.key").c_str(), "w")};
    unsigned char password[] = "secret";
    ASSERT_EQ(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), password, 6,
                                       nullptr, nullptr),
              1);
    BIO_flush(out.get());
    ::chmod(pki_.path("encrypted.key").c_str(), 0600);
    const CertificateSource source{"x", source_.chain_file, pki_.path("encrypted.key")};
    EXPECT_THAT(refused(source), HasSubstr("encrypted"));
    EXPECT_THAT(load_certificate(source).error().expected, HasSubstr("openssl pkey"));
}

class SelfSigned : public CertificateFiles {
protected:
    CertificateSource own_{"default", pki_.path("tls/chain.pem"), pki_.path("tls/key.pem")};
    WallTime now_ = system_clock().wall();
};

TEST_F(SelfSigned, IsMadeOnceForTenYears)
{
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    const auto first = load_certificate(own_).value();
    const auto facts = facts_of(*first);
    EXPECT_THAT(facts.dns_names, ElementsAre("mx.example.org"));
    EXPECT_EQ(facts.key_type, "EC P-256");
    EXPECT_EQ(facts.subject, facts.issuer);
    EXPECT_LT(facts.not_before, now_);
    EXPECT_GT(facts.not_after, now_ + std::chrono::days{3640});
    struct stat status {};
    ASSERT_EQ(::stat(own_.key_file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);

    ASSERT_TRUE(ensure_self_signed(own_, "other.example.org", now_));
    EXPECT_EQ(facts_of(*load_certificate(own_).value()), facts);
}

TEST_F(SelfSigned, AfterAnInterruptedStartKeepsTheKey)
{
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    const auto key = pki_.read("tls/key.pem");
    std::remove(own_.chain_file.c_str());
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    EXPECT_EQ(pki_.read("tls/key.pem"), key);
    EXPECT_TRUE(load_certificate(own_).has_value());
}

// Nobody else has made it, and the server is not to stand still for it.
TEST_F(SelfSigned, WhatIsMissingOrUnusableIsMadeAgain)
{
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    const auto chain = pki_.read("tls/chain.pem");
    std::remove(own_.key_file.c_str());
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    EXPECT_TRUE(load_certificate(own_).has_value());
    EXPECT_EQ(pki_.read("tls/chain.pem.unusable"), chain) << "kept";

    for (const std::string& file : {own_.chain_file, own_.key_file}) {
        for (const char* content : {"", "rotten"}) {
            std::ofstream{file} << content;
            ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_)) << file;
            EXPECT_TRUE(load_certificate(own_).has_value());
        }
    }
    // A key alone, as an interrupted first start leaves it, but damaged.
    std::remove(own_.chain_file.c_str());
    std::ofstream{own_.key_file} << "rotten";
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    EXPECT_TRUE(load_certificate(own_).has_value());
}

TEST_F(SelfSigned, WithADamagedChainKeepsItsKey)
{
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    const auto key = pki_.read("tls/key.pem");
    std::ofstream{own_.chain_file} << "rotten";
    ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
    EXPECT_TRUE(load_certificate(own_).has_value());
    EXPECT_EQ(pki_.read("tls/key.pem"), key) << "TLSA records may name it";
    EXPECT_EQ(pki_.read("tls/chain.pem.unusable"), "rotten");
}

// A folder in its place stands for what tests cannot arrange as root: no permission, no free
// descriptor, a disk that fails.
TEST_F(SelfSigned, WhatIsThereAndCannotBeReadIsNotReplaced)
{
    for (const auto& [unreadable, other] :
         {std::pair{own_.key_file, own_.chain_file}, std::pair{own_.chain_file, own_.key_file}}) {
        ASSERT_TRUE(ensure_self_signed(own_, "mx.example.org", now_));
        std::filesystem::rename(unreadable, unreadable + ".aside");
        std::filesystem::create_directory(unreadable);
        const auto made = ensure_self_signed(own_, "mx.example.org", now_);
        ASSERT_FALSE(made.has_value());
        EXPECT_THAT(made.error().what, StartsWith(unreadable + ": "));
        EXPECT_TRUE(std::filesystem::is_directory(unreadable));
        EXPECT_TRUE(std::filesystem::exists(other));
        EXPECT_FALSE(std::filesystem::exists(other + ".unusable"));
        std::filesystem::remove(unreadable);
        std::filesystem::rename(unreadable + ".aside", unreadable);
    }
}

TEST_F(SelfSigned, BelowAPlainFileNothingIsThere)
{
    std::ofstream{pki_.path("plain")} << "no folder";
    const CertificateSource below{"x", pki_.path("plain/chain.pem"), pki_.path("plain/key.pem")};
    const auto found = inspect_self_signed(below);
    ASSERT_TRUE(found.has_value()) << found.error().what;
    EXPECT_EQ(found->usable, nullptr);
    EXPECT_EQ(found->damage, "");
    EXPECT_FALSE(ensure_self_signed(below, "mx.example.org", now_).has_value());
}

TEST_F(SelfSigned, NamesOnlyHosts)
{
    for (const std::string host : {"", "a,DNS:evil.test", "a b", "m\xc3\xbcller.example"}) {
        const auto made = ensure_self_signed(own_, host, now_);
        ASSERT_FALSE(made.has_value()) << host;
        EXPECT_FALSE(made.error().expected.empty());
    }
    EXPECT_TRUE(ensure_self_signed(own_, std::string(60, 'a') + ".example.org", now_));
}

TEST_F(SelfSigned, WorksForAnAddress)
{
    EXPECT_TRUE(ensure_self_signed(own_, "192.0.2.1", now_));
    EXPECT_TRUE(facts_of(*load_certificate(own_).value()).dns_names.empty());
}

// How many there may be: tests/lab/hostile_certificate_test.cc.
TEST_F(CertificateFiles, HostileNamesAreShownEscaped)
{
    PkiFixture::Leaf many{.name = "many", .dns_names = {"first.test"}};
    for (int i = 0; i < 1000; ++i) many.dns_names.push_back("h" + std::to_string(i) + ".test");
    EXPECT_EQ(facts_of(*pki_.make(many)).dns_names.back(), "h999.test") << "the last may count";
    PkiFixture::Leaf hostile{.name = "hostile", .dns_names = {"line\nbreak.test", "\x1b[31m.test"}};
    const auto certificate = pki_.make(hostile);
    ASSERT_FALSE(facts_of(*certificate).dns_names.empty());
    for (const auto& name : facts_of(*certificate).dns_names) {
        EXPECT_EQ(name.find('\n'), std::string::npos);
        EXPECT_EQ(name.find('\x1b'), std::string::npos);
    }
    EXPECT_EQ(facts_of(*certificate).subject.find('\n'), std::string::npos);
}

TEST(CaSets, AreToldApartByTheirContent)
{
    PkiFixture one;
    PkiFixture other;
    const auto digest = [](const std::string& file) {
        return identity_digest({.cas = load_cas(file).value()}, nullptr);
    };
    EXPECT_EQ(digest(one.root_file()), digest(one.root_file()));
    EXPECT_NE(digest(one.root_file()), digest(other.root_file()));
    const std::string both = one.read("root.pem") + other.read("root.pem");
    one.write("both.pem", both);
    one.write("reversed.pem", other.read("root.pem") + one.read("root.pem"));
    EXPECT_EQ(digest(one.path("both.pem")), digest(one.path("reversed.pem")));
    EXPECT_NE(digest(one.path("both.pem")), digest(one.root_file()));

    const auto client = one.make("client.example.net");
    EXPECT_NE(identity_digest({}, client.get()), identity_digest({}, nullptr));
    EXPECT_NE(identity_digest({}, client.get()),
              identity_digest({}, one.make("client.example.net").get()));
}

TEST(CaSets, OfNothingAreRefused)
{
    EXPECT_THAT(load_cas("/nonexistent/ca.pem").error().what, HasSubstr("/nonexistent/ca.pem"));
    EXPECT_TRUE(load_system_cas().has_value());
}

}  // namespace
}  // namespace hermetic::tls
