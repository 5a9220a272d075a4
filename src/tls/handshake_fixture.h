// Real handshakes between our server and client contexts over a socket pair. Tests only.
#pragma once

#include "tls/connection.h"
#include "tls/pki_fixture.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

namespace hermetic::tls {

// Two connected sockets with a TLS connection on each.
class Pair {
public:
    Pair(std::shared_ptr<const ServerContext> server, ClientHandshake client)
    {
        ::signal(SIGPIPE, SIG_IGN);
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_), 0);
        server_ = Connection::server(std::move(server), ends_[0]);
        client_ = Connection::client(std::move(client), ends_[1]);
    }
    ~Pair()
    {
        client_.reset();
        server_.reset();
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    // True if both sides ended well. The client reads once, for tickets and late alerts.
    bool shake()
    {
        client_progress_ = server_progress_ = Progress::WantRead;
        for (int turn = 0; turn < 20; ++turn) {
            step(*client_, client_progress_);
            step(*server_, server_progress_);
        }
        if (client_progress_ == Progress::Done) late_ = client_->read(block_);
        return client_progress_ == Progress::Done && server_progress_ == Progress::Done &&
               late_.progress == Progress::WantRead;
    }

    Connection& server() { return *server_; }
    Connection& client() { return *client_; }
    Progress client_progress() const { return client_progress_; }
    Progress server_progress() const { return server_progress_; }
    const Io& late() const { return late_; }
    int server_socket() const { return ends_[0]; }
    int client_socket() const { return ends_[1]; }

private:
    static bool is_over(Progress progress)
    {
        return progress == Progress::Done || progress == Progress::Failed;
    }
    static void step(Connection& connection, Progress& progress)
    {
        if (!is_over(progress)) progress = connection.handshake();
    }

    int ends_[2] = {-1, -1};
    std::unique_ptr<Connection> server_;
    std::unique_ptr<Connection> client_;
    Progress client_progress_ = Progress::WantRead;
    Progress server_progress_ = Progress::WantRead;
    Io late_;
    std::array<char, 4096> block_{};
};

class Handshake : public ::testing::Test {
protected:
    static PkiFixture& pki()
    {
        static PkiFixture fixture;
        return fixture;
    }
    static std::shared_ptr<const Certificate> mx()
    {
        static const auto certificate = pki().make("mx.example.org");
        return certificate;
    }
    static std::shared_ptr<const CaSet> root()
    {
        static const auto cas = load_cas(pki().root_file()).value();
        return cas;
    }
    ServerProfile server_profile() const
    {
        ServerProfile profile;
        profile.certificates = {mx()};
        return profile;
    }
    ClientProfile client_profile() const { return ClientProfile{}; }
    static std::shared_ptr<const ServerContext> server(const ServerProfile& profile)
    {
        return make_server_context(profile).value();
    }
    static ClientHandshake client(const ClientProfile& profile,
                                  const std::string& host = "mx.example.org")
    {
        ClientHandshake handshake;
        handshake.context = make_client_context(profile).value();
        handshake.trust.cas = root();
        handshake.sni = host;
        handshake.expected_name = host;
        return handshake;
    }
};

}  // namespace hermetic::tls
