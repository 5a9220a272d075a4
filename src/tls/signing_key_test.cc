// What is signed is checked with OpenSSL's own verification.
#include "tls/signing_key.h"

#include "core/text.h"
#include "tls/durable_file.h"
#include "tls/openssl.h"
#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace hermetic::tls {
namespace {

class KeyFile : public testing::Test {
protected:
    KeyFile() { static_cast<void>(write_durably(file_, key_.pem(), FileMode::OwnerOnly)); }

    PkiFixture pki_;
    SigningKey key_ = SigningKey::make();
    std::string file_ = pki_.path("made/account.key");
};

TEST_F(KeyFile, ComesBackAsItWasWritten)
{
    struct stat status {};
    ASSERT_EQ(::stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto again = SigningKey::load(file_);
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->public_point().x, key_.public_point().x);
    EXPECT_EQ(again->public_point().y.size(), 32U);
    EXPECT_EQ(again->pem(), key_.pem());
}

TEST_F(KeyFile, ThatIsDamagedOrOfAnotherKindIsAnError)
{
    EXPECT_FALSE(SigningKey::load(pki_.path("nothing.key")));
    std::ofstream{file_} << "-----BEGIN PRIVATE KEY-----\nMIGH\n";
    EXPECT_FALSE(SigningKey::load(file_));
    const std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>> other{EVP_EC_gen("P-384")};
    const BioPointer out{BIO_new_file(file_.c_str(), "w")};
    PEM_write_bio_PrivateKey(out.get(), other.get(), nullptr, nullptr, 0, nullptr, nullptr);
    BIO_flush(out.get());
    const auto loaded = SigningKey::load(file_);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().what, testing::HasSubstr("P-256"));
}

TEST(SigningKey, ARequestNamesAllAndIsSignedByTheKey)
{
    const SigningKey key = SigningKey::make();
    const std::string der = key.certificate_request({"mx.example.org", "b.example.org"});
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>> request{
        d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size()))};
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())), 1);
    EXPECT_NE(der.find("mx.example.org"), std::string::npos);
    EXPECT_NE(der.find("b.example.org"), std::string::npos);
    EXPECT_EQ(key.certificate_request({"a,DNS:b.example.org"}), "");
}

TEST(SigningKey, SignaturesHaveTheFormOfJws)
{
    const SigningKey key = SigningKey::make();
    for (int i = 0; i < 300; ++i)  // some numbers begin with zeros
        EXPECT_EQ(key.sign("text " + std::to_string(i)).size(), 64U);
}

TEST(Sha256, OfAbc)
{
    EXPECT_EQ(to_hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 4231 §4.3 and §4.7: a key shorter and one longer than a block.
TEST(HmacSha256, OfTheTestCases)
{
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                 "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(DurableFile, ThatCannotBeWrittenLeavesNothing)
{
    const PkiFixture pki;
    const auto written = write_durably("/proc/nothing/file", "x", FileMode::Readable);
    EXPECT_FALSE(written);
    ASSERT_TRUE(write_durably(pki.path("a/b/file"), "one", FileMode::Readable));
    ASSERT_TRUE(write_durably(pki.path("a/b/file"), "two", FileMode::Readable));
    EXPECT_EQ(pki.read("a/b/file"), "two");
}

TEST(DurableFile, HasTheModeThatIsAskedFor)
{
    const PkiFixture pki;
    ASSERT_TRUE(write_durably(pki.path("file"), "one", FileAccess{0640, std::nullopt}));
    struct stat status {};
    ASSERT_EQ(::stat(pki.path("file").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
}

TEST(DurableFile, ThatCannotTakeItsPlaceLeavesNoDraft)
{
    const PkiFixture pki;
    std::filesystem::create_directories(pki.path("a/file"));
    const auto written = write_durably(pki.path("a/file"), "x", FileMode::OwnerOnly);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().find("has been written"), std::string::npos);
    const std::filesystem::directory_iterator files{pki.path("a")};
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

}  // namespace
}  // namespace hermetic::tls
