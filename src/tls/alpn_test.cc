// Which application protocols a server's handshake takes: clients that offer raw lists of them.
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

}  // namespace
}  // namespace hermetic::tls
