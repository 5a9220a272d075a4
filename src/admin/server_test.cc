#include "admin/server.h"

#include "admin/arrivals.h"
#include "net/acceptor.h"
#include "net/core.h"
#include "net/deadline_wheel.h"
#include "net/event.h"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <deque>
#include <exception>
#include <filesystem>
#include <unistd.h>

namespace hermetic::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kHalf = "GET /v1/st";
constexpr std::string_view kRest = "atus HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kWhole = "GET /v1/status HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kSlow = "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::size_t kPlaces = 64;

class StandingClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return time; }
    [[nodiscard]] WallTime wall() const override { return {}; }
    Instant time{1000h};
};

// Speaks as a test tells it to, and never waits: what was sent to it is there when the server's
// loop has nothing left to do.
class Client {
public:
    explicit Client(const std::string& path)
        : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(
            ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
    }

    void send(std::string_view octets)
    {
        EXPECT_EQ(::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(octets.size()));
    }
    void end_sending() { EXPECT_EQ(::shutdown(socket_.get(), SHUT_WR), 0); }

    // What has come since it was last asked.
    std::string read()
    {
        std::string octets;
        char part[4096];
        for (;;) {
            const ssize_t size = ::recv(socket_.get(), part, sizeof part, MSG_DONTWAIT);
            if (size <= 0) {
                ended_ = size == 0 || errno != EAGAIN;
                return octets;
            }
            octets.append(part, static_cast<std::size_t>(size));
        }
    }
    // The server has closed the connection; as of the last read().
    [[nodiscard]] bool has_ended() const { return ended_; }

private:
    net::FileDescriptor socket_;
    bool ended_ = false;
};

class ServerTest : public testing::Test {
protected:
    ServerTest()
        : path_{std::filesystem::temp_directory_path() /
                ("hermetic-server-" + std::to_string(::getpid()))},
          server_{core_, [this](Request request) { return answer(std::move(request)); }}
    {
        EXPECT_TRUE(server_.listen(path_));
        settle();
    }
    ~ServerTest() override
    {
        release();
        bool stopped = false;
        boost::asio::co_spawn(core_.executor(), server_.stop(),
                              [&stopped](const std::exception_ptr&) { stopped = true; });
        while (!stopped) core_.loop().run_one();
    }

    // Until nothing is left to do.
    void settle()
    {
        for (int idle = 0; idle < 2;) idle = core_.loop().poll() == 0 ? idle + 1 : 0;
    }
    void advance(Duration duration)
    {
        clock_.time += duration;
        core_.wheel().tick(clock_.time);
        settle();
    }

    Client& connect(std::string_view octets)
    {
        Client& client = clients_.emplace_back(path_);
        client.send(octets);
        settle();
        return client;
    }
    std::string read_after(Client& client, std::string_view octets)
    {
        client.send(octets);
        settle();
        return client.read();
    }
    static bool has_ended(Client& client)
    {
        (void)client.read();
        return client.has_ended();
    }

    // Answers all that asked for /slow.
    void release()
    {
        for (net::Event& each : slow_) each.set();
        settle();
    }

private:
    net::Task<Response> answer(Request request)
    {
        if (request.path.at(0) == "slow") {
            net::Event& released = slow_.emplace_back(core_);
            co_await released.wait();
        }
        Response response;
        response.body = "{}";
        co_return response;
    }

    StandingClock clock_;
    net::Core core_{0, clock_};
    std::string path_;
    std::deque<net::Event> slow_;
    Server server_;
    std::deque<Client> clients_;
};

TEST_F(ServerTest, HalfSentRequestsShutNobodyOut)
{
    std::vector<Client*> half;
    for (std::size_t i = 0; i < kPlaces + 6; ++i) half.push_back(&connect(kHalf));
    for (std::size_t i = 0; i < half.size(); ++i) {
        const std::string answer = half[i]->read();
        EXPECT_EQ(half[i]->has_ended(), i < 6) << i << ": the oldest have given way";
        EXPECT_EQ(answer.substr(0, 13), i < 6 ? "HTTP/1.1 408 " : "") << i;
        EXPECT_EQ(answer.find("\"expected\"") != std::string::npos, i < 6) << answer;
    }
    EXPECT_THAT(connect(kWhole).read(), StartsWith("HTTP/1.1 200 "));
    EXPECT_TRUE(has_ended(*half[6]));
    EXPECT_THAT(read_after(*half.back(), kRest), StartsWith("HTTP/1.1 200 "))
        << "one that was only slow";
}

TEST_F(ServerTest, SilentConnectionsGiveWayAfterIncompleteRequests)
{
    Client& silent = connect("");
    Client& half = connect(kHalf);
    for (std::size_t i = 2; i < kPlaces; ++i) (void)connect("");
    EXPECT_THAT(connect(kWhole).read(), StartsWith("HTTP/1.1 200 "));
    EXPECT_TRUE(has_ended(half));
    EXPECT_FALSE(has_ended(silent));
    EXPECT_THAT(connect(kWhole).read(), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(silent.read(), "") << "it has asked for nothing";
    EXPECT_TRUE(silent.has_ended());
}

TEST_F(ServerTest, OneThatIsBeingAnsweredKeepsItsPlace)
{
    Client& slow = connect(kSlow);
    Client& half = connect(kHalf);
    for (std::size_t i = 1; i < kPlaces; ++i) (void)connect(kHalf);
    EXPECT_TRUE(has_ended(half)) << "the oldest of those that are not";
    EXPECT_FALSE(has_ended(slow));
    release();
    EXPECT_THAT(slow.read(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, WhereAllAreBeingAnsweredANewClientIsTurnedAway)
{
    std::vector<Client*> slow;
    for (std::size_t i = 0; i < kPlaces; ++i) slow.push_back(&connect(kSlow));
    Client& another = connect(kWhole);
    EXPECT_EQ(another.read(), "");
    EXPECT_TRUE(another.has_ended());
    release();
    for (Client* each : slow) EXPECT_THAT(each->read(), StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(connect(kWhole).read(), StartsWith("HTTP/1.1 200 "))
        << "a connection that was answered waits for the next request, and gives way";
}

TEST_F(ServerTest, ARequestsHeadHasItsTimeFromTheFirstOctet)
{
    Client& client = connect("");
    advance(20s);
    EXPECT_FALSE(has_ended(client)) << "no request has begun";
    EXPECT_EQ(read_after(client, "GET"), "");
    advance(Arrivals::kHead - 1s);
    EXPECT_EQ(read_after(client, " /v1/st"), "") << "octets do not prolong it";
    EXPECT_FALSE(client.has_ended());
    advance(2s);
    EXPECT_THAT(client.read(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(client.has_ended());

    Client& slow = connect(kHalf);
    advance(Arrivals::kHead - 1s);
    EXPECT_THAT(read_after(slow, kRest), StartsWith("HTTP/1.1 200 "));
    advance(20s);
    EXPECT_THAT(read_after(slow, kWhole), StartsWith("HTTP/1.1 200 "))
        << "the time of a request is not that of the next";
}

TEST_F(ServerTest, WhatIsNoHttpIsAnswered400)
{
    const std::string tls{"\x16\x03\x01\x02\x00\x01\x00", 7};
    const std::string rows[] = {
        tls,
        "EHLO client.example\r\n",
        "GET /v1/status\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\nno field\r\n\r\n",
        "GET /" + std::string(20'000, 'x'),
    };
    for (const std::string& row : rows) {
        Client& client = connect(row);
        const std::string answer = client.read();
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << row;
        EXPECT_THAT(answer, HasSubstr("{\"error\":\"this is no request of HTTP/1.1: ")) << row;
        EXPECT_THAT(answer, HasSubstr("\"expected\"")) << row;
        EXPECT_TRUE(client.has_ended()) << row;
    }
    Client& cut = connect(kHalf);
    cut.end_sending();
    settle();
    EXPECT_THAT(cut.read(), StartsWith("HTTP/1.1 400 ")) << "the end of it does not come";
    Client& none = connect("");
    none.end_sending();
    settle();
    EXPECT_EQ(none.read(), "");
    EXPECT_TRUE(none.has_ended());

    for (std::size_t i = 0; i < kPlaces; ++i) (void)connect(tls);
    EXPECT_THAT(connect(kWhole).read(), StartsWith("HTTP/1.1 200 "))
        << "who was answered, and stays, gives way";
}

}  // namespace
}  // namespace hermetic::admin
