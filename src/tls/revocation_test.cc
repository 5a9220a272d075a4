// What CRLs and stapled OCSP responses do to the verdict on a chain, in full and resumed
// handshakes.
#include "tls/certificate.h"
#include "tls/connection.h"
#include "tls/pki_fixture.h"
#include "tls/server_context.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <unistd.h>
#include <utility>

namespace hermetic::tls {
namespace {

using facts::ChainVerdict;
using facts::Revocation;
using facts::TlsVersion;
using Status = PkiFixture::Status;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int staple(SSL* ssl, void* response)
{
    const auto& octets = *static_cast<const std::string*>(response);
    if (octets.empty()) return SSL_TLSEXT_ERR_NOACK;
    void* copy = OPENSSL_memdup(octets.data(), octets.size());
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, static_cast<long>(octets.size()), copy);
    return SSL_TLSEXT_ERR_OK;
}

class RevocationTest : public ::testing::Test {
protected:
    RevocationTest()
    {
        ::signal(SIGPIPE, SIG_IGN);
        trust_.cas = load_cas(pki_.root_file()).value();
        trust_.stapled = true;
        serve(pki_.make("mx.test"));
    }
    void serve(std::shared_ptr<const Certificate> certificate)
    {
        leaf_ = std::move(certificate);
        ServerProfile profile;
        profile.certificates = {leaf_};
        server_ = make_server_context(profile).value();
        SSL_CTX_callback_ctrl(server_->main(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                              reinterpret_cast<void (*)()>(&staple));
        SSL_CTX_ctrl(server_->main(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, &staple_);
    }
    facts::TlsEvidence shake(TlsVersion max = TlsVersion::Tls13)
    {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        ClientProfile profile;
        profile.max = max;
        ClientHandshake handshake;
        handshake.context = make_client_context(profile).value();
        handshake.trust = trust_;
        handshake.sni = handshake.expected_name = "mx.test";
        handshake.cache = cache_.get();
        handshake.reuse_key = "key";
        facts::TlsEvidence evidence;
        {
            auto server = Connection::server(server_, ends[0]);
            auto client = Connection::client(std::move(handshake), ends[1]);
            Progress done = Progress::WantRead;
            for (int turn = 0; turn < 20; ++turn) {
                if (done != Progress::Done) done = client->handshake();
                (void)server->handshake();
            }
            EXPECT_EQ(done, Progress::Done);
            std::array<char, 64> block{};
            (void)client->read(block);  // tickets
            evidence = client->evidence();
        }
        ::close(ends[0]);
        ::close(ends[1]);
        return evidence;
    }
    void crls(const std::string& text)
    {
        std::filesystem::create_directories(pki_.path("crls"));
        pki_.write("crls/crl.pem", text);
        trust_.crls = load_crls(pki_.path("crls")).crls;
    }

    PkiFixture pki_;
    Trust trust_;
    std::string staple_;
    std::shared_ptr<const Certificate> leaf_;
    std::shared_ptr<const ServerContext> server_;
    SessionCachePointer cache_ = make_session_cache(10);
};

TEST_F(RevocationTest, WithoutAnyWordTheChainPasses)
{
    const auto seen = shake();
    EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified);
    EXPECT_EQ(seen.revocation, Revocation::Unknown);
    EXPECT_EQ(seen.verified_spki.size(), 2U);
}

TEST_F(RevocationTest, AStapleSaysGoodRevokedOrUnknown)
{
    staple_ = pki_.make_staple(*leaf_, Status::Good);
    EXPECT_EQ(shake(TlsVersion::Tls12).revocation, Revocation::Good);
    cache_ = make_session_cache(10);
    staple_ = pki_.make_staple(*leaf_, Status::Unknown);
    EXPECT_EQ(shake().revocation, Revocation::Unknown);
    cache_ = make_session_cache(10);
    staple_ = pki_.make_staple(*leaf_, Status::Revoked);
    const auto seen = shake();
    EXPECT_EQ(seen.revocation, Revocation::Revoked);
    EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Failed);
    EXPECT_EQ(seen.verdict.error, "certificate revoked");
    EXPECT_TRUE(seen.verified_spki.empty());
}

TEST_F(RevocationTest, AStapleThatCannotBeBelievedIsNone)
{
    const auto other = pki_.make("other.test");
    for (const std::string& each :
         {std::string{"nonsense"}, pki_.make_staple(*leaf_, Status::Revoked, -1),
          pki_.make_staple(*leaf_, Status::Revoked, 1, true),
          pki_.make_staple(*other, Status::Revoked)}) {
        cache_ = make_session_cache(10);
        staple_ = each;
        const auto seen = shake();
        EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified);
        EXPECT_EQ(seen.revocation, Revocation::Unknown);
    }
}

// Without a time of its own a response says that newer ones are to be had all the time (RFC 6960
// §4.2.2.1): one of yesterday is none.
TEST_F(RevocationTest, AStapleThatDoesNotSayUntilWhenCountsForADay)
{
    staple_ = pki_.make_open_staple(*leaf_, Status::Good, 23);
    EXPECT_EQ(shake().revocation, Revocation::Good);
    cache_ = make_session_cache(10);
    staple_ = pki_.make_open_staple(*leaf_, Status::Good, 25);
    EXPECT_EQ(shake().revocation, Revocation::Unknown);
}

TEST_F(RevocationTest, ALeafThatDemandsAStapleNeedsAGoodOne)
{
    serve(pki_.make(
        PkiFixture::Leaf{.name = "strict", .dns_names = {"mx.test"}, .must_staple = true}));
    for (const std::string& each : {std::string{}, pki_.make_staple(*leaf_, Status::Good, -1),
                                    pki_.make_staple(*leaf_, Status::Good, 1, true)}) {
        cache_ = make_session_cache(10);
        staple_ = each;
        const auto seen = shake();
        EXPECT_EQ(seen.revocation, Revocation::StapleMissing);
        EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Failed);
    }
    cache_ = make_session_cache(10);
    staple_ = pki_.make_staple(*leaf_, Status::Good);
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified);
    trust_.stapled = false;
    staple_.clear();
    cache_ = make_session_cache(10);
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified) << "nobody asked";
}

TEST_F(RevocationTest, AResumedSessionKeepsItsStaple)
{
    serve(pki_.make(
        PkiFixture::Leaf{.name = "strict", .dns_names = {"mx.test"}, .must_staple = true}));
    staple_ = pki_.make_staple(*leaf_, Status::Good);
    for (const auto max : {TlsVersion::Tls12, TlsVersion::Tls13}) {
        cache_ = make_session_cache(10);
        EXPECT_FALSE(shake(max).resumed);
        for (int again = 0; again < 3; ++again) {
            const auto seen = shake(max);
            EXPECT_TRUE(seen.resumed);
            EXPECT_EQ(seen.revocation, Revocation::Good);
            EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified) << seen.verdict.error;
        }
    }
}

TEST_F(RevocationTest, ACrlCountsWhereItIsTheIssuers)
{
    crls(pki_.make_crl({pki_.make("other.test")}));
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified);
    crls(pki_.make_crl({leaf_}));
    const auto seen = shake();
    EXPECT_TRUE(seen.resumed) << "and a resumed session is judged anew";
    EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Failed);
    EXPECT_EQ(seen.revocation, Revocation::Revoked);
    PkiFixture stranger;
    crls(stranger.make_crl({leaf_}));
    EXPECT_NE(shake().revocation, Revocation::Revoked) << "it has another key";
}

TEST_F(RevocationTest, AnOverdueCrlStillSaysWhatItSays)
{
    crls(pki_.make_crl({leaf_}, -1));
    EXPECT_EQ(shake().revocation, Revocation::Revoked);
    EXPECT_THAT(overdue(*trust_.crls, WallTime{std::chrono::hours{24 * 365 * 100}}),
                ::testing::ElementsAre(HasSubstr("CRL of CN=Test Intermediate, due ")));
    crls(pki_.make_crl({}, -1));
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified);
}

TEST_F(RevocationTest, TheSystemsCasAreAskedBesideOwnOnes)
{
    PkiFixture other;
    trust_.system = load_cas(other.root_file()).value();
    const auto seen = shake();
    EXPECT_EQ(seen.verdict.state, ChainVerdict::State::Verified);
    ASSERT_TRUE(seen.system_verdict);
    EXPECT_EQ(seen.system_verdict->state, ChainVerdict::State::Failed);
}

TEST_F(RevocationTest, AFileThatCannotBeReadHoldsUpNoOther)
{
    const auto other = pki_.make("other.test");
    crls(pki_.make_crl({other}));
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified);
    pki_.write("crls/half.pem", "half a downlo");
    pki_.write("crls/crl.pem", pki_.make_crl({other, leaf_}));
    const auto loaded = load_crls(pki_.path("crls"), trust_.crls);
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_THAT(loaded.faults[0].what, AllOf(HasSubstr("crls/half.pem: "),
                                             HasSubstr("the other CRLs in the folder are used")));
    EXPECT_THAT(loaded.files, ElementsAre(pki_.path("crls/crl.pem"), pki_.path("crls/half.pem")));
    trust_.crls = loaded.crls;
    EXPECT_EQ(shake().revocation, Revocation::Revoked);
}

TEST_F(RevocationTest, WhatAFileSaidStaysInForceWhereItCannotBeReadAnyMore)
{
    namespace filesystem = std::filesystem;
    crls(pki_.make_crl({leaf_}));
    const std::string file = pki_.path("crls/crl.pem");
    const std::pair<const char*, std::function<void()>> ways[] = {
        {"garbage", [&] { pki_.write("crls/crl.pem", "garbage"); }},
        {"a pipe", [&] { EXPECT_EQ(::mkfifo(file.c_str(), 0600), 0); }},
        {"a link to nowhere", [&] { filesystem::create_symlink("nowhere", file); }},
        {"a directory", [&] { filesystem::create_directory(file); }},
    };
    for (const auto& [what, make] : ways) {
        SCOPED_TRACE(what);
        filesystem::remove(file);
        make();
        const auto loaded = load_crls(pki_.path("crls"), trust_.crls);
        ASSERT_EQ(loaded.faults.size(), 1U);
        EXPECT_THAT(
            loaded.faults[0].what,
            AllOf(HasSubstr("crls/crl.pem: "), HasSubstr("its last valid content stays in force")));
        trust_.crls = loaded.crls;
        EXPECT_EQ(shake().revocation, Revocation::Revoked);
    }
    filesystem::remove(file);
    const auto loaded = load_crls(pki_.path("crls"), trust_.crls);
    EXPECT_THAT(loaded.faults, IsEmpty());
    EXPECT_THAT(loaded.files, IsEmpty());
    trust_.crls = loaded.crls;
    EXPECT_EQ(shake().verdict.state, ChainVerdict::State::Verified) << "it was taken away";
}

TEST_F(RevocationTest, AFolderThatCannotBeReadAnyMoreStaysInForce)
{
    crls(pki_.make_crl({leaf_}));
    std::filesystem::rename(pki_.path("crls"), pki_.path("away"));
    const auto loaded = load_crls(pki_.path("crls"), trust_.crls);
    EXPECT_EQ(loaded.crls, trust_.crls);
    EXPECT_EQ(loaded.faults.size(), 1U);
    EXPECT_THAT(loaded.files, ElementsAre(pki_.path("crls/crl.pem")));
}

class CrlFolders : public ::testing::Test {
protected:
    CrlFolders() { std::filesystem::create_directories(pki_.path("crls")); }
    [[nodiscard]] LoadedCrls load(const std::shared_ptr<const CrlSet>& before = nullptr) const
    {
        return load_crls(pki_.path("crls"), before);
    }
    PkiFixture pki_;
};

TEST_F(CrlFolders, WithAnythingElseAreRefused)
{
    const auto missing = load_crls("/nonexistent");
    EXPECT_EQ(missing.crls, nullptr);
    ASSERT_EQ(missing.faults.size(), 1U);
    EXPECT_THAT(missing.faults[0].what, HasSubstr("/nonexistent"));
    EXPECT_EQ(load_crls(pki_.path("")).crls, nullptr) << "certificates are no CRLs";
}

TEST_F(CrlFolders, AreReadWholeOrNotAtAllWhereNothingIsKnownOfThem)
{
    pki_.write("crls/good.pem", pki_.make_crl({}));
    pki_.write("crls/half.pem", "half a downlo");
    std::filesystem::create_directory(pki_.path("crls/old.pem"));
    const auto first = load();
    EXPECT_EQ(first.crls, nullptr);
    ASSERT_EQ(first.faults.size(), 1U);
    EXPECT_THAT(first.faults[0].what,
                AllOf(HasSubstr("half.pem: "), HasSubstr("no certificate is verified")));
    EXPECT_THAT(first.files, ElementsAre(pki_.path("crls/good.pem"), pki_.path("crls/half.pem")));

    std::filesystem::create_directory(pki_.path("other"));
    const auto other = load_crls(pki_.path("other")).crls;
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(load(other).crls, other) << "another folder says nothing of this one's files";

    pki_.write("crls/half.pem", pki_.make_crl({}));
    EXPECT_NE(load().crls, nullptr);
    EXPECT_NE(load(other).crls, other);
}

TEST_F(CrlFolders, HoldDerToo)
{
    pki_.write("crl.pem", pki_.make_crl({}));
    const std::string text = pki_.read("crl.pem");
    const BioPointer pem = memory_bio(text);
    X509_CRL* const crl = PEM_read_bio_X509_CRL(pem.get(), nullptr, nullptr, nullptr);
    unsigned char* der = nullptr;
    const int length = i2d_X509_CRL(crl, &der);
    ASSERT_GT(length, 0);
    pki_.write("crls/crl.der",
               {reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)});
    OPENSSL_free(der);
    X509_CRL_free(crl);
    EXPECT_THAT(load().faults, IsEmpty());
}

TEST_F(CrlFolders, TakeAThousandFilesAndSayWhichIsTooMany)
{
    const std::string crl = pki_.make_crl({});
    for (int i = 0; i < 1000; ++i) pki_.write("crls/" + std::to_string(i) + ".pem", crl);
    const auto full = load();
    ASSERT_NE(full.crls, nullptr);
    for (const char* more : {"x.pem", "y.pem"}) pki_.write(std::string{"crls/"} + more, crl);
    const auto over = load(full.crls);
    ASSERT_EQ(over.faults.size(), 1U);
    EXPECT_THAT(over.faults[0].what, HasSubstr("x.pem: too many files in its folder"));
    EXPECT_NE(over.crls, full.crls);
}

}  // namespace
}  // namespace hermetic::tls
