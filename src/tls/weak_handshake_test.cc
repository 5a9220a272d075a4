// Handshakes of TLS 1.2 that lack something of today's strength: what is refused in them, what is
// seen of them, and that they are not resumed (specification §4.1).
#include "tls/connection.h"
#include "tls/pki_fixture.h"
#include "tls/server_context.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <string>
#include <unistd.h>

namespace hermetic::tls {
namespace {

using facts::TlsFailure;
using facts::TlsVersion;
using facts::Weakness;

class WeakHandshake : public ::testing::Test {
protected:
    WeakHandshake()
    {
        ::signal(SIGPIPE, SIG_IGN);
        profile_.certificates = {
            pki_.make({.name = "mx", .dns_names = {"mx.test"}, .key = "rsa2048"})};
        profile_.max = TlsVersion::Tls12;
        profile_.ciphers = "ALL:@SECLEVEL=0";
        server_ = make_server_context(profile_).value();
        SSL_CTX_set_security_level(server_->main(), 0);
    }
    void only_a_small_group()
    {
        constexpr long kOf1024Bits = 2;
        EXPECT_EQ(SSL_CTX_set_cipher_list(server_->main(), "DHE:@SECLEVEL=0"), 1);
        SSL_CTX_ctrl(server_->main(), SSL_CTRL_SET_DH_AUTO, kOf1024Bits, nullptr);
    }
    void sign_with_sha1()
    {
        constexpr std::string_view kList = "RSA+SHA1";
        EXPECT_EQ(SSL_CTX_ctrl(server_->main(), SSL_CTRL_SET_SIGALGS_LIST, 0,
                               const_cast<char*>(kList.data())),
                  1);
    }

    struct Shaken {
        Progress progress = Progress::WantRead;
        facts::TlsEvidence evidence;
        TlsFailure failure;
    };
    Shaken shake(const ClientProfile& profile, const std::string& instead_of_a_server = {})
    {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        ClientHandshake handshake;
        handshake.context = make_client_context(profile).value();
        handshake.sni = handshake.expected_name = "mx.test";
        handshake.cache = cache_.get();
        handshake.reuse_key = "key";
        Shaken shaken;
        {
            auto server = Connection::server(server_, ends[0]);
            auto client = Connection::client(std::move(handshake), ends[1]);
            for (int turn = 0; turn < 20 && shaken.progress != Progress::Failed; ++turn) {
                if (shaken.progress != Progress::Done) shaken.progress = client->handshake();
                if (instead_of_a_server.empty()) {
                    (void)server->handshake();
                } else if (turn == 0) {
                    EXPECT_GT(
                        ::write(ends[0], instead_of_a_server.data(), instead_of_a_server.size()),
                        0);
                }
            }
            if (shaken.progress == Progress::Failed) {
                shaken.failure = client->failure();
            } else {
                shaken.evidence = client->evidence();
            }
        }
        ::close(ends[0]);
        ::close(ends[1]);
        return shaken;
    }
    static ClientProfile weak()
    {
        ClientProfile profile;
        profile.max = TlsVersion::Tls12;
        profile.hello = Hello::Minimal;
        profile.weak = WeakHandshakes::Accepted;
        return profile;
    }

    PkiFixture pki_;
    ServerProfile profile_;
    std::shared_ptr<const ServerContext> server_;
    SessionCachePointer cache_ = make_session_cache(10);
};

TEST_F(WeakHandshake, StrongOnesLackNothing)
{
    EXPECT_EQ(shake({}).evidence.weakness, Weakness::None);
    EXPECT_EQ(shake(weak()).evidence.weakness, Weakness::None);
}

TEST_F(WeakHandshake, ASmallGroupIsSeenAndNeverResumed)
{
    only_a_small_group();
    for (int i = 0; i < 2; ++i) {
        const auto shaken = shake({});
        ASSERT_EQ(shaken.progress, Progress::Done);
        EXPECT_EQ(shaken.evidence.weakness, Weakness::Group);
        EXPECT_FALSE(shaken.evidence.resumed) << "its session would not show it";
    }
}

TEST_F(WeakHandshake, ASmallGroupGetsNoCertificateOfOurs)
{
    only_a_small_group();
    ClientProfile mutual;
    mutual.client_certificate = pki_.make("us.test");
    const auto shaken = shake(mutual);
    EXPECT_EQ(shaken.progress, Progress::Failed);
    EXPECT_EQ(shaken.failure.kind, TlsFailure::Kind::Local);
    EXPECT_EQ(shaken.failure.weakness, Weakness::Group);
}

TEST_F(WeakHandshake, Sha1IsSpokenOnTheWeakStepAlone)
{
    sign_with_sha1();
    EXPECT_EQ(shake({}).progress, Progress::Failed);
    const auto shaken = shake(weak());
    ASSERT_EQ(shaken.progress, Progress::Done);
    EXPECT_EQ(shaken.evidence.weakness, Weakness::Signature);
}

// OpenSSL has no server that lacks RFC 5746: this hello is made by hand, without any extension.
TEST_F(WeakHandshake, AServerWithoutSecureRenegotiationIsToldApart)
{
    std::string hello{"\x03\x03", 2};
    hello += std::string(32, 'r') + std::string{"\x00\xc0\x2f\x00", 4};
    std::string record{"\x16\x03\x03\x00", 4};
    record += static_cast<char>(hello.size() + 4);
    record += std::string{"\x02\x00\x00", 3};
    record += static_cast<char>(hello.size());
    record += hello;
    const auto refused = shake({}, record);
    EXPECT_EQ(refused.failure.kind, TlsFailure::Kind::Local);
    EXPECT_EQ(refused.failure.weakness, Weakness::Renegotiation);
    EXPECT_NE(shake(weak(), record).progress, Progress::Failed) << "it goes on";
}

}  // namespace
}  // namespace hermetic::tls
