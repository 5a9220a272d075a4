#include "inbound/session_fixture.h"
#include "tls/context.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <unistd.h>

namespace hermetic::inbound {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// One certificate for all tests here.
std::shared_ptr<const tls::ServerContext> server_context()
{
    static const auto context = [] {
        std::string directory = std::filesystem::temp_directory_path() / "hermetic-inbound-XXXXXX";
        if (::mkdtemp(directory.data()) == nullptr) std::abort();
        const tls::CertificateSource source{"default", directory + "/chain.pem",
                                            directory + "/key.pem"};
        EXPECT_TRUE(tls::ensure_self_signed(source, "mx.example.org", system_clock().wall()));
        tls::ServerProfile profile;
        profile.certificates.push_back(*tls::load_certificate(source));
        std::filesystem::remove_all(directory);
        return *tls::make_server_context(profile);
    }();
    return context;
}

tls::ClientHandshake client_handshake()
{
    tls::ClientHandshake handshake;
    handshake.context = *tls::make_client_context({});
    handshake.sni = "mx.example.org";
    return handshake;
}

net::Task<> encrypt(TestClient& client)
{
    auto handshake = client_handshake();
    const auto evidence = co_await client.stream().start_tls(std::move(handshake));
    EXPECT_TRUE(evidence);
}

net::Task<> send_message(TestClient& client)
{
    EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
    EXPECT_THAT(co_await client.say("RCPT TO:<b@example.org>"), StartsWith("250"));
    EXPECT_THAT(co_await client.say("DATA"), StartsWith("354"));
    EXPECT_THAT(co_await client.say("x\r\n."), StartsWith("250"));
}

TEST(SessionTls, BeginsAnewAfterStartTls)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::StartTls;
    fixture.tls = server_context();
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.say("EHLO a"), HasSubstr("250-STARTTLS"));
        (void)co_await client.say("MAIL FROM:<forgotten@example.com>");
        EXPECT_THAT(co_await client.say("STARTTLS"), StartsWith("220 2.0.0"));
        co_await encrypt(client);
        EXPECT_THAT(co_await client.say("RCPT TO:<b@example.org>"), StartsWith("503 5.5.1"));
        EXPECT_THAT(co_await client.say("EHLO a"), Not(HasSubstr("STARTTLS")));
        co_await send_message(client);
        EXPECT_THAT(f.spool.text(0), HasSubstr("TLSv1.3"));
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.protocol, "ESMTPS");
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.tls_version, "TLSv1.3");
    });
    ASSERT_TRUE(fixture.log.sessions.at(0).client.tls);
    EXPECT_EQ(fixture.log.messages.at(0).client.tls, fixture.log.sessions[0].client.tls)
        << "one for all events of a session";
    EXPECT_TRUE(fixture.log.messages[0].client.tls_is_its_own);
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::HandshakesOk), 1);
}

TEST(SessionTls, TakesNoMailInClearWhereCertificatesAreRequired)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::StartTls;
    fixture.options.client_certificates = config::ClientCertificates::Require;
    fixture.tls = server_context();
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        EXPECT_THAT(co_await client.say("EHLO a"), HasSubstr("250-STARTTLS"));
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"),
                    StartsWith("530 5.7.0 must issue a STARTTLS command first"));
        EXPECT_THAT(co_await client.say("NOOP"), StartsWith("250"));
        EXPECT_THAT(co_await client.say("STARTTLS"), StartsWith("220 2.0.0"));
        co_await encrypt(client);  // whether it shows a certificate is the handshake's
        (void)co_await client.say("EHLO a");
        EXPECT_THAT(co_await client.say("MAIL FROM:<a@example.com>"), StartsWith("250"));
    });
}

TEST(SessionTls, NeverReadsWhatWasSentInClearBehindStartTls)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::StartTls;
    fixture.tls = server_context();
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        co_await client.send("STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n");
        EXPECT_THAT(co_await client.reply(), StartsWith("554 5.5.0"));
        EXPECT_EQ(co_await client.reply(), "(closed)");
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "sequence.early-input");
}

TEST(SessionTls, SaysSoWhereTlsHasGone)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::StartTls;
    fixture.tls = server_context();
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        f.service->set_tls("mx", nullptr);
        EXPECT_THAT(co_await client.say("STARTTLS"), StartsWith("454 4.7.0"));
        EXPECT_THAT(co_await client.say("NOOP"), StartsWith("250"));
    });
}

TEST(SessionTls, LogsAHandshakeThatFailed)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::StartTls;
    fixture.tls = server_context();
    fixture.run([](SessionFixture& /*f*/, TestClient& client) -> net::Task<> {
        (void)co_await client.reply();
        (void)co_await client.say("EHLO a");
        (void)co_await client.say("STARTTLS");
        EXPECT_THAT(co_await client.say("this is no TLS, whatever it may be"),
                    HasSubstr("(closed)"));
    });
    EXPECT_EQ(fixture.log.sessions.at(0).ended, "tls.handshake-failed");
    EXPECT_TRUE(fixture.log.sessions.at(0).tls_failure);
    EXPECT_EQ(fixture.metrics.value(metrics::Metric::HandshakesFailed), 1);
}

TEST(SessionTls, ServesImplicitTlsBehindAProxy)
{
    SessionFixture fixture;
    fixture.options.tls = config::ListenerTls::Implicit;
    fixture.options.proxy_networks = {*Network::parse("127.0.0.0/8")};
    fixture.tls = server_context();
    fixture.run([](SessionFixture& f, TestClient& client) -> net::Task<> {
        // Header and hello arrive together: the header's reader must leave the hello alone.
        std::string header{
            "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01\x10\x00\x00\x19",
            28};
        co_await client.send(std::move(header));
        co_await encrypt(client);
        EXPECT_THAT(co_await client.reply(), StartsWith("220"));
        (void)co_await client.say("EHLO a");
        co_await send_message(client);
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.client.format(), "192.0.2.7:4096");
        EXPECT_EQ(f.spool.stored[0]->envelope->arrival.protocol, "ESMTPS");
    });
}

}  // namespace
}  // namespace hermetic::inbound
