// Streams with TLS over loopback: STARTTLS on both sides, what is thrown away at it, and its
// failures.
#include "net/core_fixture.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "tls/context.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace hermetic::net {
namespace {

using namespace std::chrono_literals;
using Kind = StreamError::Kind;
using facts::TlsFailure;
using facts::TlsVersion;
using ::testing::HasSubstr;

// One certificate for all tests of this file.
class Identity {
public:
    Identity()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "hermetic-net-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        const tls::CertificateSource source{"own", directory_ + "/chain.pem",
                                            directory_ + "/key.pem"};
        EXPECT_TRUE(tls::ensure_self_signed(source, "mx.example.org", system_clock().wall()));
        certificate = tls::load_certificate(source).value();
        cas = tls::load_cas(source.chain_file).value();
    }
    ~Identity() { std::filesystem::remove_all(directory_); }
    std::shared_ptr<const tls::Certificate> certificate;
    std::shared_ptr<const tls::CaSet> cas;

private:
    std::string directory_;
};

const Identity& identity()
{
    static const Identity one;
    return one;
}

std::shared_ptr<const tls::ServerContext> server_context(
    tls::ClientCertificates asked = tls::ClientCertificates::Off)
{
    tls::ServerProfile profile;
    profile.certificates = {identity().certificate};
    profile.client_certificates = asked;
    return tls::make_server_context(profile).value();
}

tls::ClientHandshake client_handshake(TlsVersion max = TlsVersion::Tls13)
{
    tls::ClientProfile profile;
    profile.max = max;
    tls::ClientHandshake handshake;
    handshake.trust.cas = identity().cas;
    handshake.context = tls::make_client_context(profile).value();
    handshake.sni = handshake.expected_name = "mx.example.org";
    return handshake;
}

class TlsStream : public ::testing::Test {
protected:
    TlsStream()
    {
        ignore_sigpipe();
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        server_ = make(ends[0]);
        client_ = make(ends[1]);
    }
    std::unique_ptr<Stream> make(int descriptor)
    {
        Socket socket{loop_.core.executor()};
        socket.assign(boost::asio::ip::tcp::v4(), descriptor);
        auto stream = std::make_unique<Stream>(loop_.core, std::move(socket));
        stream->until(loop_.in(60s));
        return stream;
    }
    using Shaken = Result<facts::TlsEvidence, TlsFailure>;
    static Task<> serve(Stream& stream, std::shared_ptr<const tls::ServerContext> context,
                        Shaken& shaken)
    {
        shaken = co_await stream.start_tls(std::move(context));
        if (!shaken) stream.close();
    }
    static Task<> start(Stream& stream, tls::ClientHandshake handshake, Shaken& shaken)
    {
        shaken = co_await stream.start_tls(std::move(handshake));
    }
    void shake()
    {
        loop_.run(serve(*server_, server_context(), at_server_),
                  start(*client_, client_handshake(), at_client_));
        ASSERT_TRUE(at_server_.has_value());
        ASSERT_TRUE(at_client_.has_value());
    }
    static Task<> write(Stream& stream, std::string_view bytes, Result<void, StreamError>& done)
    {
        done = co_await stream.write(bytes);
    }
    static Task<> read(Stream& stream, Result<std::string, StreamError>& line)
    {
        const auto got = co_await stream.read_line(1000);
        if (got) {
            line = std::string{got->text};
        } else {
            line = failure(got.error());
        }
    }
    Result<std::string, StreamError> read_line(Stream& stream)
    {
        Result<std::string, StreamError> line;
        loop_.run(read(stream, line));
        return line;
    }
    Result<void, StreamError> write(Stream& stream, std::string_view bytes)
    {
        Result<void, StreamError> done;
        loop_.run(write(stream, bytes, done));
        return done;
    }

    CoreFixture loop_;
    std::unique_ptr<Stream> server_;
    std::unique_ptr<Stream> client_;
    Shaken at_server_ = failure(TlsFailure{});
    Shaken at_client_ = failure(TlsFailure{});
};

TEST_F(TlsStream, ShakesHandsAndCarriesLinesBothWays)
{
    EXPECT_FALSE(server_->is_tls());
    shake();
    EXPECT_TRUE(server_->is_tls());
    EXPECT_EQ(at_server_->version, TlsVersion::Tls13);
    EXPECT_EQ(at_client_->verdict.state, facts::ChainVerdict::State::Verified)
        << at_client_->verdict.error;
    EXPECT_TRUE(at_client_->name_matches);
    EXPECT_TRUE(write(*client_, "EHLO a\r\nNOOP\r\n"));
    EXPECT_EQ(*read_line(*server_), "EHLO a");
    EXPECT_TRUE(server_->has_unread_input());
    EXPECT_EQ(*read_line(*server_), "NOOP");
    EXPECT_FALSE(server_->has_unread_input());
    EXPECT_TRUE(write(*server_, "250 ok\r\n"));
    EXPECT_EQ(*read_line(*client_), "250 ok");
}

TEST_F(TlsStream, WhatCameInClearBeforeTheHandshakeIsNeverRead)
{
    EXPECT_TRUE(write(*client_, "STARTTLS\r\nMAIL FROM:<injected@example.net>\r\n"));
    EXPECT_EQ(*read_line(*server_), "STARTTLS");
    EXPECT_TRUE(server_->has_unread_input()) << "the session can see the injection";
    shake();
    EXPECT_EQ(server_->buffered(), 0U);
    EXPECT_TRUE(write(*client_, "EHLO a\r\n"));
    EXPECT_EQ(*read_line(*server_), "EHLO a");
}

TEST_F(TlsStream, ClearTextInPlaceOfTheHelloFailsTheHandshake)
{
    EXPECT_TRUE(write(*client_, "MAIL FROM:<injected@example.net>\r\n"));
    loop_.run(serve(*server_, server_context(), at_server_));
    ASSERT_FALSE(at_server_.has_value());
    EXPECT_EQ(at_server_.error().kind, TlsFailure::Kind::Protocol);
    EXPECT_FALSE(at_server_.error().words.empty());
}

TEST_F(TlsStream, InjectedRepliesOfAServerAreThrownAway)
{
    EXPECT_TRUE(write(*server_, "220 go ahead\r\n250 injected\r\n"));
    EXPECT_EQ(*read_line(*client_), "220 go ahead");
    EXPECT_GT(client_->buffered(), 0U);
    shake();
    EXPECT_EQ(client_->buffered(), 0U);
    EXPECT_TRUE(write(*server_, "250 true\r\n"));
    EXPECT_EQ(*read_line(*client_), "250 true");
}

TEST_F(TlsStream, AHandshakeEndsAtTheDeadline)
{
    client_->until(loop_.in(10ms));
    loop_.run(start(*client_, client_handshake(), at_client_));
    ASSERT_FALSE(at_client_.has_value());
    EXPECT_EQ(at_client_.error().kind, TlsFailure::Kind::TimedOut);
    client_->until(loop_.in(60s));
    EXPECT_EQ(read_line(*client_).error().kind, Kind::TimedOut) << "only close() is left";
}

TEST_F(TlsStream, AHandshakeThatThePeerLeavesIsClosed)
{
    server_->close();
    loop_.run(start(*client_, client_handshake(), at_client_));
    ASSERT_FALSE(at_client_.has_value());
    EXPECT_EQ(at_client_.error().kind, TlsFailure::Kind::Closed);
}

TEST_F(TlsStream, ARefusedVersionIsAnAlertToTheClient)
{
    tls::ServerProfile profile;
    profile.certificates = {identity().certificate};
    profile.min = TlsVersion::Tls13;
    loop_.run(serve(*server_, tls::make_server_context(profile).value(), at_server_),
              start(*client_, client_handshake(TlsVersion::Tls12), at_client_));
    EXPECT_EQ(at_server_.error().kind, TlsFailure::Kind::Local);
    EXPECT_EQ(at_client_.error().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(at_client_.error().alert, 70);
}

// Specification §4.3: with TLS 1.3 the server's refusal comes with the first read.
TEST_F(TlsStream, AnAlertOnTheFirstReadSaysWhichOne)
{
    loop_.run(serve(*server_, server_context(tls::ClientCertificates::Require), at_server_),
              start(*client_, client_handshake(), at_client_));
    EXPECT_FALSE(at_server_.has_value());
    ASSERT_TRUE(at_client_.has_value());
    const auto line = read_line(*client_);
    ASSERT_FALSE(line.has_value());
    EXPECT_EQ(line.error().kind, Kind::TlsAlert);
    ASSERT_TRUE(line.error().tls.has_value());
    EXPECT_EQ(line.error().tls->alert, 116);
    EXPECT_THAT(describe(line.error()), HasSubstr("certificate required"));
}

// What is written first breaks: the peer has judged us and gone. Its last word is there all the
// same.
TEST_F(TlsStream, AnAlertIsReadAlsoWhereAWriteFailedFirst)
{
    loop_.run(serve(*server_, server_context(tls::ClientCertificates::Require), at_server_),
              start(*client_, client_handshake(), at_client_));
    ASSERT_TRUE(at_client_.has_value());
    const auto written = write(*client_, "EHLO us.test\r\n");
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().kind, Kind::Reset);
    EXPECT_EQ(write(*client_, "QUIT\r\n").error().kind, Kind::Reset) << "and stays so";
    const auto line = read_line(*client_);
    ASSERT_FALSE(line.has_value());
    EXPECT_EQ(line.error().kind, Kind::TlsAlert);
    ASSERT_TRUE(line.error().tls.has_value());
    EXPECT_EQ(line.error().tls->alert, 116);
}

TEST_F(TlsStream, CloseSaysGoodbyeAndWaitsForNobody)
{
    shake();
    client_->close();
    EXPECT_EQ(read_line(*server_).error().kind, Kind::Closed);
    EXPECT_TRUE(server_->is_stale());
}

TEST_F(TlsStream, APooledConnectionIsStaleOnlyOnceThePeerHasGone)
{
    shake();
    EXPECT_FALSE(client_->is_stale()) << "tickets are no input";
    EXPECT_TRUE(write(*server_, "421 idle too long\r\n"));
    EXPECT_TRUE(client_->is_stale());
    EXPECT_EQ(*read_line(*client_), "421 idle too long");
    EXPECT_FALSE(client_->is_stale());
    server_->close();
    EXPECT_TRUE(client_->is_stale());
}

TEST_F(TlsStream, LargeWritesCrossWithBothSidesBusy)
{
    struct Steps {
        static Task<> send(Stream& stream, const std::string& text)
        {
            const auto written = co_await stream.write(text);
            EXPECT_TRUE(written.has_value());
        }
        static Task<> receive(Stream& stream, std::size_t wanted, std::string& got)
        {
            while (got.size() < wanted) {
                const auto seen = co_await stream.peek();
                if (!seen) co_return;
                got += *seen;
                stream.consume(seen->size());
            }
        }
        static Task<> both(CoreFixture& loop, Stream& stream, const std::string& text,
                           std::string& got)
        {
            TaskGroup group{loop.core};
            group.spawn(send(stream, text));
            group.spawn(receive(stream, text.size(), got));
            co_await group.join();
        }
    };
    shake();
    std::string text;
    for (int i = 0; i < 300'000; ++i) text += std::to_string(i);
    std::string at_client;
    std::string at_server;
    loop_.run(Steps::both(loop_, *client_, text, at_client),
              Steps::both(loop_, *server_, text, at_server));
    EXPECT_EQ(at_client, text);
    EXPECT_EQ(at_server, text);
}

// The openssl command as the other side.
class OpensslClient {
public:
    explicit OpensslClient(std::vector<std::string> arguments)
    {
        int to_child[2];
        int from_child[2];
        EXPECT_EQ(::pipe2(to_child, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(from_child, O_CLOEXEC), 0);
        arguments.insert(arguments.begin(), {"openssl", "s_client"});
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(to_child[0], 0);
            ::dup2(from_child[1], 1);
            ::dup2(from_child[1], 2);
            ::execvp("openssl", argv.data());
            ::_exit(127);
        }
        ::close(to_child[0]);
        ::close(from_child[1]);
        input_ = to_child[1];
        output_ = from_child[0];
    }
    ~OpensslClient()
    {
        if (input_ >= 0) ::close(input_);
        ::close(output_);
        ::waitpid(process_, nullptr, 0);
    }
    void type(std::string_view text) const
    {
        EXPECT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // Until it ends.
    std::string output()
    {
        ::close(input_);
        input_ = -1;
        std::string all;
        char block[4096];
        for (ssize_t got = 0; (got = ::read(output_, block, sizeof block)) > 0;) {
            all.append(block, static_cast<std::size_t>(got));
        }
        return all;
    }

private:
    pid_t process_ = -1;
    int input_ = -1;
    int output_ = -1;
};

class OpensslCommand : public ::testing::Test {
protected:
    OpensslCommand()
    {
        ignore_sigpipe();
        listener_.open(boost::asio::ip::tcp::v4());
        listener_.bind({boost::asio::ip::address_v4::loopback(), 0});
        listener_.listen();
    }
    std::string target() const
    {
        return "127.0.0.1:" + std::to_string(listener_.local_endpoint().port());
    }
    // Accepts one connection, shakes hands, lets `lines` come, says goodbye.
    static Task<> serve(CoreFixture& loop, boost::asio::ip::tcp::acceptor& listener,
                        OpensslClient& client, std::string_view typed,
                        Result<facts::TlsEvidence, TlsFailure>& shaken,
                        Result<std::string, StreamError>& line)
    {
        Socket socket{loop.core.executor()};
        // Blocks: the other side is a process of its own.
        listener.accept(socket);
        Stream stream{loop.core, std::move(socket)};
        stream.until(loop.in(30s));
        shaken = co_await stream.start_tls(server_context());
        if (!shaken) co_return;
        client.type(typed);
        const auto got = co_await stream.read_line(1000);
        if (got) {
            line = std::string{got->text};
        } else {
            line = failure(got.error());
        }
        stream.close();
    }
    CoreFixture loop_;
    boost::asio::io_context listening_;
    boost::asio::ip::tcp::acceptor listener_{listening_};
    Result<facts::TlsEvidence, TlsFailure> shaken_ = failure(TlsFailure{});
    Result<std::string, StreamError> line_;
};

TEST_F(OpensslCommand, SpeaksWithOurServer)
{
    for (const char* version : {"-tls1_2", "-tls1_3"}) {
        OpensslClient client{
            {"-connect", target(), version, "-crlf", "-quiet", "-servername", "mx.example.org"}};
        loop_.run(serve(loop_, listener_, client, "NOOP\n", shaken_, line_));
        ASSERT_TRUE(shaken_.has_value());
        EXPECT_EQ(shaken_->sni, "mx.example.org");
        EXPECT_EQ(*line_, "NOOP");
    }
}

TEST_F(OpensslCommand, IsRefusedRenegotiation)
{
    // "R" alone on a line asks s_client to renegotiate.
    OpensslClient client{{"-connect", target(), "-tls1_2", "-crlf"}};
    loop_.run(serve(loop_, listener_, client, "R\n", shaken_, line_));
    ASSERT_TRUE(shaken_.has_value());
    ASSERT_FALSE(line_.has_value());
    EXPECT_EQ(line_.error().kind, Kind::TlsBroken);
    EXPECT_THAT(describe(line_.error()), HasSubstr("renegotiation"));
}

TEST_F(OpensslCommand, IsToldThatItsVersionIsTooOld)
{
    OpensslClient client{{"-connect", target(), "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"}};
    loop_.run(serve(loop_, listener_, client, "", shaken_, line_));
    ASSERT_FALSE(shaken_.has_value());
    EXPECT_EQ(shaken_.error().kind, TlsFailure::Kind::Local);
    EXPECT_THAT(client.output(), HasSubstr("protocol version"));
}

}  // namespace
}  // namespace hermetic::net
