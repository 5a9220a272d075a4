// Our client against the openssl command as the server.
#include "tls/connection.h"
#include "tls/pki_fixture.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace hermetic::tls {
namespace {

using facts::ChainVerdict;
using facts::TlsFailure;
using facts::TlsVersion;

class OpensslServer {
public:
    explicit OpensslServer(std::vector<std::string> arguments)
    {
        int output[2];
        int input[2];
        EXPECT_EQ(::pipe2(output, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(input, O_CLOEXEC), 0);
        arguments.insert(arguments.begin(),
                         {"openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "10"});
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        process_ = ::fork();
        if (process_ == 0) {
            const int quiet = ::open("/dev/null", O_RDWR);
            ::dup2(input[0], 0);
            ::dup2(output[1], 1);
            ::dup2(quiet, 2);
            ::execvp("openssl", argv.data());
            ::_exit(127);
        }
        ::close(output[1]);
        ::close(input[0]);
        input_ = input[1];  // open and silent: at its end s_server would leave the client
        output_ = output[0];
        port_ = read_port();
    }
    ~OpensslServer()
    {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
        ::close(output_);
        ::close(input_);
    }
    std::uint16_t port() const { return port_; }

private:
    // From its line "ACCEPT 127.0.0.1:12345".
    std::uint16_t read_port() const
    {
        std::string said;
        char octet = 0;
        while (::read(output_, &octet, 1) == 1) {
            said += octet;
            const auto at = said.find("ACCEPT ");
            if (octet != '\n' || at == std::string::npos) continue;
            return static_cast<std::uint16_t>(std::stoi(said.substr(said.rfind(':') + 1)));
        }
        ADD_FAILURE() << "s_server did not start: " << said;
        return 0;
    }
    pid_t process_ = -1;
    int output_ = -1;
    int input_ = -1;
    std::uint16_t port_ = 0;
};

class OpensslPeer : public ::testing::Test {
protected:
    OpensslPeer()
    {
        ::signal(SIGPIPE, SIG_IGN);
        trust_.cas = load_cas(pki_.root_file()).value();
    }
    std::vector<std::string> with_certificate(std::vector<std::string> arguments)
    {
        arguments.insert(arguments.end(),
                         {"-cert", source_.chain_file, "-cert_chain", pki_.path("intermediate.pem"),
                          "-key", source_.key_file});
        return arguments;
    }
    // One connection: a handshake, then a read for what the server sends after it.
    Result<facts::TlsEvidence, TlsFailure> shake(const OpensslServer& server)
    {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(server.port());
        EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::fcntl(socket, F_SETFL, O_NONBLOCK);

        ClientHandshake handshake;
        handshake.context = make_client_context(profile_).value();
        handshake.trust = trust_;
        handshake.sni = handshake.expected_name = "mx.example.org";
        handshake.cache = cache_.get();
        handshake.reuse_key = "openssl";
        auto connection = Connection::client(std::move(handshake), socket);
        const auto finish = [&](auto result) -> Result<facts::TlsEvidence, TlsFailure> {
            connection.reset();
            ::close(socket);
            return result;
        };
        for (;;) {
            const Progress progress = connection->handshake();
            if (progress == Progress::Failed) return finish(failure(connection->failure()));
            if (progress == Progress::Done) break;
            wait(socket, progress == Progress::WantRead ? POLLIN : POLLOUT);
        }
        const auto evidence = connection->evidence();
        std::array<char, 256> block{};
        // Tickets of TLS 1.3 come after the handshake.
        if (evidence.version == TlsVersion::Tls13 && !wait(socket, POLLIN)) return finish(evidence);
        if (connection->read(block).progress == Progress::Failed) {
            return finish(failure(connection->failure()));
        }
        connection->close_notify();
        return finish(evidence);
    }
    static bool wait(int socket, short events)
    {
        pollfd waiting{socket, events, 0};
        return ::poll(&waiting, 1, 10'000) == 1;
    }

    PkiFixture pki_;
    CertificateSource source_ = pki_.make_files({.name = "mx", .dns_names = {"mx.example.org"}});
    ClientProfile profile_;
    Trust trust_;
    SessionCachePointer cache_ = make_session_cache(10);
};

TEST_F(OpensslPeer, AgreesAndResumesInEveryVersion)
{
    struct Row {
        const char* option;
        TlsVersion version;
    };
    profile_.min = TlsVersion::Tls10;
    for (const Row row : {Row{"-tls1_3", TlsVersion::Tls13}, Row{"-tls1_2", TlsVersion::Tls12},
                          Row{"-tls1_1", TlsVersion::Tls11}, Row{"-tls1", TlsVersion::Tls10}}) {
        SCOPED_TRACE(row.option);
        cache_ = make_session_cache(10);
        const OpensslServer server{
            with_certificate({row.option, "-cipher", "DEFAULT:@SECLEVEL=0"})};
        const auto first = shake(server);
        ASSERT_TRUE(first.has_value()) << facts::describe(first.error());
        EXPECT_EQ(first->version, row.version);
        EXPECT_EQ(first->verdict.state, ChainVerdict::State::Verified) << first->verdict.error;
        EXPECT_TRUE(first->name_matches);
        EXPECT_FALSE(first->resumed);
        for (int i = 0; i < 2; ++i) {
            const auto again = shake(server);
            ASSERT_TRUE(again.has_value());
            EXPECT_TRUE(again->resumed);
            EXPECT_EQ(again->chain, first->chain);
            EXPECT_EQ(again->verdict, first->verdict);
        }
    }
}

TEST_F(OpensslPeer, ThatIsTooOldAnswersWithAnAlert)
{
    const OpensslServer server{with_certificate({"-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"})};
    const auto shaken = shake(server);
    ASSERT_FALSE(shaken.has_value());
    EXPECT_EQ(shaken.error().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(shaken.error().alert, 70);
}

TEST_F(OpensslPeer, ThatDemandsACertificateSaysSo)
{
    const OpensslServer server{with_certificate({"-Verify", "1", "-verify_return_error"})};
    const auto shaken = shake(server);
    ASSERT_FALSE(shaken.has_value());
    EXPECT_EQ(shaken.error().kind, TlsFailure::Kind::Alert);
    EXPECT_EQ(shaken.error().alert, 116);

    profile_.client_certificate = pki_.make("client.example.org");
    const OpensslServer second{
        with_certificate({"-Verify", "3", "-verify_return_error", "-CAfile", pki_.root_file()})};
    EXPECT_TRUE(shake(second).has_value());
}

TEST_F(OpensslPeer, TakesAMinimalHello)
{
    profile_.hello = Hello::Minimal;
    const OpensslServer server{with_certificate({"-tls1_2"})};
    const auto shaken = shake(server);
    ASSERT_TRUE(shaken.has_value());
    EXPECT_EQ(shaken->group, "secp256r1");
}

}  // namespace
}  // namespace hermetic::tls
