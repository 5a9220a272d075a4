// Clients that do with OpenSSL what ours never does: ALPN, renegotiation, floods of key updates.
#include "tls/connection.h"
#include "tls/openssl.h"
#include "tls/pki_fixture.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <string>
#include <unistd.h>

namespace hermetic::tls {
namespace {

// A client of OpenSSL's own: ours offers no protocols.
class RawClient {
public:
    RawClient(int socket, const std::string& protocols, int version)
        : context_{SSL_CTX_new(TLS_client_method())}
    {
        SSL_CTX_set_max_proto_version(context_.get(), version);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), socket);
        SSL_set_connect_state(ssl_.get());
        SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_);
        if (!protocols.empty()) {
            SSL_set_alpn_protos(ssl_.get(),
                                reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        }
    }
    void step() { (void)SSL_do_handshake(ssl_.get()); }
    SSL* ssl() { return ssl_.get(); }
    [[nodiscard]] std::string chosen() const
    {
        const unsigned char* name = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &length);
        return {reinterpret_cast<const char*>(name), length};
    }

private:
    char host_[21] = "second.example.org";
    SslContextPointer context_;
    SslPointer ssl_;
};

struct Seen {
    Progress progress = Progress::WantRead;
    std::string chosen;
    int alert = -1;
};

Seen shake(const std::shared_ptr<const ServerContext>& context, const std::string& protocols,
           int version)
{
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    Seen seen;
    {
        const auto server = Connection::server(context, ends[0]);
        RawClient client{ends[1], protocols, version};
        for (int turn = 0; turn < 10 && seen.progress == Progress::WantRead; ++turn) {
            client.step();
            seen.progress = server->handshake();
        }
        client.step();
        seen.chosen = client.chosen();
        if (seen.progress == Progress::Failed) seen.alert = server->failure().alert;
    }
    ::close(ends[0]);
    ::close(ends[1]);
    return seen;
}

// RFC 7301 §3.2. A client that means another protocol was led here by somebody who wants our
// answers read as that protocol's (ALPACA): it must not get as far as an answer.
TEST(Alpn, WhoOffersOnlyOtherProtocolsIsRefusedAndWhoOffersNoneIsNot)
{
    ::signal(SIGPIPE, SIG_IGN);
    PkiFixture pki;
    ServerProfile profile;
    // The second one's context is chosen by SNI: it must say the same.
    profile.certificates = {pki.make("mx.example.org"), pki.make("second.example.org")};
    const auto context = make_server_context(profile).value();
    constexpr int kNoApplicationProtocol = 120;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        EXPECT_EQ(shake(context, "", version).progress, Progress::Done);
        EXPECT_EQ(shake(context, "\x04smtp", version).chosen, "smtp");
        EXPECT_EQ(shake(context, "\x08http/1.1\x04smtp", version).chosen, "smtp");
        EXPECT_EQ(shake(context,
                        "\x05"
                        "esmtp",
                        version)
                      .chosen,
                  "esmtp");
        for (const std::string other : {"\x02h2\x08http/1.1", "\x04imap", "\x05smtps", "\x03smt"}) {
            const Seen seen = shake(context, other, version);
            EXPECT_EQ(seen.progress, Progress::Failed) << other;
            EXPECT_EQ(seen.alert, kNoApplicationProtocol) << other;
        }
    }
}

// A server and a raw client after their handshake.
struct Session {
    Session(const std::shared_ptr<const ServerContext>& context, int version)
    {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        server = Connection::server(context, ends[0]);
        client = std::make_unique<RawClient>(ends[1], "", version);
        for (int turn = 0; turn < 10; ++turn) {
            client->step();
            if (server->handshake() == Progress::Done) break;
        }
        client->step();
    }
    ~Session()
    {
        client.reset();
        server.reset();
        ::close(ends[0]);
        ::close(ends[1]);
    }
    Io read() { return server->read(block); }

    int ends[2] = {-1, -1};
    std::unique_ptr<Connection> server;
    std::unique_ptr<RawClient> client;
    char block[256] = {};
};

class HostileSession : public ::testing::Test {
protected:
    HostileSession()
    {
        ::signal(SIGPIPE, SIG_IGN);
        ServerProfile profile;
        profile.certificates = {pki_.make("mx.example.org"), pki_.make("second.example.org")};
        context_ = make_server_context(profile).value();
    }
    PkiFixture pki_;
    std::shared_ptr<const ServerContext> context_;
};

// The context that SNI chose must see the attempt as well as the listener's own.
TEST_F(HostileSession, RenegotiationEndsItAlsoBehindSni)
{
    Session session{context_, TLS1_2_VERSION};
    EXPECT_EQ(session.read().progress, Progress::WantRead);
    SSL_renegotiate(session.client->ssl());
    session.client->step();
    EXPECT_EQ(session.read().progress, Progress::Failed);
    EXPECT_EQ(session.server->failure().words, "renegotiation refused");
}

TEST_F(HostileSession, AFloodOfKeyUpdatesEndsItAndSomeBetweenDataDoNot)
{
    Session session{context_, TLS1_3_VERSION};
    const auto update = [&session] {
        SSL_key_update(session.client->ssl(), SSL_KEY_UPDATE_REQUESTED);
        session.client->step();
    };
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 30; ++i) update();
        EXPECT_EQ(SSL_write(session.client->ssl(), "NOOP\r\n", 6), 6);
        EXPECT_EQ(session.read().octets, 6U) << "round " << round;
        (void)SSL_read(session.client->ssl(), session.block, 1);
    }
    for (int i = 0; i < 100; ++i) update();
    EXPECT_EQ(session.read().progress, Progress::Failed);
    EXPECT_EQ(session.server->failure().words, "a flood of key updates or tickets");
    EXPECT_EQ(session.read().progress, Progress::Failed);
}

}  // namespace
}  // namespace hermetic::tls
