// The service and a stop: what is under way is cut short, and what was not begun goes back.
#include "delivery/service_fixture.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <unistd.h>

namespace hermetic::delivery {
namespace {

// A port on loopback whose backlog is full: who connects gets no answer.
class FullPort {
public:
    FullPort() : listening_{::socket(AF_INET, SOCK_STREAM, 0)}
    {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof any;
        EXPECT_EQ(::bind(listening_, as_address(any), length), 0);
        EXPECT_EQ(::listen(listening_, 0), 0);
        EXPECT_EQ(::getsockname(listening_, as_address(any), &length), 0);
        port_ = ntohs(any.sin_port);
        for (int& waiting : waiting_) {
            waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            (void)::connect(waiting, as_address(any), length);
        }
    }
    ~FullPort()
    {
        for (const int waiting : waiting_) ::close(waiting);
        ::close(listening_);
    }
    FullPort(const FullPort&) = delete;
    FullPort& operator=(const FullPort&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    static sockaddr* as_address(sockaddr_in& address)
    {
        return static_cast<sockaddr*>(static_cast<void*>(&address));
    }
    int listening_;
    std::array<int, 3> waiting_{};
    std::uint16_t port_ = 0;
};

TEST_F(DeliveryTest, AStopCutsAConnectUnderWay)
{
    const FullPort full;  // answers nobody
    settings.options.port = full.port();
    settings.options.connect_timeout = std::chrono::seconds{30};
    resolver.add_mx("other.test", 10, "mx.other.test");
    resolver.hosts["mx.other.test"] = {*IpAddress::parse("127.0.0.1")};
    begin();
    give(grant_for({make_message({"b@other.test"})}));
    fixture.core.loop().restart();
    fixture.core.loop().poll();
    ASSERT_EQ(service->running(), 1U);
    const auto began = std::chrono::steady_clock::now();
    fixture.run(service->stop(fixture.in(std::chrono::seconds{20})));
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{3});
    ASSERT_EQ(reports.reports.size(), 1U);
    EXPECT_EQ(reports.reports[0].untouched.size(), 1U) << "nothing has been tried: at once again";
    EXPECT_TRUE(spool.changes.empty());
}

TEST_F(DeliveryTest, AStopReportsWhatItHasNotBegun)
{
    peer_for("other.test", {});
    deliver(make_message({"b@other.test"}));
    auto late = grant_for({make_message({"c@other.test"})});
    fixture.run(service->stop(fixture.in(std::chrono::seconds{1})));
    const auto report = deliver(std::move(late));
    EXPECT_EQ(report.untouched.size(), 1U);
}

}  // namespace
}  // namespace hermetic::delivery
